from __future__ import annotations

import asyncio
import json
import os
import signal
import threading
import time
import urllib.request
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import psycopg
import pytest
from django.db.utils import ConnectionHandler, OperationalError

from chatline.operating import asker
from chatline.operating.asker import Asker, asker_of
from chatline.operating.health import GRACE_SECONDS
from chatline.settings import database
from intake.delivery import draining
from intake.delivery.hub import Hub
from tests.chatline.conftest import ask
from tests.servers import PostgresAddresses
from tests.web import Installation, Web

DEADLINE_SECONDS = 20.0


async def test_process_that_lives_says_so_without_any_database() -> None:
    status, headers, body = await ask("/healthz")

    assert (status, json.loads(body)) == (200, {"alive": True})
    assert b"set-cookie" not in headers
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("asker of")]


@pytest.mark.django_db(transaction=True)
async def test_process_with_everything_is_ready(hub: Hub) -> None:
    status, headers, body = await ask("/readyz")

    assert (status, json.loads(body)) == (
        200,
        {"ready": True, "database": True, "key_store": True, "wake_ups": True},
    )
    assert headers[b"cache-control"] == b"no-store"
    assert b"set-cookie" not in headers


class SlowToGoOn(Asker):
    """Its thread is always done before whoever asked runs on, as may happen to anybody on a busy machine."""

    def _submit(self, work: Callable[[], Any]) -> Future[Any]:
        future = super()._submit(work)
        future.exception(DEADLINE_SECONDS)
        return future


@pytest.mark.django_db(transaction=True)
async def test_answer_that_comes_at_once_is_an_answer() -> None:
    slow = SlowToGoOn("default")

    try:
        assert await slow.answers(within_seconds=1.5)
    finally:
        slow.stop()


@pytest.mark.django_db(transaction=True)
async def test_deaf_process_is_ready_and_says_that_it_is_deaf(hub: Hub) -> None:
    await hub.wakeups.stop()
    hub.wakeups.deaf = True

    status, _, body = await ask("/readyz")

    assert (status, json.loads(body)["wake_ups"]) == (200, False)


@pytest.mark.django_db(transaction=True)
async def test_process_on_its_way_out_is_not_ready(hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(draining, "_draining", True)

    status, _, body = await ask("/readyz")

    assert (status, json.loads(body)["ready"], json.loads(body)["database"]) == (503, False, True)


@pytest.mark.django_db(transaction=True)
async def test_head_is_answered_without_a_body(hub: Hub) -> None:
    assert (await ask("/readyz", method="HEAD"))[::2] == (200, b"")
    assert (await ask("/healthz", method="HEAD"))[::2] == (200, b"")


@pytest.mark.parametrize("path", ["/healthz", "/readyz"])
@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "OPTIONS"])
async def test_any_other_method_is_refused(path: str, method: str) -> None:
    status, headers, _ = await ask(path, method=method)

    assert (status, headers[b"allow"]) == (405, b"GET, HEAD")


@pytest.mark.django_db(transaction=True)
async def test_many_who_ask_at_once_share_one_question_and_one_thread(hub: Hub) -> None:
    before = threading.active_count()

    answers = await asyncio.gather(*(ask("/readyz") for _ in range(200)))

    assert {status for status, _, _ in answers} == {200}
    assert threading.active_count() <= before + 2


async def test_failed_work_is_no_answer_and_the_next_is_answered() -> None:
    asker = asker_of("default")

    assert await asker.run(lambda: 1 // 0, within_seconds=5) is None
    assert await asker.run(lambda: 42, within_seconds=5) == 42


async def test_work_that_hangs_is_not_waited_for() -> None:
    asker, gate = asker_of("default"), threading.Event()
    began = time.monotonic()

    hanging = await asker.run(gate.wait, within_seconds=0.2)
    behind = await asker.answers(within_seconds=0.2)

    assert (hanging, behind) == (None, False)
    assert time.monotonic() - began < 2
    gate.set()


@pytest.mark.once
def test_exhausted_pool_is_not_a_database_that_is_away(
    postgres: PostgresAddresses, monkeypatch: pytest.MonkeyPatch, django_db_blocker: Any
) -> None:
    given = database(postgres.database_url, pragmas="")
    given["OPTIONS"]["pool"] |= {"max_size": 1, "timeout": 0.2}
    pooled: Any = ConnectionHandler({"default": {}, "small": given})
    monkeypatch.setattr(asker, "connections", pooled)

    def read_tables() -> list[str]:
        return list(pooled["small"].introspection.table_names())

    with django_db_blocker.unblock(), ThreadPoolExecutor(1) as other:
        pooled["small"].ensure_connection()

        tables = asker_of("small").run_now(read_tables, within_seconds=10)
        with pytest.raises(OperationalError):
            other.submit(read_tables).result()

        pooled["small"].close()
        pooled["small"].close_pool()
    assert tables == []


# -- the same with real servers that go away --------------------------------------------------------------


def told_by(web: Web, path: str = "/readyz") -> tuple[int, dict[str, bool], float]:
    began = time.monotonic()
    request = urllib.request.Request(f"{web.address}{path}")
    try:
        with urllib.request.urlopen(request, timeout=5) as answer:
            status, body = answer.status, answer.read()
    except urllib.error.HTTPError as error:
        status, body = error.code, error.read()
    return status, json.loads(body), time.monotonic() - began


def until(web: Web, holds: Callable[[int, dict[str, bool]], bool]) -> float:
    """Ask until it holds; the slowest answer on the way."""
    give_up_at, slowest = time.monotonic() + DEADLINE_SECONDS, 0.0
    while time.monotonic() < give_up_at:
        status, told, seconds = told_by(web)
        slowest = max(slowest, seconds)
        if holds(status, told):
            return slowest
        time.sleep(0.1)
    raise AssertionError(f"It still says {told_by(web)}")


def threads_of(web: Web) -> int:
    return len(list(Path(f"/proc/{web.pid}/task").iterdir()))


def processes_of(database_url: str) -> list[int]:
    """Every process of a PostgreSQL: the first of them, and what it has started."""
    with psycopg.connect(database_url) as connection:
        row = connection.execute("SELECT split_part(pg_read_file('postmaster.pid'), E'\\n', 1)::int").fetchone()
    assert row is not None
    children = Path(f"/proc/{row[0]}/task/{row[0]}/children").read_text().split()
    return [row[0], *map(int, children)]


@contextmanager
def frozen(database_url: str) -> Iterator[None]:
    pids = processes_of(database_url)
    send(signal.SIGSTOP, pids)
    try:
        yield
    finally:
        send(signal.SIGCONT, pids)


def send(number: signal.Signals, pids: list[int]) -> None:
    for pid in pids:
        # The one that served our own question has ended by now.
        with suppress(ProcessLookupError):
            os.kill(pid, number)


@pytest.mark.once
@pytest.mark.processes
def test_postgres_that_hangs_is_told_in_time_and_without_a_pile_of_threads(
    postgres: PostgresAddresses, tmp_path: Path
) -> None:
    with Installation(tmp_path, postgres.environment()).running() as [web]:
        until(web, lambda status, told: status == 200 and told["database"] and told["key_store"])
        with frozen(postgres.database_url):
            frozen_at = time.monotonic()
            until(web, lambda status, told: not told["database"])
            at_first = told_by(web)[0]
            slowest = until(web, lambda status, told: status == 503)
            seconds = time.monotonic() - frozen_at
            alive = [told_by(web, "/healthz") for _ in range(20)]
            threads = threads_of(web)
            with ThreadPoolExecutor(20) as many:
                crowd = list(many.map(lambda _: told_by(web), range(40)))
            grown = threads_of(web) - threads
        until(web, lambda status, told: status == 200 and told["database"] and told["key_store"])

    assert at_first == 200, "a database that restarts is away for every process: none of them leaves at once"
    assert seconds >= GRACE_SECONDS - 2
    assert slowest < 2
    assert {status for status, _, _ in alive} == {200}
    assert max(took for _, _, took in alive) < 1
    assert {status for status, _, _ in crowd} == {503}
    assert max(took for _, _, took in crowd) < 3
    assert grown <= 1, "each of forty questions would have been one"
