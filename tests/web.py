"""Chatline's own processes for tests: an installation in a folder, and the web commands of docker-compose.yml."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Any

import yaml

from scripts import development
from scripts.machine import ROOT, Missing
from tests.servers import free_port, wheel_programs

STOP_SECONDS = 25.0


SERVERS = ("uvicorn", "daphne")


def compose_web_command(server: str = "uvicorn", *, root: Path = ROOT) -> list[str]:
    """The command of the web services, as the docker-compose.yml of a source tree has it; or the one for daphne."""
    compose: dict[str, Any] = yaml.safe_load((root / "docker-compose.yml").read_text())
    command: list[str] = compose["x-web"]["command"] if server == "uvicorn" else compose["x-daphne-command"]
    return command


class Installation:
    """Databases, secrets and tables of its own, in `folder` or where `addresses` say. Demo mode: plain http."""

    def __init__(self, folder: Path, addresses: Mapping[str, str] | None = None, *, prepared: bool = False) -> None:
        servers = dict.fromkeys(("DATABASE_URL", "KEYS_DATABASE_URL", "REDIS_URL"), "") | dict(addresses or {})
        inherited = {
            name: value
            for name, value in os.environ.items()
            if not name.startswith("CHATLINE_") and name not in servers
        }
        given = {name: value for name, value in servers.items() if value}
        own = {"CHATLINE_DATA_DIR": str(folder), "CHATLINE_DEMO": "1", "PYTHONUNBUFFERED": "1"}
        # For pg_dump and pg_restore, where a wheel brought them.
        own["PATH"] = os.pathsep.join([os.environ.get("PATH", os.defpath), *map(str, wheel_programs())])
        self.folder = folder
        self.environment = {**inherited, **given, **own}
        if not prepared:
            development.prepare(folder, self.environment)

    def copied_to(self, folder: Path, addresses: Mapping[str, str]) -> Installation:
        """Another one with the same secrets. `addresses` are of databases that have been copied already."""
        shutil.copytree(self.folder, folder, dirs_exist_ok=True)
        return Installation(folder, addresses, prepared=True)

    def manage(self, *arguments: str) -> str:
        """What a management command prints."""
        return development.manage(*arguments, environment=self.environment)

    @contextmanager
    def running(self, *, webs: int = 1, server: str = "uvicorn") -> Iterator[list[Web]]:
        """As many web processes, all ready; stopped with the block."""
        processes = [Web(self, name=f"web-{number}", server=server) for number in range(webs)]
        try:
            for process in processes:
                process.start()
            yield processes
        finally:
            for process in processes:
                process.kill()


class Web:
    """One web process. It may be stopped and started again, at the same address; `log` is all it has ever said.

    `root` is the source tree that it runs: changed between a stop and a start, it is an upgrade.
    """

    def __init__(
        self, installation: Installation, *, name: str = "web", extra: Sequence[str] = (), server: str = "uvicorn"
    ) -> None:
        self.port = free_port()
        self.root = ROOT
        self.server = server
        self.log = installation.folder / f"{name}.log"
        self._installation = installation
        self._extra = list(extra)
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def socket_address(self) -> str:
        return f"ws://127.0.0.1:{self.port}"

    def command(self) -> list[str]:
        command = compose_web_command(self.server, root=self.root)
        command[0] = str(Path(sys.executable).with_name(command[0]))
        command[command.index("--host" if self.server == "uvicorn" else "--bind") + 1] = "127.0.0.1"
        command[command.index("--port") + 1] = str(self.port)
        return command + self._extra

    @property
    def pid(self) -> int:
        assert self._process is not None
        return self._process.pid

    def is_alive(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def start(self) -> None:
        """Start it and wait until it takes work. Raises `Missing` when it never does."""
        environment = self._installation.environment
        with self.log.open("ab") as output:
            self._process = subprocess.Popen(
                self.command(), cwd=self.root, env=environment, stdin=subprocess.DEVNULL, stdout=output, stderr=output
            )
        try:
            development.wait_until_ready(self.address, self._process)
        except Missing as missing:
            raise Missing(f"{missing} {self.log.read_text()[-3000:]}") from None

    def stop(self) -> int:
        """SIGTERM, and the exit code it ends with by itself."""
        assert self._process is not None
        self._process.send_signal(signal.SIGTERM)
        return self._process.wait(timeout=STOP_SECONDS)

    def kill(self) -> None:
        """As a power cut would."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()

    def __enter__(self) -> Web:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.kill()
