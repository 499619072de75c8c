"""The peer ejabberd: Debian's package with its archive (mod_mam) on PostgreSQL, one room a conversation.

It runs without a node name, so nothing of it listens but the websocket's port on the loopback address.
"""

from __future__ import annotations

import contextlib
import os
import re
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import psycopg

from benchmarks.load.party import Entrance
from benchmarks.load.rounds import Played
from benchmarks.load.xmpp import BODY, HOST, ORIGIN, PATH
from benchmarks.stage.ledger import compare_told
from benchmarks.stage.server import Server, free_port, serving
from scripts.machine import Missing, find_program, missing_sentence

DATABASE = "ejabberd"
SCHEMA = Path("/usr/share/ejabberd/sql/pg.sql")
POOL = 10
"""Connections to PostgreSQL: ejabberd's own default."""
CONFIGURATION = """
hosts: [{host}]
loglevel: error
hide_sensitive_log_data: true
listen:
  - port: {port}
    ip: "127.0.0.1"
    module: ejabberd_http
    request_handlers: {{"{path}": ejabberd_http_ws}}
auth_method: [anonymous]
anonymous_protocol: sasl_anon
websocket_ping_interval: 60
sql_type: pgsql
sql_server: "127.0.0.1"
sql_port: {sql_port}
sql_database: {database}
sql_username: "{username}"
sql_password: "{password}"
sql_pool_size: {pool}
modules:
  mod_muc:
    default_room_options: {{mam: true, persistent: true, public: false}}
    history_size: 0
    max_users: 10
  mod_mam:
    db_type: sql
    default: always
"""


def prepare() -> None:
    """A database of its own with the package's tables. Raises `Missing`."""
    libraries()
    if find_program("erl") is None or not SCHEMA.is_file():
        raise Missing(missing_sentence("ejabberd", purpose="a peer of the benchmarks"))
    url = os.environ["DATABASE_URL"]
    with psycopg.connect(url, autocommit=True) as connection:
        if not connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [DATABASE]).fetchone():
            connection.execute(f"CREATE DATABASE {DATABASE}")
            with psycopg.connect(own_url()) as own:
                own.execute(SCHEMA.read_bytes())


def libraries() -> Path:
    """The folder of Erlang's libraries that holds ejabberd. Raises `Missing`."""
    for folder in Path("/usr/lib").glob("*/ejabberd-*/ebin"):
        if [*folder.parent.parent.glob("p1_pgsql*/ebin"), *Path("/usr/lib/erlang/lib").glob("p1_pgsql*/ebin")]:
            return folder.parent.parent
    raise Missing(missing_sentence("ejabberd", purpose="a peer of the benchmarks"))


def own_url() -> str:
    return os.environ["DATABASE_URL"].rpartition("/")[0] + f"/{DATABASE}"


def version() -> str:
    named = ["ejabberd", "erlang-base", "erlang-p1-pgsql"]
    answer = subprocess.run(
        ["dpkg-query", "--show", "--showformat", "${Package} ${Version}\n", *named],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    return ", ".join(answer.stdout.splitlines())


@contextlib.contextmanager
def serve() -> Iterator[Server]:
    with tempfile.TemporaryDirectory(prefix="chatline-ejabberd-") as name:
        folder, port, address = Path(name), free_port(), urlsplit(os.environ["DATABASE_URL"])
        (folder / "ejabberd.yml").write_text(
            CONFIGURATION.format(
                host=HOST, port=port, path=PATH, sql_port=address.port, database=DATABASE,
                username=address.username, password=address.password, pool=POOL,
            )
        )  # fmt: skip
        command = [str(find_program("erl")), "-noinput", "-start_epmd", "false", "+K", "true", "+P", "250000",
                   "-mnesia", "dir", f'"{folder}/mnesia"', "-s", "ejabberd"]  # fmt: skip
        environment = {
            "ERL_LIBS": str(libraries()), "EJABBERD_CONFIG_PATH": str(folder / "ejabberd.yml"),
            "EJABBERD_LOG_PATH": str(folder / "ejabberd.log"), "ERL_CRASH_DUMP": "/dev/null",
        }  # fmt: skip
        with serving(command, port, **environment) as server:
            yield server


def entrances(number: int) -> Iterator[Entrance]:
    for room in range(number):
        for role in ("visitor", "counsellor"):
            yield Entrance(room, role, PATH)


def forget() -> None:
    with psycopg.connect(own_url()) as connection:
        connection.execute("TRUNCATE archive")


def check(played: Played) -> None:
    with psycopg.connect(own_url()) as connection:
        rows = connection.execute("SELECT xml, timestamp FROM archive WHERE kind = 'groupchat'").fetchall()
    compare_told(played, {_first(ORIGIN, xml): (number, _first(BODY, xml)) for xml, number in rows})


def _first(pattern: re.Pattern[bytes], xml: str) -> str:
    found = pattern.search(xml.encode())
    return found[1].decode() if found else ""
