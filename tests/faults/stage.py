"""An installation to break: databases, Redis, two web processes, a way to them, and a crowd that can be copied."""

from __future__ import annotations

import contextlib
import json
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

from scripts.machine import ROOT
from tests.faults.checker import Row
from tests.faults.hosts import Host, hosts
from tests.faults.party import Entrance
from tests.faults.servers import LOOPBACK, Postgres, Redis, Server, folder_for
from tests.project.leak_places import compose_flags
from tests.servers import PostgresAddresses
from tests.web import Installation, Web

LIMITS = {"CHATLINE_MESSAGE_BURST": "1000000", "CHATLINE_MESSAGES_PER_SECOND": "1000000"}
DRAIN_SECONDS = 3.0
"""Shorter than what is shipped, since every trial waits for it."""
SHIPPED_DRAIN_SECONDS, SHIPPED_GRACE_SECONDS = 10.0, 20.0
"""How long a process says goodbye, and when it is killed for it (docker-compose.yml). A test holds them together."""
# A demonstration would write plain lines, and let libraries print theirs.
AS_SHIPPED = {"CHATLINE_LOG_FORMAT": "json", "CHATLINE_DRAIN_SECONDS": str(DRAIN_SECONDS)}
APPLICATION = "chatline.asgi:application"


class AppliedWeb(Web):
    """The web command with another ASGI application in its place, if one is named."""

    def __init__(self, installation: Installation, *, name: str, application: str, server: str) -> None:
        super().__init__(installation, name=name, server=server)
        self._application = application
        # Apart from the databases of an installation on SQLite: a full disk is not to be both.
        self.log = logs_of(installation) / self.log.name
        self.log.parent.mkdir(exist_ok=True)

    def command(self) -> list[str]:
        return [self._application if part == APPLICATION else part for part in super().command()]


class HostedWeb(AppliedWeb):
    """A web process on a host of its own."""

    def __init__(self, installation: Installation, *, name: str, application: str, server: str, host: Host) -> None:
        super().__init__(installation, name=name, application=application, server=server)
        self._host = host

    @property
    def address(self) -> str:
        return f"http://{self._host.address}:{self.port}"

    @property
    def socket_address(self) -> str:
        return f"ws://{self._host.address}:{self.port}"

    def command(self) -> list[str]:
        everywhere = "0.0.0.0"  # noqa: S104 - in a network that holds nothing but the harness
        return [*self._host.inside, *(everywhere if part == LOOPBACK else part for part in super().command())]


def logs_of(installation: Installation) -> Path:
    """The folder of what its web processes print."""
    return installation.folder.with_name("logs")


@dataclass(frozen=True)
class Servers:
    """What web processes on PostgreSQL talk to: as shipped, the truth and the key store are servers of their own."""

    postgres: Postgres
    key_store: Postgres
    redis: Redis

    def all(self) -> tuple[Server, ...]:
        return self.postgres, self.key_store, self.redis

    def revive(self) -> None:
        """What a trial that went wrong has left dead or frozen: the next one has no part in that."""
        for server in self.all():
            if server.is_alive():
                server.thaw()
                server.wait()
            else:
                server.start()

    def new_databases(self, *, like: PostgresAddresses | None = None) -> PostgresAddresses:
        """Empty ones, or copies of those."""
        return PostgresAddresses(
            self.postgres.new_database("chatline", like=like.database_url if like else None),
            self.key_store.new_database("chatline_keys", like=like.keys_database_url if like else None),
        )


@dataclass
class Crowd:
    """Conversations that were made once: every trial begins with a copy of their databases."""

    installation: Installation
    entrances: list[Entrance]
    addresses: PostgresAddresses | None


@dataclass
class Stage:
    """What a fault gets to hurt. `servers` are None on SQLite, where one process does everything."""

    installation: Installation
    webs: list[Web]
    entrances: list[Entrance]
    folder: Path
    servers: Servers | None = None
    hosts: list[Host] = field(default_factory=list)
    """Where the web processes are, in their order; none when they are where everything is."""

    @property
    def on_postgres(self) -> bool:
        return self.servers is not None

    @property
    def postgres(self) -> Postgres | None:
        return self.servers.postgres if self.servers else None

    @property
    def key_store(self) -> Postgres | None:
        return self.servers.key_store if self.servers else None

    @property
    def redis(self) -> Redis | None:
        return self.servers.redis if self.servers else None

    def start_webs(self) -> None:
        with ThreadPoolExecutor(len(self.webs)) as pool:
            list(pool.map(Web.start, self.webs))

    def logs(self) -> list[Path]:
        """Everything that any process has printed."""
        servers = self.servers.all() if self.servers else ()
        return [*(web.log for web in self.webs), *(server.folder / "log" for server in servers)]

    def stored(self) -> dict[int, list[Row]]:
        """Every message in the database, by conversation."""
        found = json.loads(run_crowd(self.installation, "read"))
        return {int(pk): [Row(*row) for row in rows] for pk, rows in found.items()}


def run_crowd(installation: Installation, *arguments: str) -> str:
    command = [sys.executable, "-m", "tests.faults.crowd", *arguments]
    answer = subprocess.run(
        command, cwd=ROOT, env=installation.environment, stdin=subprocess.DEVNULL, capture_output=True, check=False
    )
    if answer.returncode:
        raise RuntimeError(answer.stderr.decode(errors="replace")[-2000:])
    return answer.stdout.decode()


def make_crowd(folder: Path, addresses: PostgresAddresses | None, *, conversations: int) -> Crowd:
    installation = Installation(folder, addresses.environment() if addresses else None)
    entrances = [Entrance(**entry) for entry in json.loads(run_crowd(installation, "make", str(conversations)))]
    return Crowd(installation, entrances, addresses)


@contextlib.contextmanager
def running_servers(*, host: str = LOOPBACK) -> Iterator[Servers]:
    """With the flags that are shipped."""
    with folder_for("postgres") as truth, folder_for("key-store") as keys, folder_for("redis") as wake:
        servers = Servers(
            Postgres(truth, host=host, flags=compose_flags("database")),
            Postgres(keys, host=host, flags=compose_flags("key-store")),
            Redis(wake, host=host),
        )
        for server in servers.all():
            server.start()
        try:
            yield servers
        finally:
            for server in servers.all():
                server.thaw()
                server.kill()


@contextlib.contextmanager
def staged(
    crowd: Crowd,
    *,
    servers: Servers | None,
    webs: int,
    environment: dict[str, str] | None = None,
    application: str = APPLICATION,
    server: str = "uvicorn",
    networked: bool = False,
) -> Iterator[Stage]:
    """A fresh copy of the crowd's installation with its web processes running, each on a host if `networked`."""
    with folder_for("faults") as folder, hosts(webs if networked else 0) as places:
        home = folder / "home"
        addresses: dict[str, str] = {}
        if servers is not None:
            servers.revive()
            addresses = servers.new_databases(like=crowd.addresses).environment() | {"REDIS_URL": servers.redis.url}
        installation = crowd.installation.copied_to(home, addresses)
        installation.environment |= {**AS_SHIPPED, **LIMITS, **(environment or {})}
        processes: list[Web] = [
            HostedWeb(installation, name=f"web-{number}", application=application, server=server, host=places[number])
            if networked
            else AppliedWeb(installation, name=f"web-{number}", application=application, server=server)
            for number in range(webs)
        ]
        stage = Stage(installation, processes, crowd.entrances, folder, servers, places)
        try:
            stage.start_webs()
            yield stage
        finally:
            for web in processes:
                web.kill()
