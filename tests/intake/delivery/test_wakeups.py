"""What a process tells the others: at once, and together when there is much."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest
from channels.layers import get_channel_layer

from intake.delivery.wakeups import GROUP, Wakeups

MANY = 200
HEARD_SECONDS = 0.3


@pytest.fixture
async def wakeups() -> AsyncIterator[Wakeups]:
    wakeups = Wakeups(lambda wake: None)
    await wakeups.start()
    yield wakeups
    await wakeups.stop()


@pytest.fixture
async def other() -> str:
    """The channel of another process."""
    layer = get_channel_layer()
    channel: str = await layer.new_channel("other")
    await layer.group_add(GROUP, channel)
    return channel


async def hear(channel: str) -> dict[str, Any]:
    """The next wake-up that is no probe."""
    async with asyncio.timeout(10):
        while "probe" in (heard := await get_channel_layer().receive(channel)):
            pass
    return dict(heard)


async def test_one_alone_is_told_at_once(wakeups: Wakeups, other: str) -> None:
    wakeups.publish({"heads": {7: 1}})

    assert [list(head) for head in (await hear(other))["heads"]] == [[7, 1]]


async def test_many_in_a_short_time_are_told_together_and_none_is_left_out(wakeups: Wakeups, other: str) -> None:
    for number in range(MANY):
        wakeups.publish({"heads": {number: 1}, "states": [number]})
        await asyncio.sleep(0)

    told = 0
    heads: dict[int, int] = {}
    states: list[int] = []
    while len(heads) < MANY:
        wake = await hear(other)
        told += 1
        heads |= dict(wake["heads"])
        states += wake["states"]

    assert told < MANY / 10
    assert states == list(range(MANY))


async def test_what_was_said_last_is_told_before_the_process_goes(wakeups: Wakeups, other: str) -> None:
    wakeups.publish({"heads": {7: 1}})
    await hear(other)
    wakeups.publish({"heads": {7: 2}})
    await wakeups.stop()

    assert [list(head) for head in (await hear(other))["heads"]] == [[7, 2]]


async def test_retry_of_an_old_message_does_not_take_a_higher_head_away(wakeups: Wakeups, other: str) -> None:
    wakeups.publish({"heads": {7: 9}})
    wakeups.publish({"heads": {7: 4, 8: 1}})

    assert dict((await hear(other))["heads"]) == {7: 9, 8: 1}


async def test_end_of_the_loop_is_not_made_longer_by_each_subscription() -> None:
    loop = asyncio.get_running_loop()
    end = loop.close
    for _ in range(3):
        wakeups = Wakeups(lambda wake: None)
        await wakeups.start()
        wakeups.publish({"heads": {7: 1}})
        await asyncio.sleep(HEARD_SECONDS)
        await wakeups.stop()

    assert loop.close == end
