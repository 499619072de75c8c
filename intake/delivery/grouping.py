"""What arrives while the last work runs is done together in the next. No added delay: alone, a batch is one.

Whoever waits is answered in time, also when the database hangs: nothing piles up behind work that does not end.
"""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Callable
from typing import Generic, TypeVar

from intake.delivery.database_thread import DatabaseThread
from intake.delivery.measures import note_failure
from intake.errors import UNAVAILABLE_RETRY_SECONDS, Unavailable

logger = logging.getLogger(__name__)

PATIENCE_SECONDS = 3.0
"""A batch that takes longer waits for a database that does not answer. Less than clients wait (docs/protocol.md)."""
LOOK_SECONDS = 0.2

Item = TypeVar("Item")
Result = TypeVar("Result")


class Grouped(Generic[Item, Result]):
    """One thread with database connections of its own, working through batches of items.

    `work` gets 1 to `most` items and returns one result for each, in their order. An exception from it reaches
    every item of the batch. `then` sees the results of a batch in the event loop, in the same turn as those who
    wait for them, who run after it. `measure` is told how many a batch were and how long the first of them waited.

    While a batch takes longer than `patience_seconds`, everybody gets `Unavailable`: those whose items are in it, who
    cannot know whether it will still be done, those behind, and at once whoever comes; their items are not kept.
    """

    def __init__(
        self,
        work: Callable[[list[Item]], list[Result]],
        *,
        most: int,
        name: str,
        then: Callable[[list[Result]], None] | None = None,
        measure: Callable[[int, float], None] | None = None,
        patience_seconds: float = PATIENCE_SECONDS,
    ) -> None:
        self._work, self._most, self._then = work, most, then
        self._name, self._measure, self._patience = name, measure, patience_seconds
        self._since = 0.0
        self._waiting: deque[tuple[Item, asyncio.Future[Result]]] = deque()
        self._thread = DatabaseThread(name)
        self._running: asyncio.Task[None] | None = None
        self._hangs = False
        self._loop = asyncio.get_running_loop()  # once: on Python 3.11 every call asks the kernel for the process id

    def submit(self, item: Item) -> asyncio.Future[Result]:
        """A future of the item's result. Cancelling it does not take the item back."""
        future: asyncio.Future[Result] = self._loop.create_future()
        if self._hangs:
            _settle([(item, future)], _unavailable())
            return future
        if not self._waiting:
            self._since = self._loop.time()
        self._waiting.append((item, future))
        if self._running is None:
            self._running = self._loop.create_task(self._run())
        return future

    async def _run(self) -> None:
        try:
            while self._waiting:
                batch = [self._waiting.popleft() for _ in range(min(self._most, len(self._waiting)))]
                began, self._since = self._since, self._loop.time()
                giving_up = self._loop.call_later(self._patience, self._give_up, batch)
                try:
                    results = await self._thread.run(self._work, [item for item, _ in batch])
                except Exception as error:  # every waiting sender must hear of it, whatever it was
                    logger.warning("A batch failed.", exc_info=error)
                    note_failure(self._name)
                    _settle(batch, error)
                else:
                    # Who waits goes first: her ack and her own copy then leave in one write.
                    _settle(batch, results)
                    self._tell(results, waited=self._loop.time() - began)
                finally:
                    giving_up.cancel()
                    self._hangs = False
        finally:
            self._running = None

    def _tell(self, results: list[Result], *, waited: float) -> None:
        """It is done: what goes wrong in telling others must not keep those behind from being worked on."""
        try:
            if self._then:
                self._then(results)
            if self._measure:
                self._measure(len(results), waited)
        except Exception:
            logger.exception("What a batch did could not be told: the tick finds it.")
            note_failure(self._name)

    def _give_up(self, batch: list[tuple[Item, asyncio.Future[Result]]]) -> None:
        logger.warning("The database does not answer.")
        note_failure(self._name)
        self._hangs = True
        _settle(batch, _unavailable())
        _settle(list(self._waiting), _unavailable())
        self._waiting.clear()

    async def finish(self) -> None:
        """Wait until nothing is waiting and close the thread's connections; not for a database that hangs."""
        while self._running is not None and not self._hangs:
            await asyncio.wait([self._running], timeout=LOOK_SECONDS)
        if not self._hangs:
            await self._thread.finish()


def _unavailable() -> Unavailable:
    return Unavailable(retry_after_seconds=UNAVAILABLE_RETRY_SECONDS)


def _settle(batch: list[tuple[Item, asyncio.Future[Result]]], results: list[Result] | Exception) -> None:
    for index, (_, future) in enumerate(batch):
        if future.done():
            continue
        if isinstance(results, Exception):
            future.set_exception(results)
            future.exception()  # an item whose sender has gone is not a loose end
        else:
            future.set_result(results[index])
