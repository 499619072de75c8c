"""Waiting for what nobody says: looked for again and again, and not for ever."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable

LOOK_SECONDS = 0.05


async def comes_true(condition: Callable[[], bool], *, seconds: float) -> bool:
    """Whether it did in time."""
    give_up_at = time.perf_counter() + seconds
    while not condition():
        if time.perf_counter() > give_up_at:
            return False
        await asyncio.sleep(LOOK_SECONDS)
    return True
