from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator

import pytest

from intake.delivery.grouping import Grouped
from intake.errors import Unavailable

SECONDS = 5.0


class Doubling:
    """Work that doubles numbers, and stands still while it is `held`, as a database that hangs does."""

    def __init__(self) -> None:
        self.free, self.entered = threading.Event(), threading.Event()
        self.free.set()
        self.done: list[int] = []
        self.told: list[int] = []
        self.was_told = asyncio.Event()
        self.grouped: Grouped[int, int] = Grouped(
            self.work, most=2, name="writer", then=self.tell, patience_seconds=0.2
        )

    def work(self, numbers: list[int]) -> list[int]:
        self.entered.set()
        assert self.free.wait(SECONDS)
        self.done += numbers
        return [number * 2 for number in numbers]

    def tell(self, results: list[int]) -> None:
        self.told += results
        self.was_told.set()


@pytest.fixture
async def doubling() -> AsyncIterator[Doubling]:
    doubling = Doubling()
    yield doubling
    doubling.free.set()
    await doubling.grouped.finish()


async def outcome(future: asyncio.Future[int]) -> int | str:
    try:
        return await asyncio.wait_for(future, SECONDS)
    except Unavailable as refusal:
        return f"{refusal.code} {refusal.retry_after_seconds}"


async def test_what_arrives_is_done_in_batches_and_told_in_order(doubling: Doubling) -> None:
    results = await asyncio.gather(*(doubling.grouped.submit(number) for number in range(5)))

    assert results == doubling.told == [0, 2, 4, 6, 8]


async def test_nobody_waits_for_a_database_that_hangs(doubling: Doubling) -> None:
    doubling.free.clear()

    waiting = [doubling.grouped.submit(number) for number in range(5)]
    told = [await outcome(future) for future in waiting]
    newcomer = doubling.grouped.submit(99)

    assert told == ["unavailable 3.0"] * 5
    assert newcomer.done()
    assert await outcome(newcomer) == "unavailable 3.0"


async def test_what_hung_is_told_when_it_is_done_after_all_and_what_waited_behind_is_not_kept(
    doubling: Doubling,
) -> None:
    doubling.free.clear()
    first = doubling.grouped.submit(1)
    assert await asyncio.to_thread(doubling.entered.wait, SECONDS)
    behind = doubling.grouped.submit(2)
    assert [await outcome(first), await outcome(behind)] == ["unavailable 3.0"] * 2

    doubling.free.set()
    await asyncio.wait_for(doubling.was_told.wait(), SECONDS)

    assert doubling.done == [1]
    assert doubling.told == [2]


async def test_work_goes_on_when_the_database_answers_again(doubling: Doubling) -> None:
    doubling.free.clear()
    assert await outcome(doubling.grouped.submit(1)) == "unavailable 3.0"
    doubling.free.set()
    await asyncio.wait_for(doubling.was_told.wait(), SECONDS)

    assert await outcome(doubling.grouped.submit(2)) == 4


async def test_process_that_ends_does_not_wait_for_a_database_that_hangs(doubling: Doubling) -> None:
    doubling.free.clear()
    future = doubling.grouped.submit(1)

    await asyncio.wait_for(doubling.grouped.finish(), SECONDS)

    assert await outcome(future) == "unavailable 3.0"
    assert doubling.done == []


async def test_who_waits_behind_a_batch_that_cannot_be_told_is_worked_on() -> None:
    def fail(results: list[int]) -> None:
        raise ValueError(results)

    def double(numbers: list[int]) -> list[int]:
        return [number * 2 for number in numbers]

    grouped: Grouped[int, int] = Grouped(double, most=1, name="writer", then=fail)

    assert [await outcome(future) for future in [grouped.submit(number) for number in (1, 2, 3)]] == [2, 4, 6]
    await grouped.finish()
