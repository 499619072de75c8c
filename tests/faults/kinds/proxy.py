"""The shipped proxy between everybody and the web processes: it goes, and comes again with nothing in its memory."""

from __future__ import annotations

import contextlib
import os
import urllib.request
from collections.abc import AsyncIterator, Sequence
from pathlib import Path

from scripts.machine import ROOT, find_program
from tests.faults.fault import Fault, Scene
from tests.faults.servers import Server, folder_for
from tests.servers import free_port

SOME_ACKS = 100


class Proxy(Server):
    """Caddy with the configuration of deploy/, in plain http at a port of its own."""

    def __init__(self, folder: Path, *, upstreams: Sequence[int]) -> None:
        super().__init__(folder)
        self.port, self._upstreams = free_port(), upstreams

    def command(self) -> list[str]:
        configuration = ROOT / "deploy" / "Caddyfile"
        return [find_program("caddy") or "caddy", "run", "--adapter", "caddyfile", "--config", str(configuration)]

    def environment(self) -> dict[str, str]:
        return {
            **os.environ,
            "CHATLINE_DOMAIN": f"http://127.0.0.1:{self.port}",
            "CHATLINE_ONION_PORT": str(free_port()),
            "CHATLINE_UPSTREAMS": " ".join(f"127.0.0.1:{port}" for port in self._upstreams),
            "HOME": str(self.folder),
            "XDG_DATA_HOME": str(self.folder),
        }

    def ask(self) -> None:
        with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/readyz", timeout=2) as answer:
            answer.read()


class Door:
    """The proxy of the scene that is on."""

    proxy: Proxy

    @contextlib.asynccontextmanager
    async def stands(self, scene: Scene) -> AsyncIterator[None]:
        """Everybody goes through it, from now on."""
        relay = scene.relay
        before = relay.ports, relay.backends
        with folder_for("proxy") as folder:
            self.proxy = Proxy(folder, upstreams=[web.port for web in scene.stage.webs])
            await scene.do(self.proxy.start)
            try:
                relay.ports, relay.backends = [self.proxy.port], {self.proxy.port: "127.0.0.1"}
                relay.cut()
                await scene.load.more_acks(SOME_ACKS)
                yield
            finally:
                relay.ports, relay.backends = before
                relay.cut()
                self.proxy.kill()

    async def is_killed(self, scene: Scene) -> None:
        await scene.do(self.proxy.kill)
        await scene.do(self.proxy.start)

    async def is_restarted(self, scene: Scene) -> None:
        await scene.do(self.proxy.stop)
        await scene.do(self.proxy.start)


door = Door()
FAULTS = [
    Fault("the proxy is killed", door.is_killed, needs=("caddy",), setting=door.stands),
    Fault("the proxy is restarted", door.is_restarted, needs=("caddy",), setting=door.stands, short=True),
]
