"""Asks a database how it is, beside all that the process does: not through its pool, and never waiting for long.

A database that hangs holds up one thread of its own, and whoever asks hears "no answer" in time.
"""

from __future__ import annotations

import asyncio
import copy
import time
from collections.abc import Awaitable, Callable
from concurrent.futures import Future
from queue import SimpleQueue
from threading import Thread
from typing import Any, TypeVar

from django.db import connections
from django.db.backends.base.base import BaseDatabaseWrapper

CONNECT_SECONDS = 2
SILENT_LINE_MILLISECONDS = 4000
FRESH_SECONDS = 1.0
"""An answer this young is good enough for the next who asks."""

Result = TypeVar("Result")
Work = Callable[[], Any]


class Asker:
    """One database alias, one thread, one connection that is not the pool's. Works for any event loop."""

    def __init__(self, alias: str) -> None:
        self.alias = alias
        self.answered_at: float | None = None
        """By the monotonic clock; None when it never did."""
        self.answer_seconds: float | None = None
        self._asked_at = float("-inf")
        self._answers = False
        self._asking: Future[bool] | None = None
        self._works: SimpleQueue[tuple[Work, Future[Any]] | None] = SimpleQueue()
        # A daemon, and no executor: a process that ends must not wait for a database that hangs.
        self._thread = Thread(target=self._serve, name=f"asker of {alias}", daemon=True)
        self._thread.start()

    async def answers(self, *, within_seconds: float) -> bool:
        """Whether the database answers now. Many who ask at once share one question."""
        asking = self._asking
        if asking is None:
            if time.monotonic() - self._asked_at < FRESH_SECONDS:
                return self._answers
            asking = self._asking = self._submit(self._ask)
            # Its thread may be done before the next line: from here on `_asking` is no longer ours to read.
            asking.add_done_callback(self._asked)
        # Shielded: others wait for the same answer.
        answered = await _wait(asyncio.shield(asyncio.wrap_future(asking)), within_seconds)
        return answered is True

    async def run(self, work: Callable[[], Result], *, within_seconds: float) -> Result | None:
        """What `work` returns, with this thread's connection; None when it fails or takes longer."""
        return await _wait(asyncio.wrap_future(self._submit(work)), within_seconds)

    def run_now(self, work: Callable[[], Result], *, within_seconds: float) -> Result | None:
        """`run` for code without an event loop."""
        future = self._submit(work)
        try:
            return future.result(within_seconds)
        except Exception:  # noqa: BLE001 - whatever it was, it was no answer
            future.cancel()  # not asked yet: nobody waits for it any more
            return None

    def stop(self) -> None:
        """Close the connection and end the thread, as soon as the database lets go of it."""
        self._works.put(None)

    @property
    def is_there(self) -> bool:
        """Whether its last answer was one, and nobody waits for the next."""
        return self._answers and self._asking is None

    def silent_seconds(self) -> float:
        """How long ago the database last answered."""
        return float("inf") if self.answered_at is None else time.monotonic() - self.answered_at

    def _asked(self, asked: Future[bool]) -> None:
        self._answers = not asked.exception() and asked.result()
        self._asked_at, self._asking = time.monotonic(), None

    def _ask(self) -> bool:
        began = time.monotonic()
        with connections[self.alias].cursor() as cursor:
            # A table of its own, so that a file or a server that is there and empty is not taken for ours.
            cursor.execute("SELECT 1 FROM django_migrations LIMIT 1")
            cursor.fetchone()
        self.answered_at = time.monotonic()
        self.answer_seconds = self.answered_at - began
        return True

    def _submit(self, work: Callable[[], Result]) -> Future[Result]:
        future: Future[Result] = Future()
        self._works.put((work, future))
        return future

    def _serve(self) -> None:
        connections[self.alias] = own_connection(self.alias)
        while (item := self._works.get()) is not None:
            work, future = item
            if not future.set_running_or_notify_cancel():
                continue
            try:
                result = work()
            except Exception as error:  # noqa: BLE001 - whoever asked hears of it; the thread goes on
                connections[self.alias].close()
                future.set_exception(error)
            else:
                future.set_result(result)
        connections[self.alias].close()


def own_connection(alias: str) -> BaseDatabaseWrapper:
    """A connection beside the pool that gives up early. An empty pool must not look like a database that is away."""
    given = connections[alias]
    settings = copy.deepcopy(given.settings_dict)
    settings["OPTIONS"].pop("pool", None)
    if given.vendor == "postgresql":
        settings["OPTIONS"] |= {"connect_timeout": CONNECT_SECONDS, "tcp_user_timeout": SILENT_LINE_MILLISECONDS}
    return type(given)(settings, alias)


async def _wait(answer: Awaitable[Result], seconds: float) -> Result | None:
    try:
        async with asyncio.timeout(seconds):
            return await answer
    except Exception:  # noqa: BLE001 - whatever it was, it was no answer
        return None


_askers: dict[str, Asker] = {}


def asker_of(alias: str) -> Asker:
    """The process's asker of this database, begun on first use."""
    if alias not in _askers:
        _askers[alias] = Asker(alias)
    return _askers[alias]


def stop_askers() -> None:
    while _askers:
        _askers.popitem()[1].stop()
