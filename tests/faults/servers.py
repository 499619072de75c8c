"""PostgreSQL and Redis that can be hurt: killed, frozen, started again at the same address with the same data."""

from __future__ import annotations

import contextlib
import os
import secrets
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import IO, Any

import psycopg
import redis

from tests.servers import (
    END_WITH_PARENT,
    PostgresCluster,
    cluster_owner,
    create_cluster,
    free_port,
    group_of,
    postgres_folder,
    redis_program,
    stop,
    wait_until,
)

LOOPBACK = "127.0.0.1"
OTHERS_THROWN_OUT = (
    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> ALL(%s) AND backend_type = 'client backend'"
)
EXHAUSTING_SECONDS = 30.0
GONE_SECONDS = 10.0
# A process that ends with its parent ends with the thread that started it: this one lives as long as we do.
PARENT = ThreadPoolExecutor(max_workers=1, thread_name_prefix="parent")


class Server:
    """A process of a session of its own. What it prints goes to `folder`/log."""

    def __init__(self, folder: Path, *, user: str | None = None) -> None:
        self.folder, self._user = folder, user
        self._process: subprocess.Popen[bytes] | None = None

    def command(self) -> list[str]:
        raise NotImplementedError

    def environment(self) -> dict[str, str] | None:
        """None: the harness's own."""
        return None

    def ask(self) -> None:
        """Return when it takes work; raise otherwise."""
        raise NotImplementedError

    def start(self) -> None:
        """Start it, and return as soon as it takes work. Raises `Missing` when it never does."""
        with (self.folder / "log").open("ab") as output:
            self._process = PARENT.submit(self._begin, output).result()
        self.wait()

    def wait(self) -> None:
        """Until it takes work. Raises `Missing` when it never does."""
        assert self._process is not None
        wait_until(self.ask, process=self._process, log=self.folder / "log")

    def _begin(self, output: IO[bytes]) -> subprocess.Popen[bytes]:
        return subprocess.Popen(
            [*END_WITH_PARENT, *self.command()],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            cwd=self.folder,
            env=self.environment(),
            start_new_session=True,
            user=self._user,
            group=group_of(self._user),
            extra_groups=[] if self._user else None,
        )

    @property
    def pid(self) -> int:
        assert self._process is not None
        return self._process.pid

    def is_alive(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def pids(self) -> list[int]:
        """It and its children."""
        found = subprocess.run(
            ["ps", "-o", "pid=", "--ppid", str(self.pid)], capture_output=True, text=True, check=False
        )
        return [self.pid, *map(int, found.stdout.split())]

    def kill(self) -> None:
        """Everything of it at once, as a power cut would. Nothing of it is left when this returns."""
        if self._process is not None and self.is_alive():
            tell(signal.SIGSTOP, [self.pid])  # so that it makes no child that is not seen
            pids = self.pids()
            tell(signal.SIGKILL, pids)
            self._process.wait()
            wait_until_gone(pids[1:])

    def stop(self) -> None:
        """Asked to go at once, as an administrator does. SIGINT is PostgreSQL's word for it; others understand it."""
        if self._process is not None:
            stop(self._process)

    def freeze(self) -> None:
        tell(signal.SIGSTOP, [self.pid])
        tell(signal.SIGSTOP, self.pids())

    def thaw(self) -> None:
        tell(signal.SIGCONT, self.pids())


def tell(what: signal.Signals, pids: Sequence[int]) -> None:
    """One of them may have ended meanwhile."""
    for pid in pids:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, what)


def wait_until_gone(pids: Sequence[int]) -> None:
    """Children of one that has been killed hold its memory, and PostgreSQL does not start beside them."""
    give_up_at = time.monotonic() + GONE_SECONDS
    while left := [pid for pid in pids if is_running(pid)]:
        if time.monotonic() > give_up_at:
            raise TimeoutError(f"killed, and still there: {left}")
        time.sleep(0.01)


def is_running(pid: int) -> bool:
    """Not so of one that has ended and that nobody has asked about yet."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


class Postgres(Server):
    """A cluster of its own, started with `flags`, that keeps the disk's promises (`fsync` on)."""

    def __init__(self, folder: Path, *, host: str = LOOPBACK, flags: Sequence[str] = ()) -> None:
        super().__init__(folder, user=cluster_owner())
        self.host, self.port, self._flags = host, free_port(), list(flags)
        self._password = secrets.token_hex(16)
        self._programs = postgres_folder(folder)
        create_cluster(self._programs, folder, password=self._password)
        if host != LOOPBACK:
            with (folder / "data" / "pg_hba.conf").open("a") as rules:
                rules.write("host all all 0.0.0.0/0 scram-sha-256\n")

    @property
    def data(self) -> Path:
        return self.folder / "data"

    @property
    def address(self) -> str:
        return f"postgres://chatline:{self._password}@{self.host}:{self.port}"

    def command(self) -> list[str]:
        own = [f"listen_addresses={self.host}", f"port={self.port}", "unix_socket_directories="]
        settings = [part for setting in own for part in ("-c", setting)]
        return [str(self._programs / "postgres"), "-D", str(self.data), *self._flags, *settings]

    def ask(self) -> None:
        psycopg.connect(f"{self.address}/postgres", connect_timeout=2).close()

    def new_database(self, name: str, *, like: str | None = None) -> str:
        return PostgresCluster(self.address).new_database(name, like=like)

    def execute(self, statement: str) -> list[tuple[object, ...]]:
        with psycopg.connect(f"{self.address}/postgres", autocommit=True) as connection:
            cursor = connection.execute(statement.encode())
            return cursor.fetchall() if cursor.description else []

    def terminate_backends(self) -> int:
        """Every connection but this one is cut by the server. Returns how many."""
        statement = (
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
            "WHERE pid <> pg_backend_pid() AND backend_type = 'client backend'"
        )
        return len(self.execute(statement))

    @contextlib.contextmanager
    def exhausted(self) -> Iterator[int]:
        """All connections there are belong to somebody else, for the block: nobody keeps one, and nobody gets one."""
        most = int(str(self.execute("SHOW max_connections")[0][0]))
        held: list[psycopg.Connection[Any]] = []
        try:
            self._take_connections(held)
            # Whoever has one is thrown out, and what she had is taken before she is back: in the end it always is. One
            # who is just coming in is not seen yet, but is counted.
            give_up_at = time.monotonic() + EXHAUSTING_SECONDS
            while len(held) < most:
                if time.monotonic() > give_up_at:
                    raise TimeoutError(f"only {len(held)} connections could be taken")
                held[0].execute(OTHERS_THROWN_OUT, [[one.info.backend_pid for one in held]])
                self._take_connections(held)
            yield len(held)
        finally:
            for connection in held:
                connection.close()

    def _take_connections(self, held: list[psycopg.Connection[Any]]) -> None:
        with contextlib.suppress(psycopg.OperationalError):
            while True:
                held.append(psycopg.connect(f"{self.address}/postgres", connect_timeout=2, autocommit=True))


class Redis(Server):
    """Wake-ups only: nothing is written to the disk."""

    def __init__(self, folder: Path, *, host: str = LOOPBACK) -> None:
        super().__init__(folder)
        self.host, self.port = host, free_port()

    @property
    def url(self) -> str:
        return f"redis://{self.host}:{self.port}/0"

    def command(self) -> list[str]:
        options = ["--port", str(self.port), "--bind", self.host, "--save", "", "--appendonly", "no"]
        return [redis_program(), *options, "--protected-mode", "no", "--dir", str(self.folder)]

    def ask(self) -> None:
        with self.client() as client:
            client.ping()

    def client(self) -> redis.Redis:
        return redis.Redis.from_url(self.url, socket_timeout=2, socket_connect_timeout=2)

    def listeners(self) -> set[str]:
        """Every connection over which somebody listens: another one after each break, and after each start."""
        with self.client() as client:
            start = client.info("server")["run_id"]
            return {f"{start} {one['id']}" for one in client.client_list(_type="pubsub")}


@contextlib.contextmanager
def folder_for(name: str) -> Iterator[Path]:
    """A folder that PostgreSQL's owner may enter; gone afterwards."""
    folder = Path(tempfile.mkdtemp(prefix=f"chatline-{name}-"))
    folder.chmod(0o755)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
