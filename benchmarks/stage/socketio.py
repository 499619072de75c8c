"""The peer of socket.io: Node, packages as benchmarks/socketio/package-lock.json names them, one INSERT a message."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
from collections.abc import Iterator

import msgspec
from django.db import connection

from benchmarks.load.party import Entrance
from benchmarks.load.rounds import Played
from benchmarks.load.socketio import PATH
from benchmarks.stage.ledger import compare_told
from benchmarks.stage.server import Server, free_port, serving
from scripts.environment import fingerprint
from scripts.machine import ROOT, Missing, find_program, has, missing_sentence

FOLDER = ROOT / "benchmarks" / "socketio"
LOCK = "benchmarks/socketio/package-lock.json"
STAMP = FOLDER / "node_modules" / ".installed-package-lock.json"
POOL = 10
"""Connections to PostgreSQL: pg's own default."""
TABLE = """
CREATE TABLE IF NOT EXISTS socketio_message (
    id bigserial PRIMARY KEY, room text NOT NULL, role text NOT NULL, origin_id uuid NOT NULL, body text NOT NULL,
    sent_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX IF NOT EXISTS socketio_message_room ON socketio_message (room);
"""


def prepare() -> None:
    """Install what the lock names, and make the table. Raises `Missing`."""
    if not has("node"):
        raise Missing(missing_sentence("node", purpose="a peer of the benchmarks"))
    install()
    with connection.cursor() as cursor:
        cursor.execute(TABLE)


def install() -> None:
    npm = find_program("npm")
    if STAMP.exists() and STAMP.read_text() == fingerprint(LOCK):
        return
    if not npm:
        raise Missing(missing_sentence("npm", purpose="a peer of the benchmarks"))
    print(f"Installing what {LOCK} names ...", flush=True)
    if subprocess.run([npm, "ci", "--silent"], cwd=FOLDER, stdin=subprocess.DEVNULL, check=False).returncode:
        raise Missing(f"What {LOCK} names could not be installed: run npm ci there to see why.")
    STAMP.write_text(fingerprint(LOCK))


def version() -> str:
    packages = json.loads((ROOT / LOCK).read_text())["packages"]
    named = [f"{name} {packages[f'node_modules/{name}']['version']}" for name in ("socket.io", "pg", "bufferutil")]
    node = subprocess.run([str(find_program("node")), "--version"], capture_output=True, text=True, check=True)
    return ", ".join([*named, f"Node {node.stdout.strip().removeprefix('v')}"])


@contextlib.contextmanager
def serve() -> Iterator[Server]:
    port = free_port()
    command = [str(find_program("node")), str(FOLDER / "server.mjs")]
    environment = {"PORT": str(port), "POOL": str(POOL), "NODE_ENV": "production"}
    with serving(command, port, **environment, DATABASE_URL=os.environ["DATABASE_URL"]) as server:
        yield server


def entrances(number: int) -> Iterator[Entrance]:
    for room in range(number):
        for role in ("visitor", "counsellor"):
            hello = b"40" + msgspec.json.encode({"room": str(room), "role": role})
            yield Entrance(room, role, PATH, hello)


def forget() -> None:
    with connection.cursor() as cursor:
        cursor.execute("TRUNCATE socketio_message")


def check(played: Played) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT origin_id::text, id, body FROM socketio_message")
        compare_told(played, {origin: (seq, body) for origin, seq, body in cursor.fetchall()})
