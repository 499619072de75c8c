from __future__ import annotations

import asyncio

import pytest

from intake.delivery import tick
from intake.delivery.hub import Hub
from intake.rules.openings import Opened
from tests.intake.delivery.conftest import Make

pytestmark = pytest.mark.django_db(transaction=True)


async def test_heart_beats_while_the_database_does_not_answer(
    visitor: Opened, visitor_chat: Make, hub: Hub, monkeypatch: pytest.MonkeyPatch
) -> None:
    never, waited_for = asyncio.Event(), asyncio.Event()

    async def wait_for_the_database(hub: Hub) -> None:
        waited_for.set()
        await never.wait()

    monkeypatch.setattr(tick, "TICK_SECONDS", 1)
    monkeypatch.setattr(tick, "HEAD_SECONDS", 1)
    hub.guards.append(wait_for_the_database)
    chat = visitor_chat()
    await chat.hello(token=visitor.token)
    async with asyncio.timeout(8):
        await waited_for.wait()

    beats = [await chat.read("head") for _ in range(2)]

    assert [beat["head"] for beat in beats] == [0, 0]
