from __future__ import annotations

import asyncio
from contextlib import suppress

import pytest

from chatline.serving.line import Line

pytestmark = [pytest.mark.asyncio, pytest.mark.once]


async def turns_given(line: Line, waiting: dict[str, list[asyncio.Task[None]]]) -> str:
    """Who gets a turn, in which order, as turns are given back one after the other."""
    order = ""
    left = {id(task): who for who, tasks in waiting.items() for task in tasks}
    tasks = [task for tasks in waiting.values() for task in tasks]
    while left:
        line.leave()
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        for task in tasks:
            if task.done() and id(task) in left:
                order += left.pop(id(task))
    return order


async def test_who_wants_many_turns_keeps_nobody_else_waiting() -> None:
    line = Line(1)
    await line.wait("a")
    wanted = {"a": 4, "b": 1, "c": 2}
    waiting = {who: [asyncio.create_task(line.wait(who)) for _ in range(turns)] for who, turns in wanted.items()}
    await asyncio.sleep(0)

    assert await turns_given(line, waiting) == "abcacaa"


async def test_turns_are_as_many_as_were_said_and_come_back() -> None:
    line = Line(2)
    await line.wait("a")
    await line.wait("a")
    third = asyncio.create_task(line.wait("a"))
    await asyncio.sleep(0)
    assert not third.done()

    for _ in range(3):
        line.leave()
    await third

    assert line.free == 2


async def test_who_leaves_the_line_takes_no_turn_with_her() -> None:
    line = Line(1)
    await line.wait("a")
    gone, next_one = asyncio.create_task(line.wait("b")), asyncio.create_task(line.wait("b"))
    await asyncio.sleep(0)
    gone.cancel()
    with suppress(asyncio.CancelledError):
        await gone

    line.leave()
    await asyncio.wait_for(next_one, 1)
    line.leave()

    assert line.free == 1


async def test_turn_given_to_one_who_leaves_in_that_moment_goes_on() -> None:
    line = Line(1)
    await line.wait("a")
    gone = asyncio.create_task(line.wait("b"))
    await asyncio.sleep(0)

    line.leave()
    gone.cancel()
    with suppress(asyncio.CancelledError):
        await gone

    assert line.free == 1
