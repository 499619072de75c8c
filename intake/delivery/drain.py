"""The way out on SIGTERM: not ready → `drain` → finish commits → close 1012 spread out → exit.

The server's own handler for the signal runs last, when nobody is connected any more.
"""

from __future__ import annotations

import asyncio
import contextlib
import random
import signal
from collections.abc import Callable
from types import FrameType
from typing import Any

from django.conf import settings

from intake.delivery import frames
from intake.delivery.draining import begin_draining, is_draining
from intake.delivery.feed import Feed
from intake.delivery.hub import running_hub

STEP_SECONDS = 0.1
GOODBYE_SECONDS = 2.0
_tasks: set[asyncio.Task[None]] = set()


def drain_on_sigterm() -> None:
    """Put draining in front of the server's own handlers. Call in the event loop's thread, once it runs."""
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        _put_in_front(number, loop)


def _put_in_front(number: signal.Signals, loop: asyncio.AbstractEventLoop) -> None:
    before = signal.getsignal(number)

    def on_signal(signum: int, frame: FrameType | None) -> None:
        def go_on() -> None:
            if callable(before):
                before(signum, frame)

        if is_draining():
            go_on()
        else:
            begin_draining()
            loop.call_soon_threadsafe(_start, go_on)

    signal.signal(number, on_signal)


def _start(go_on: Callable[[], Any]) -> None:
    task = asyncio.get_running_loop().create_task(_drain_and(go_on))
    _tasks.add(task)
    task.add_done_callback(_tasks.discard)


async def _drain_and(go_on: Callable[[], Any]) -> None:
    try:
        await drain()
    finally:
        go_on()


async def drain() -> None:
    """Say goodbye to every socket within `DRAIN_SECONDS`. Messages that arrive meanwhile are still committed."""
    hub = running_hub()
    if hub is None:
        return
    spread = settings.DRAIN_SECONDS
    for feed in hub.local_feeds():
        feed.say(frames.Drain(reconnect_in=random.randint(0, int(spread * 1000))))  # noqa: S311 - spreads load
    for desk in list(hub.desks):
        await desk.say(frames.Drain(reconnect_in=random.randint(0, 1000)))  # noqa: S311 - spreads load
    parting = hub.local_feeds()
    steps = max(1, round(spread / STEP_SECONDS))
    for step in range(steps):
        waiting = [feed for feed in hub.local_feeds() if not feed.closing]
        if not waiting and not hub.desks:
            break
        for feed in waiting[: -(-len(waiting) // (steps - step))]:
            feed.close(frames.CLOSE_RESTART)
        await asyncio.sleep(STEP_SECONDS)
    for desk in list(hub.desks):
        await desk.close(frames.CLOSE_RESTART)
    await _wait_for_goodbyes(parting)


async def _wait_for_goodbyes(parting: list[Feed]) -> None:
    """A goodbye may stand behind a message that is just being read: the server must not cut the line before it."""
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(GOODBYE_SECONDS):
            for feed in parting:
                await feed.finish()
