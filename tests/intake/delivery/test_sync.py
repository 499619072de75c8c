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


async def test_what_was_displayed_before_a_sync_is_answered_opens_the_window(
    visitor_chat: Make, visitor: Opened, settings: object
) -> None:
    settings.WINDOW_MESSAGES = 2  # type: ignore[attr-defined]
    chat = visitor_chat()
    await chat.hello(token=visitor.token)
    for number in range(5):
        await chat.post(f"melding {number}")
        await chat.read("ack")
    reader = visitor_chat()
    await reader.hello(token=visitor.token)
    assert [(await reader.read("message"))["seq"] for _ in range(2)] == [1, 2]

    await reader.say(type="sync", after=0)
    await reader.say(type="displayed", seq=2)

    assert [(await reader.read("message"))["seq"] for _ in range(4)] == [1, 2, 3, 4]
    assert await reader.silent_but_for_control()


async def test_what_nobody_was_sent_opens_the_window_once(
    visitor_chat: Make, visitor: Opened, settings: object
) -> None:
    settings.WINDOW_MESSAGES = 1  # type: ignore[attr-defined]
    chat = visitor_chat()
    await chat.hello(token=visitor.token)
    for number in range(5):
        await chat.post(f"melding {number}")
        await chat.read("ack")
    reader = visitor_chat()
    await reader.hello(token=visitor.token)
    assert (await reader.read("message"))["seq"] == 1

    await reader.say(type="displayed", seq=1_000_000)

    assert [(await reader.read("message"))["seq"] for _ in range(2)] == [2, 3]
    assert await reader.silent_but_for_control()
