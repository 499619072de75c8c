"""Whoever waits is told her place, also when the queue has not changed for the others."""

from __future__ import annotations

import pytest

from intake.rules.openings import Opened
from tests.intake.delivery.conftest import Make

pytestmark = pytest.mark.django_db(transaction=True)


async def test_who_comes_back_to_an_unchanged_queue_is_told_her_place(visitor: Opened, visitor_chat: Make) -> None:
    first = visitor_chat()
    await first.hello(token=visitor.token)
    told = await first.read("queue")

    again = visitor_chat()
    await again.hello(token=visitor.token)

    assert await again.read("queue") == told
    assert told["place"] == 1
