"""`sync` is the client's question whether anybody is there: it is always answered."""

from __future__ import annotations

import pytest

from intake.rules.openings import Opened
from tests.intake.delivery.conftest import Make

pytestmark = pytest.mark.django_db(transaction=True)


async def test_sync_without_anything_missing_is_answered_with_the_head(visitor_chat: Make, visitor: Opened) -> None:
    chat = visitor_chat()
    await chat.hello(token=visitor.token)
    await chat.post("hei")
    await chat.read("ack")

    await chat.say(type="sync", after=1)

    assert await chat.read("head") == {"type": "head", "head": 1}


async def test_sync_with_something_missing_is_answered_with_it(visitor_chat: Make, visitor: Opened) -> None:
    chat = visitor_chat()
    await chat.hello(token=visitor.token)
    await chat.post("hei")
    await chat.read("message")

    await chat.say(type="sync", after=0)

    again = await chat.read("message")
    assert (again["seq"], again["body"]) == (1, "hei")
