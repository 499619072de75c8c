"""Everywhere that something of a visitor could be left: databases, files, logs, Redis. Read whole, as bytes."""

from __future__ import annotations

import secrets
import sqlite3
import tarfile
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import Any

import psycopg
import redis
import yaml
from psycopg import sql

from scripts.machine import ROOT

Places = dict[str, bytes]


def compose_flags(service: str) -> list[str]:
    """The flags of a PostgreSQL service in docker-compose.yml, as they are shipped."""
    command: list[str] = yaml.safe_load((ROOT / "docker-compose.yml").read_text())["services"][service]["command"]
    return command[1:]


def files_under(folder: Path) -> Places:
    """Every file of a data directory: SQLite files with what lies beside them, logs, secrets, temporary files."""
    return {f"file {path.relative_to(folder)}": path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def backup_contents(path: Path) -> Places:
    """What a backup holds, unpacked: compressed, nothing could be found in it."""
    with tarfile.open(path, "r:gz") as tar:
        return {f"backup {member.name}": content.read() for member in tar if (content := tar.extractfile(member))}


def sqlite_dump(path: Path) -> bytes:
    with closing(sqlite3.connect(path)) as connection:
        return "\n".join(connection.iterdump()).encode()


def postgres_dump(url: str) -> bytes:
    """Every row of every table, as text."""
    with psycopg.connect(url) as connection:
        tables = connection.execute(
            "SELECT schemaname, tablename FROM pg_tables WHERE schemaname <> 'information_schema' ORDER BY 1, 2"
        ).fetchall()
        return b"".join(_rows_of(connection, schema, table) for schema, table in tables)


def _rows_of(connection: psycopg.Connection[Any], schema: str, table: str) -> bytes:
    name = sql.Identifier(schema, table)
    with connection.cursor().copy(sql.SQL("COPY {} TO STDOUT").format(name)) as copy:
        return f"\n{schema}.{table}\n".encode() + b"".join(bytes(part) for part in copy)


def postgres_files(url: str) -> Places:
    """The server's own files: tables and indexes as they lie on the disk, its write-ahead log, and its messages."""
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("CHECKPOINT")
        row = connection.execute("SHOW data_directory").fetchone()
    assert row is not None
    data = Path(row[0])
    found = {}
    for path in data.rglob("*"):
        # Temporary files come and go while we look.
        with suppress(FileNotFoundError):
            if path.is_file():
                found[f"PostgreSQL file {path.relative_to(data)}"] = path.read_bytes()
    return {**found, "PostgreSQL log": (data.parent / "log").read_bytes()}


def redis_dump(url: str) -> bytes:
    with redis.Redis.from_url(url) as client:
        keys = list(client.scan_iter())
        return b"\n".join(part for key in keys for part in (key, client.dump(key) or b""))


class Monitor:
    """Every command that Redis is given while the block runs. `heard` is whole when the block has ended."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._heard: list[str] = []
        self._ready = threading.Event()
        self._last = secrets.token_hex(16)

    def _listen(self) -> None:
        with redis.Redis.from_url(self._url) as client, client.monitor() as monitor:
            self._ready.set()
            for command in monitor.listen():
                if self._last in command["command"]:
                    return
                self._heard.append(command["command"])

    @contextmanager
    def listening(self) -> Iterator[None]:
        thread = threading.Thread(target=self._listen, daemon=True)
        thread.start()
        assert self._ready.wait(10)
        try:
            yield
        finally:
            with redis.Redis.from_url(self._url) as client:
                client.echo(self._last)
            thread.join(10)

    @property
    def heard(self) -> bytes:
        return "\n".join(self._heard).encode()
