"""Frames that arrive twice, late, in another order, in half or not at all, in both directions."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from tests.faults.fault import Fault, Scene
from tests.faults.weather import Weather

BAD_SECONDS = 6.0
LOOK_SECONDS = 0.2
BOTH = ("postgres", "sqlite")


def bad_weather(
    name: str, shares: dict[str, float], *, databases: tuple[str, ...] = ("postgres",), short: bool = False
) -> Fault:
    """A fault of that name under which frames meet what `shares` says: on SQLite once, if it is not a short one."""
    weather = Weather(**shares)

    @asynccontextmanager
    async def over(scene: Scene) -> AsyncIterator[None]:
        async with weather.over(scene.relay):
            yield

    async def inject(scene: Scene) -> None:
        weather.happened.clear()
        weather.bad = True
        await asyncio.sleep(BAD_SECONDS)
        # What is rare may by chance not have come yet: one in two hundred runs had no link cut.
        give_up_at = time.monotonic() + BAD_SECONDS
        while not all(weather.happened[mishap] for mishap in shares) and time.monotonic() < give_up_at:
            await asyncio.sleep(LOOK_SECONDS)
        weather.bad = False
        for mishap in shares:
            if not weather.happened[mishap]:
                scene.fail(f"no frame was {mishap}: the proxy did not do its work")
            scene.count(mishap.replace("_", " "), weather.happened[mishap])

    return Fault(name, inject, databases=databases, setting=over, short=short)


EVERYTHING = {"doubled": 0.1, "replayed": 0.1, "swapped": 0.1, "cut": 0.001, "dropped": 0.1, "acks_dropped": 0.1}
FAULTS = [
    # On SQLite, too, where a message is sent once more for it; the others meet it in bad weather.
    bad_weather("frames doubled", {"doubled": 0.5}, databases=BOTH),
    bad_weather("frames replayed later", {"replayed": 0.3}),
    bad_weather("frames swapped", {"swapped": 0.3}),
    bad_weather("links cut in the middle of a frame", {"cut": 0.002}),
    bad_weather("messages to clients dropped", {"dropped": 0.3}),
    bad_weather("acks dropped", {"acks_dropped": 0.5}, databases=BOTH),
    bad_weather("frames in bad weather", EVERYTHING, databases=BOTH, short=True),
]
