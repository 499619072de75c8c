from __future__ import annotations

import asyncio
import threading

import pytest

from intake.delivery.hub import Hub
from intake.rules.openings import Opened
from tests.intake.delivery.conftest import Make

pytestmark = pytest.mark.django_db(transaction=True)

IN_TIME_SECONDS = 8.0


async def test_guards_are_asked_though_a_look_at_the_conversations_takes_for_ever(
    hub: Hub, visitor_chat: Make, visitor: Opened
) -> None:
    await visitor_chat().hello(token=visitor.token)
    asked, slow = asyncio.Event(), threading.Event()

    async def guard(_: Hub) -> None:
        asked.set()

    looking = asyncio.create_task(hub.tick.watcher._thread.run(slow.wait, 30))
    hub.guards.append(guard)
    try:
        async with asyncio.timeout(IN_TIME_SECONDS):
            await asked.wait()
    finally:
        slow.set()
        await looking
