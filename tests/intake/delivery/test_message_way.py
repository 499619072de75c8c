from __future__ import annotations

import uuid

import pytest
from asgiref.sync import sync_to_async
from django.utils import timezone

from counsellor.models import Counsellor
from intake.delivery.hub import Hub
from intake.models import Message
from intake.rules.lifecycle import claim_conversation
from intake.rules.messages import Posting, Stored, store_messages
from intake.rules.openings import Opened
from tests.intake.delivery.conftest import Make
from tests.people import ClientOf

pytestmark = pytest.mark.django_db(transaction=True)


async def claim(visitor: Opened, counsellor: Counsellor) -> None:
    await sync_to_async(claim_conversation)(visitor.conversation, counsellor=counsellor, now=timezone.now())


async def test_ack_means_committed(visitor: Opened, visitor_chat: Make) -> None:
    chat = visitor_chat()
    await chat.hello(token=visitor.token)

    origin = await chat.post("Hei, er det noen der?")
    ack = await chat.read("ack")

    assert ack == {"type": "ack", "origin_id": origin, "seq": 1}
    stored = await Message.objects.aget(conversation=visitor.conversation, seq=1)
    assert str(stored.origin_id) == origin
    assert b"Hei" not in bytes(stored.sealed)


async def test_message_reaches_the_other_side_and_its_own(
    visitor: Opened, counsellor: Counsellor, client_of: ClientOf, visitor_chat: Make, staff_chat: Make
) -> None:
    await claim(visitor, counsellor)
    client = await sync_to_async(client_of)(counsellor)
    mine, hers = visitor_chat(), staff_chat(client)
    await mine.hello(token=visitor.token)
    await hers.hello(conversation=str(visitor.conversation.public_id))

    origin = await mine.post("Får jeg ta med barna på besøk?")
    seen, own = await hers.read("message"), await mine.read("message")

    assert seen == own
    assert seen["seq"] == 1
    assert seen["origin_id"] == origin
    assert seen["role"] == "visitor"
    assert seen["body"] == "Får jeg ta med barna på besøk?"
    assert len(seen["at"]) == len("2026-11-22T14:03Z")


async def test_both_sides_read_one_order(
    visitor: Opened, counsellor: Counsellor, client_of: ClientOf, visitor_chat: Make, staff_chat: Make
) -> None:
    await claim(visitor, counsellor)
    client = await sync_to_async(client_of)(counsellor)
    mine, hers = visitor_chat(), staff_chat(client)
    await mine.hello(token=visitor.token)
    await hers.hello(conversation=str(visitor.conversation.public_id))

    for number in range(4):
        await mine.post(f"spørsmål {number}")
        await hers.post(f"svar {number}")
    read = [[await chat.read("message") for _ in range(8)] for chat in (mine, hers)]

    assert read[0] == read[1]
    assert [m["seq"] for m in read[0]] == list(range(1, 9))


async def test_retry_gets_the_first_number(visitor: Opened, visitor_chat: Make) -> None:
    chat = visitor_chat()
    await chat.hello(token=visitor.token)
    origin = uuid.uuid4()
    await chat.post("en gang", origin_id=origin)
    await chat.read("ack")
    await chat.post("noe annet")
    await chat.read("ack")

    await chat.post("en gang", origin_id=origin)

    assert (await chat.read("ack"))["seq"] == 1
    assert await Message.objects.filter(conversation=visitor.conversation).acount() == 2


async def test_retry_with_another_body_is_refused(visitor: Opened, visitor_chat: Make) -> None:
    chat = visitor_chat()
    await chat.hello(token=visitor.token)
    origin = uuid.uuid4()
    await chat.post("en gang", origin_id=origin)
    await chat.read("ack")

    await chat.post("noe helt annet", origin_id=origin)

    error = await chat.read("error")
    assert (error["code"], error["origin_id"]) == ("conflicting_retry", str(origin))
    assert await Message.objects.filter(conversation=visitor.conversation).acount() == 1


async def test_same_message_twice_in_one_batch_is_stored_once(visitor: Opened, visitor_chat: Make) -> None:
    chat = visitor_chat()
    await chat.hello(token=visitor.token)
    origin = uuid.uuid4()

    await chat.post("samme", origin_id=origin)
    await chat.post("samme", origin_id=origin)
    acks = [await chat.read("ack"), await chat.read("ack")]

    assert [ack["seq"] for ack in acks] == [1, 1]


async def test_reader_resumes_after_its_cursor(visitor: Opened, visitor_chat: Make) -> None:
    chat = visitor_chat()
    welcome = await chat.hello(token=visitor.token)
    for number in range(3):
        await chat.post(f"melding {number}")
        await chat.read("ack")
    await chat.leave()

    again = visitor_chat()
    resumed = await again.hello(token=visitor.token, epoch=welcome["epoch"], after=1)

    assert resumed["head"] == 3
    assert [(await again.read("message"))["seq"] for _ in range(2)] == [2, 3]


async def test_reader_with_another_past_is_told_to_start_again(visitor: Opened, visitor_chat: Make) -> None:
    chat = visitor_chat()
    await chat.hello(token=visitor.token)
    await chat.post("melding")
    await chat.read("ack")

    ahead = visitor_chat()
    await ahead.hello(token=visitor.token, after=7)
    gap = await ahead.read("gap")
    await ahead.say(type="sync", after=0)

    assert gap["epoch"] == visitor.conversation.epoch
    assert (await ahead.read("message"))["seq"] == 1


async def test_feed_stops_at_the_window_until_the_reader_confirms(
    visitor: Opened, visitor_chat: Make, hub: Hub, settings: object
) -> None:
    settings.WINDOW_MESSAGES = 2  # type: ignore[attr-defined]
    chat = visitor_chat()
    await chat.hello(token=visitor.token)
    for number in range(4):
        await chat.post(f"melding {number}")
        await chat.read("ack")
    reader = visitor_chat()
    await reader.hello(token=visitor.token)

    first = [(await reader.read("message"))["seq"] for _ in range(2)]
    held = await reader.silent_but_for_control()
    await reader.say(type="displayed", seq=2)
    rest = [(await reader.read("message"))["seq"] for _ in range(2)]

    assert (first, held, rest) == ([1, 2], True, [3, 4])


async def test_retry_of_what_another_process_stored_and_told_nobody_wakes_at_once(
    visitor: Opened, visitor_chat: Make, hub: Hub
) -> None:
    chat = visitor_chat()
    await chat.hello(token=visitor.token)
    posting = Posting(visitor.conversation.pk, Message.Role.VISITOR, None, uuid.uuid4(), "Er noen der?")
    await sync_to_async(store_messages)([posting], now=timezone.now())  # and died before it published

    outcome = await hub.writer.submit(posting)
    (feed,) = hub.local_feeds()

    assert isinstance(outcome, Stored)
    assert not outcome.first
    assert feed.head == 1
    assert (await chat.read("message"))["body"] == "Er noen der?"
