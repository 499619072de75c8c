"""On PostgreSQL, whatever database the other tests run on: what a server does to connections, SQLite cannot do."""

from __future__ import annotations

import json
import subprocess
import sys
import time

import psycopg
import pytest

from tests.servers import PostgresAddresses
from tests.web import Installation

pytestmark = pytest.mark.once

# In a process of its own: this one has its databases already.
PROGRAM = """
import asyncio, json, threading, django
django.setup()
from django.db import DatabaseError, connection
from intake.delivery.database_thread import DatabaseThread

def ask(statement):
    tries.append(statement)
    with connection.cursor() as cursor:
        cursor.execute(statement)
        return cursor.fetchone()[0]

def hold(number):
    # As many connections at once go back to the pool, and wait there.
    ask("SELECT 1")
    together.wait()
    connection.close()

async def main():
    thread = DatabaseThread("test")
    await asyncio.gather(*(DatabaseThread("other").run(hold, 8) for _ in range(8)))
    print(await thread.run(ask, "SELECT pg_backend_pid()"), flush=True)
    for statement in json.loads(input()):
        tries.clear()
        try:
            answer = await thread.run(ask, statement)
        except DatabaseError as error:
            answer = type(error).__name__
        print(json.dumps([answer, len(tries)]), flush=True)
    await thread.finish()

tries, together = [], threading.Barrier(8)
asyncio.run(main())
"""


@pytest.fixture
def thread(postgres: PostgresAddresses, tmp_path_factory: pytest.TempPathFactory) -> subprocess.Popen[str]:
    installation = Installation(tmp_path_factory.mktemp("installation"), postgres.environment(), prepared=True)
    environment = installation.environment | {"DJANGO_SETTINGS_MODULE": "chatline.settings"}
    return subprocess.Popen(
        [sys.executable, "-c", PROGRAM],
        env=environment,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )


def end_connection(postgres: PostgresAddresses, pid: int) -> None:
    with psycopg.connect(postgres.database_url, autocommit=True) as connection:
        connection.execute("SELECT pg_terminate_backend(%s)", (pid,))


def test_work_whose_connection_the_server_ended_is_done_again(
    thread: subprocess.Popen[str], postgres: PostgresAddresses
) -> None:
    assert thread.stdout
    end_connection(postgres, int(thread.stdout.readline()))

    told, _ = thread.communicate(json.dumps(["SELECT 7", "SELECT 1/0", "SELECT 8"]), timeout=30)

    assert [json.loads(line) for line in told.splitlines()] == [[7, 2], ["DataError", 1], [8, 1]]


def test_dead_connections_that_wait_in_the_pool_keep_nobody_waiting(
    thread: subprocess.Popen[str], postgres: PostgresAddresses
) -> None:
    assert thread.stdout
    assert thread.stdin
    thread.stdout.readline()
    with psycopg.connect(postgres.database_url, autocommit=True) as connection:
        connection.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid() AND datname = %s",
            (connection.info.dbname,),
        )
    began_at = time.monotonic()

    told, _ = thread.communicate(json.dumps(["SELECT 7", "SELECT 8"]), timeout=30)

    assert [json.loads(line) for line in told.splitlines()] == [[7, 2], [8, 1]]
    assert time.monotonic() - began_at < 4.0
