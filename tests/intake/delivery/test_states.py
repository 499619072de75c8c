from __future__ import annotations

import pytest
from asgiref.sync import sync_to_async
from django.utils import timezone

from counsellor.models import Counsellor
from intake.delivery.announcing import announce
from intake.delivery.frames import CLOSE_ENDED, CLOSE_POLICY, CLOSE_TOKEN_DEAD
from intake.delivery.hub import Hub
from intake.models import Conversation, Message
from intake.rules.lifecycle import (
    EndReason,
    claim_conversation,
    end_conversation,
    erase_conversation,
    hand_back_conversation,
)
from intake.rules.openings import Opened
from tests.intake.delivery.conftest import Chat, Make
from tests.people import ClientOf

pytestmark = pytest.mark.django_db(transaction=True)


@sync_to_async
def claim(visitor: Opened, counsellor: Counsellor) -> None:
    claim_conversation(visitor.conversation, counsellor=counsellor, now=timezone.now())
    announce(visitor.conversation)


@sync_to_async
def end(visitor: Opened) -> None:
    end_conversation(visitor.conversation, reason=EndReason.COUNSELLOR, now=timezone.now())
    announce(visitor.conversation)


async def state(chat: object, wanted: str) -> dict[str, object]:
    while (frame := await chat.read("state"))["state"] != wanted:  # type: ignore[attr-defined]
        pass
    return frame


async def test_waiting_visitor_is_told_her_place(visitor: Opened, other_visitor: Opened, visitor_chat: Make) -> None:
    first, second = visitor_chat(), visitor_chat()
    await first.hello(token=visitor.token)
    await second.hello(token=other_visitor.token)

    places = [(await chat.read("queue"))["place"] for chat in (first, second)]

    assert places == [1, 2]


async def test_place_moves_up_when_the_first_is_claimed(
    visitor: Opened, other_visitor: Opened, counsellor: Counsellor, visitor_chat: Make
) -> None:
    second = visitor_chat()
    await second.hello(token=other_visitor.token)
    assert (await second.read("queue"))["place"] == 2

    await claim(visitor, counsellor)

    assert (await second.read("queue"))["place"] == 1


async def test_visitor_is_told_that_nobody_is_on_duty(visitor: Opened, visitor_chat: Make) -> None:
    chat = visitor_chat()
    await chat.hello(token=visitor.token)

    assert "nobody_on_duty" in (await chat.read("queue"))["notices"]


async def test_claim_tells_the_visitor_the_pseudonym(
    visitor: Opened, counsellor: Counsellor, visitor_chat: Make
) -> None:
    chat = visitor_chat()
    await chat.hello(token=visitor.token)

    await claim(visitor, counsellor)

    assert (await state(chat, "active"))["counsellor"] == counsellor.pseudonym


async def test_what_was_written_while_waiting_is_there_for_the_counsellor(
    visitor: Opened, counsellor: Counsellor, client_of: ClientOf, visitor_chat: Make, staff_chat: Make
) -> None:
    chat = visitor_chat()
    await chat.hello(token=visitor.token)
    await chat.post("Jeg skriver mens jeg venter")
    await chat.read("ack")
    await claim(visitor, counsellor)

    hers = staff_chat(await sync_to_async(client_of)(counsellor))
    await hers.hello(conversation=str(visitor.conversation.public_id))

    assert (await hers.read("message"))["body"] == "Jeg skriver mens jeg venter"


async def test_end_delivers_what_is_left_and_closes(
    visitor: Opened, counsellor: Counsellor, visitor_chat: Make
) -> None:
    chat = visitor_chat()
    await chat.hello(token=visitor.token)
    await claim(visitor, counsellor)

    await end(visitor)

    assert (await state(chat, "ended"))["reason"] == "counsellor"
    assert await chat.closed() == CLOSE_ENDED


async def test_reader_of_an_ended_conversation_gets_it_whole(visitor: Opened, visitor_chat: Make) -> None:
    chat = visitor_chat()
    await chat.hello(token=visitor.token)
    await chat.post("det siste jeg skrev")
    await chat.read("ack")
    await end(visitor)

    again = visitor_chat()
    welcome = await again.hello(token=visitor.token)

    assert welcome["state"] == "ended"
    assert (await again.read("message"))["body"] == "det siste jeg skrev"
    assert await again.closed() == CLOSE_ENDED


@pytest.fixture
async def behind(visitor: Opened, visitor_chat: Make, settings: object) -> Chat:
    """A socket whose reader has confirmed nothing: two of three messages are held back."""
    settings.WINDOW_MESSAGES = 1  # type: ignore[attr-defined]
    chat = visitor_chat()
    await chat.hello(token=visitor.token)
    for body in ("en", "to", "tre"):
        await chat.post(body)
    await chat.read("message")
    return chat


async def test_reader_without_a_right_gets_no_more_of_what_has_ended(hub: Hub, visitor: Opened, behind: Chat) -> None:
    await end(visitor)
    await state(behind, "ended")

    [feed] = hub.local_feeds()
    feed.close(CLOSE_TOKEN_DEAD)

    assert await behind.closed() == CLOSE_TOKEN_DEAD


async def test_purged_conversation_is_closed_though_not_all_was_read(hub: Hub, behind: Chat) -> None:
    [feed] = hub.local_feeds()
    feed.lose()

    assert await behind.closed() == CLOSE_ENDED


async def test_message_after_the_end_is_refused_and_a_retry_from_before_is_not(
    visitor: Opened, visitor_chat: Make, hub: object
) -> None:
    from intake.rules.messages import Posting, Stored, store_messages

    def send(body: str, origin: object) -> object:
        posting = Posting(visitor.conversation.pk, Message.Role.VISITOR, None, origin, body)  # type: ignore[arg-type]
        return store_messages([posting], now=timezone.now())[0]

    import uuid

    before, after = uuid.uuid4(), uuid.uuid4()
    await sync_to_async(send)("før", before)
    await end(visitor)

    retried = await sync_to_async(send)("før", before)
    late = await sync_to_async(send)("etter", after)

    assert isinstance(retried, Stored)
    assert retried.seq == 1
    assert getattr(late, "code", None) == "ended"


async def test_erase_closes_the_socket_and_leaves_nothing(visitor: Opened, visitor_chat: Make) -> None:
    chat = visitor_chat()
    await chat.hello(token=visitor.token)
    await chat.post("slett dette")
    await chat.read("ack")

    await sync_to_async(erase_conversation)(visitor.conversation, now=timezone.now())
    await sync_to_async(announce)(visitor.conversation)

    assert (await state(chat, "ended"))["reason"] == "erased"
    assert await chat.closed() == CLOSE_ENDED
    assert not await Conversation.objects.filter(pk=visitor.conversation.pk).aexists()
    assert not await Message.objects.filter(conversation_id=visitor.conversation.pk).aexists()


async def test_handed_back_conversation_leaves_the_counsellor_and_waits_again(
    visitor: Opened, counsellor: Counsellor, client_of: ClientOf, visitor_chat: Make, staff_chat: Make
) -> None:
    await claim(visitor, counsellor)
    hers = staff_chat(await sync_to_async(client_of)(counsellor))
    await hers.hello(conversation=str(visitor.conversation.public_id))
    chat = visitor_chat()
    await chat.hello(token=visitor.token)

    await sync_to_async(hand_back_conversation)(visitor.conversation, counsellor=counsellor, now=timezone.now())
    await sync_to_async(announce)(visitor.conversation)

    assert await hers.closed() == CLOSE_POLICY
    assert (await state(chat, "waiting"))["counsellor"] is None


async def test_dead_token_is_closed(visitor: Opened, visitor_chat: Make) -> None:
    chat = visitor_chat()
    assert await chat.open()
    await chat.say(type="hello", token="not-a-token")

    assert await chat.closed() == CLOSE_TOKEN_DEAD


async def test_desk_hears_that_the_queue_changed(
    counsellor: Counsellor, client_of: ClientOf, staff_chat: Make, helpline: object
) -> None:
    desk = staff_chat(await sync_to_async(client_of)(counsellor))
    await desk.hello()
    await desk.read("queue")
    await desk.read("queue")

    from intake.rules.openings import open_conversation

    opened = await sync_to_async(open_conversation)(helpline, language="nb", intro={}, now=timezone.now())  # type: ignore[arg-type]
    await sync_to_async(announce)(opened.conversation)

    assert (await desk.read("queue"))["place"] == 0


async def test_open_desk_takes_the_nobody_notice_away(
    visitor: Opened, counsellor: Counsellor, client_of: ClientOf, visitor_chat: Make, staff_chat: Make
) -> None:
    chat = visitor_chat()
    await chat.hello(token=visitor.token)
    assert "nobody_on_duty" in (await chat.read("queue"))["notices"]

    desk = staff_chat(await sync_to_async(client_of)(counsellor))
    await desk.hello()

    assert (await chat.read("queue"))["notices"] == []
