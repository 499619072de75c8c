"""`sync` is the client's question whether anybody is there: it is always answered."""

from __future__ import annotations

from typing import Any

import pytest

from intake.rules.openings import Opened
from tests.intake.delivery.conftest import Chat, Make

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


async def read_first_window(visitor_chat: Make, visitor: Opened, *, window: int) -> Chat:
    """A reader of five messages who has been sent as many as may be, and has displayed none."""
    writer, reader = visitor_chat(), visitor_chat()
    await writer.hello(token=visitor.token)
    for number in range(5):
        await writer.post(f"melding {number}")
        await writer.read("ack")
    await reader.hello(token=visitor.token)
    assert await seqs(reader, window) == list(range(1, window + 1))
    return reader


async def seqs(chat: Chat, number: int) -> list[int]:
    return [(await chat.read("message"))["seq"] for _ in range(number)]


async def test_what_was_displayed_before_a_sync_is_answered_opens_the_window(
    visitor_chat: Make, visitor: Opened, settings: Any
) -> None:
    settings.WINDOW_MESSAGES = 2
    reader = await read_first_window(visitor_chat, visitor, window=2)

    await reader.say(type="sync", after=0)
    await reader.say(type="displayed", seq=2)

    assert await seqs(reader, 4) == [1, 2, 3, 4]
    assert await reader.silent_but_for_control()


async def test_what_nobody_was_sent_opens_the_window_once(visitor_chat: Make, visitor: Opened, settings: Any) -> None:
    settings.WINDOW_MESSAGES = 1
    reader = await read_first_window(visitor_chat, visitor, window=1)

    await reader.say(type="displayed", seq=1_000_000)

    assert await seqs(reader, 2) == [2, 3]
    assert await reader.silent_but_for_control()
