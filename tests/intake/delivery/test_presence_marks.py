"""Who has the page open is noted within a second of coming, and again and again: housekeeping ends nobody who waits."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime

import pytest
from asgiref.sync import sync_to_async
from django.utils import timezone

from intake.delivery import tick
from intake.delivery.hub import Hub
from intake.models import Conversation, Helpline
from intake.rules.openings import Opened, open_conversation
from tests.intake.delivery.conftest import Make

pytestmark = pytest.mark.django_db(transaction=True)

LONG_AGO = datetime(2000, 1, 1, tzinfo=UTC)
WAITING = 3


@pytest.fixture
async def waiting(helpline: Helpline, visitor_chat: Make) -> list[int]:
    """Visitors who have just come, by their conversations."""

    def come() -> Opened:
        return open_conversation(helpline, language="nb", intro={}, now=timezone.now())

    visitors = [await sync_to_async(come)() for _ in range(WAITING)]
    await forget_that_they_were_seen()
    for visitor in visitors:
        await visitor_chat().hello(token=visitor.token)
    return [visitor.conversation.pk for visitor in visitors]


async def until_seen(pks: list[int], *, seconds: float = 10) -> None:
    @sync_to_async
    def unseen() -> bool:
        here = Conversation.objects.filter(pk__in=pks)
        return here.exclude(visitor_seen_at__gt=LONG_AGO).exists()

    async with asyncio.timeout(seconds):
        while await unseen():  # noqa: ASYNC110 - the database tells nobody
            await asyncio.sleep(0.05)


@sync_to_async
def forget_that_they_were_seen() -> None:
    Conversation.objects.update(visitor_seen_at=LONG_AGO)


@pytest.fixture
def soon(monkeypatch: pytest.MonkeyPatch) -> Callable[[], None]:
    return lambda: monkeypatch.setattr(tick, "SEEN_SECONDS", 2)


async def test_who_comes_is_noted_at_once(hub: Hub, waiting: list[int]) -> None:
    await until_seen(waiting, seconds=4)


async def test_everybody_who_stays_is_noted_again(hub: Hub, waiting: list[int], soon: Callable[[], None]) -> None:
    await until_seen(waiting)
    soon()
    for _ in range(2):
        await forget_that_they_were_seen()
        await until_seen(waiting)
