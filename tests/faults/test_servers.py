from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from tests.faults.servers import Postgres, Redis, folder_for
from tests.faults.stage import Servers

CALLERS = 4


class SlowlySeen(Postgres):
    """Between the look at what it consists of and what comes after it there is time for another process."""

    def pids(self) -> list[int]:
        seen = super().pids()
        time.sleep(0.1)
        return seen


@pytest.fixture(scope="module")
def servers() -> Iterator[Servers]:
    with folder_for("truth") as truth, folder_for("keys") as keys, folder_for("wake") as wake:
        found = Servers(SlowlySeen(truth), Postgres(keys), Redis(wake))
        for server in found.all():
            server.start()
        yield found
        for server in found.all():
            server.kill()


@contextlib.contextmanager
def calling(postgres: Postgres) -> Iterator[None]:
    """Somebody comes in at every moment: PostgreSQL makes a process for each."""
    over = threading.Event()

    def call() -> None:
        while not over.is_set():
            with contextlib.suppress(psycopg.OperationalError):
                postgres.ask()

    callers = [threading.Thread(target=call) for _ in range(CALLERS)]
    for caller in callers:
        caller.start()
    try:
        yield
    finally:
        over.set()
        for caller in callers:
            caller.join()


def at_work_in(folder: Path) -> list[str]:
    """Processes, the ended ones apart, that are at work there."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            if process.joinpath("cwd").resolve().is_relative_to(folder):
                found.append(process.name)
    return found


def test_killed_server_leaves_no_process_and_starts_again_at_once(servers: Servers) -> None:
    postgres = servers.postgres
    assert len(at_work_in(postgres.data)) > 1

    with calling(postgres):
        for _ in range(5):
            postgres.kill()
            left = at_work_in(postgres.data)
            postgres.start()
            assert left == []


def test_what_a_trial_has_left_dead_or_frozen_is_there_for_the_next(servers: Servers) -> None:
    servers.postgres.kill()
    servers.key_store.freeze()
    servers.redis.kill()

    servers.revive()

    assert servers.new_databases().database_url
    with servers.redis.client() as client:
        assert client.ping()
