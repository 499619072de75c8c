from __future__ import annotations

import asyncio

import pytest

from intake.delivery.eager import begin


async def test_what_needs_not_wait_is_done_at_once_and_is_no_task() -> None:
    done: list[str] = []

    async def work() -> None:
        done.append("all")

    assert begin(work(), loop=asyncio.get_running_loop()) is None
    assert done == ["all"]


async def test_what_waits_goes_on_as_a_task_and_may_wait_again() -> None:
    first, second = asyncio.Event(), asyncio.Event()
    done: list[str] = []

    async def work() -> None:
        done.append("begun")
        await first.wait()
        done.append("waited")
        await asyncio.sleep(0)
        await second.wait()
        done.append("all")

    task = begin(work(), loop=asyncio.get_running_loop())
    assert task is not None
    assert done == ["begun"]
    first.set()
    second.set()
    await task
    assert done == ["begun", "waited", "all"]


async def test_work_may_go_on_after_what_it_waited_for_has_failed() -> None:
    loop = asyncio.get_running_loop()
    futures: list[asyncio.Future[None]] = [loop.create_future() for _ in range(2)]
    caught: list[str] = []

    async def work() -> None:
        for future in futures:
            try:
                await future
            except OSError as error:
                caught.append(str(error))

    task = begin(work(), loop=loop)
    assert task is not None
    for name, future in zip(("one", "two"), futures, strict=True):
        future.set_exception(OSError(name))
    await task

    assert caught == ["one", "two"]


async def test_cancellation_reaches_the_work() -> None:
    undone: list[str] = []

    async def work() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            undone.append("all")

    task = begin(work(), loop=asyncio.get_running_loop())
    assert task is not None
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task

    assert undone == ["all"]


async def test_what_the_work_raises_is_raised_to_whoever_began_it_or_waits_for_it() -> None:
    async def work(event: asyncio.Event) -> None:
        await event.wait()
        raise LookupError

    loop, event = asyncio.get_running_loop(), asyncio.Event()
    task = begin(work(event), loop=loop)
    event.set()
    assert task is not None
    with pytest.raises(LookupError):
        await task
    with pytest.raises(LookupError):
        begin(work(event), loop=loop)
