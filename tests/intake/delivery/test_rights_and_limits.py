from __future__ import annotations

import asyncio
import contextlib

import pytest
from asgiref.sync import sync_to_async
from django.test import Client
from django.utils import timezone

from counsellor.models import Counsellor, SecondFactor
from counsellor.sockets import ADMITTED_AT_ONCE, Admission, Knock, _admit
from intake.delivery import hub as exchange
from intake.delivery.frames import CLOSE_POLICY, CLOSE_TOKEN_DEAD, CLOSE_TOO_BIG, CLOSE_TRY_LATER
from intake.delivery.hub import Hub
from intake.models import Message
from intake.rules.lifecycle import claim_conversation, hand_back_conversation
from intake.rules.messages import Posting, store_messages
from intake.rules.openings import Opened
from tests.intake.delivery.conftest import Chat, Make
from tests.people import ClientOf

pytestmark = pytest.mark.django_db(transaction=True)


async def enter(chat: Chat, visitor: Opened) -> int:
    assert await chat.open()
    await chat.say(type="hello", conversation=str(visitor.conversation.public_id))
    return await chat.closed()


@pytest.fixture
def claimed(visitor: Opened, counsellor: Counsellor) -> Opened:
    claim_conversation(visitor.conversation, counsellor=counsellor, now=timezone.now())
    return visitor


@pytest.mark.parametrize("person", ["other_counsellor", "duty_leader", "coordinator", "stranger", "administrator"])
async def test_nobody_but_her_counsellor_enters_a_conversation(
    claimed: Opened, person: str, request: pytest.FixtureRequest, client_of: ClientOf, staff_chat: Make
) -> None:
    someone = await sync_to_async(request.getfixturevalue)(person)
    client = await sync_to_async(client_of)(someone)

    assert await enter(staff_chat(client), claimed) == CLOSE_TOKEN_DEAD


async def test_conversation_that_goes_to_a_colleague_while_she_comes_in_is_not_shown_to_her(
    hub: Hub,
    claimed: Opened,
    counsellor: Counsellor,
    other_counsellor: Counsellor,
    client_of: ClientOf,
    staff_chat: Make,
) -> None:
    def admit_and_hand_over(asked: list[Knock]) -> list[Admission]:
        admitted = _admit(asked)
        hand_back_conversation(claimed.conversation, counsellor=counsellor, now=timezone.now())
        claim_conversation(claimed.conversation, counsellor=other_counsellor, now=timezone.now())
        return admitted

    hub.grouped(admit_and_hand_over, most=ADMITTED_AT_ONCE, name="door")  # the first to ask for it makes it
    chat = staff_chat(await sync_to_async(client_of)(counsellor))
    assert await chat.open()

    await chat.say(type="hello", conversation=str(claimed.conversation.public_id))

    assert (await chat.next())["type"] == "error"
    assert await chat.closed() == CLOSE_TOKEN_DEAD
    assert hub.local_feeds() == []


async def test_password_alone_does_not_open_a_staff_socket(
    claimed: Opened, counsellor: Counsellor, staff_chat: Make
) -> None:
    client = Client()
    await sync_to_async(client.force_login)(counsellor, backend="counsellor.backend.RoleBackend")

    assert await enter(staff_chat(client), claimed) == CLOSE_TOKEN_DEAD


async def test_staff_socket_without_a_session_is_closed(claimed: Opened, staff_chat: Make) -> None:
    assert await enter(staff_chat(Client()), claimed) == CLOSE_TOKEN_DEAD


async def test_deactivated_counsellor_loses_her_sockets(
    claimed: Opened, counsellor: Counsellor, client_of: ClientOf, staff_chat: Make
) -> None:
    client = await sync_to_async(client_of)(counsellor)
    chat, desk = staff_chat(client), staff_chat(client)
    await chat.hello(conversation=str(claimed.conversation.public_id))
    await desk.hello()

    counsellor.is_active = False
    await sync_to_async(counsellor.save)()

    assert await chat.closed() == CLOSE_TOKEN_DEAD
    assert await desk.closed() == CLOSE_TOKEN_DEAD


async def test_logged_out_counsellor_loses_her_sockets(
    claimed: Opened, counsellor: Counsellor, client_of: ClientOf, staff_chat: Make
) -> None:
    client = await sync_to_async(client_of)(counsellor)
    chat = staff_chat(client)
    await chat.hello(conversation=str(claimed.conversation.public_id))

    await sync_to_async(client.session.flush)()

    assert await chat.closed() == CLOSE_TOKEN_DEAD


async def test_new_password_closes_the_sockets_of_older_sessions(
    claimed: Opened, counsellor: Counsellor, client_of: ClientOf, staff_chat: Make
) -> None:
    client = await sync_to_async(client_of)(counsellor)
    chat = staff_chat(client)
    await chat.hello(conversation=str(claimed.conversation.public_id))

    counsellor.set_password("en helt ny og lang setning")
    await sync_to_async(counsellor.save)()

    assert await chat.closed() == CLOSE_TOKEN_DEAD


async def test_start_password_opens_no_socket(
    claimed: Opened, counsellor: Counsellor, client_of: ClientOf, staff_chat: Make
) -> None:
    client = await sync_to_async(client_of)(counsellor)
    await Counsellor.objects.filter(pk=counsellor.pk).aupdate(must_change_password=True)

    assert await enter(staff_chat(client), claimed) == CLOSE_TOKEN_DEAD


@pytest.mark.parametrize("person", ["coordinator", "administrator"])
async def test_one_who_does_not_answer_gets_no_desk(
    person: str, request: pytest.FixtureRequest, client_of: ClientOf, staff_chat: Make
) -> None:
    someone = await sync_to_async(request.getfixturevalue)(person)
    desk = staff_chat(await sync_to_async(client_of)(someone))
    assert await desk.open()

    await desk.say(type="hello")

    assert await desk.closed() == CLOSE_TOKEN_DEAD


async def test_removed_second_factor_closes_the_sockets(
    claimed: Opened, counsellor: Counsellor, client_of: ClientOf, staff_chat: Make
) -> None:
    client = await sync_to_async(client_of)(counsellor)
    chat = staff_chat(client)
    await chat.hello(conversation=str(claimed.conversation.public_id))

    await SecondFactor.objects.filter(user=counsellor).adelete()

    assert await chat.closed() == CLOSE_TOKEN_DEAD


def test_posting_of_another_counsellor_is_refused(claimed: Opened, other_counsellor: Counsellor) -> None:
    import uuid

    posting = Posting(claimed.conversation.pk, Message.Role.COUNSELLOR, other_counsellor.pk, uuid.uuid4(), "hei")

    outcome = store_messages([posting], now=timezone.now())[0]

    assert getattr(outcome, "code", None) == "not_permitted"
    assert not Message.objects.exists()


@pytest.mark.parametrize(
    "origin",
    ["https://elsewhere.example", "http://localhost:9999", "null", "http://[", "http://localhost:8000.example"],
)
async def test_foreign_origin_is_refused(visitor: Opened, visitor_chat: Make, origin: str) -> None:
    assert not await visitor_chat(origin=origin, host="localhost:8000").open()


async def test_own_origin_is_accepted(visitor: Opened, visitor_chat: Make) -> None:
    assert await visitor_chat(origin="http://localhost:8000", host="localhost:8000").open()


async def test_other_subprotocol_is_refused(visitor: Opened, visitor_chat: Make) -> None:
    assert not await visitor_chat(subprotocol="chat.v0").open()


async def test_burst_is_allowed_and_the_next_waits(visitor: Opened, visitor_chat: Make) -> None:
    chat = visitor_chat()
    await chat.hello(token=visitor.token)

    for number in range(6):
        await chat.post(f"melding {number}")
    error = await chat.read("error")

    assert error["code"] == "rate_limited"
    assert 0 < error["retry_after"] <= 1


async def test_one_who_does_not_heed_refusals_is_read_as_slowly_as_she_may_write(
    visitor: Opened, visitor_chat: Make
) -> None:
    chat = visitor_chat()
    await chat.hello(token=visitor.token)
    for number in range(60):
        await chat.post(f"melding {number}")

    refused = 0
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(2):
            while await chat.read("error"):
                refused += 1

    assert 5 <= refused <= 8


async def test_new_socket_does_not_get_a_new_allowance(visitor: Opened, visitor_chat: Make) -> None:
    chat = visitor_chat()
    await chat.hello(token=visitor.token)
    for number in range(5):
        await chat.post(f"melding {number}")
        await chat.read("ack")
    await chat.leave()

    again = visitor_chat()
    await again.hello(token=visitor.token, after=5)
    await again.post("og en til")

    assert (await again.read("error"))["code"] == "rate_limited"


@pytest.mark.parametrize(("body", "code"), [("a" * 4001, "too_long"), ("  \n ", "malformed"), ("", "malformed")])
async def test_body_outside_the_limits_is_refused(visitor: Opened, visitor_chat: Make, body: str, code: str) -> None:
    chat = visitor_chat()
    await chat.hello(token=visitor.token)

    origin = await chat.post(body)
    error = await chat.read("error")

    assert (error["code"], error["origin_id"]) == (code, origin)


async def test_longest_body_is_accepted(visitor: Opened, visitor_chat: Make) -> None:
    chat = visitor_chat()
    await chat.hello(token=visitor.token)

    await chat.post("å" * 4000)

    assert (await chat.read("ack"))["seq"] == 1


BAD_FRAMES = [
    "not json",
    "{}",
    '{"type":"nothing"}',
    '{"type":"sync"}',
    '{"type":"sync","after":1,"more":2}',
    '{"type":"sync","after":"1"}',
    '{"type":"sync","after":NaN}',
    '{"type":"message","origin_id":"1","body":"x"}',
    '{"type":"message","origin_id":"7b4ad2d1-9d5a-4f0e-8f6b-0b7f4f2d9f11","body":"\\ud800"}',
    "[" * 5000,
    '{"type":"hello","token":"x"}',
]


@pytest.mark.parametrize("text", BAD_FRAMES)
async def test_bad_frame_is_answered_and_forgiven(visitor: Opened, visitor_chat: Make, text: str) -> None:
    chat = visitor_chat()
    await chat.hello(token=visitor.token)

    await chat.socket.send_to(text_data=text)
    error = await chat.read("error")
    await chat.post("går fortsatt")

    assert error["code"] == "malformed"
    assert (await chat.read("ack"))["seq"] == 1


async def test_five_bad_frames_close_the_socket(visitor: Opened, visitor_chat: Make) -> None:
    chat = visitor_chat()
    await chat.hello(token=visitor.token)

    for _ in range(5):
        await chat.socket.send_to(text_data="not json")

    assert await chat.closed() == CLOSE_POLICY


async def test_one_side_has_no_more_sockets_than_a_person_has_tabs(
    visitor: Opened, visitor_chat: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(exchange, "FEEDS_PER_SIDE", 3)
    chats = [visitor_chat() for _ in range(4)]
    for chat in chats[:3]:
        await chat.hello(token=visitor.token)

    await chats[3].open()
    await chats[3].say(type="hello", token=visitor.token)

    assert (await chats[3].read("error"))["code"] == "unavailable"
    assert await chats[3].closed() == CLOSE_TRY_LATER
    await chats[0].post("de andre går fortsatt")
    assert (await chats[1].read("message"))["body"] == "de andre går fortsatt"


async def test_binary_frame_is_answered(visitor: Opened, visitor_chat: Make) -> None:
    chat = visitor_chat()
    await chat.hello(token=visitor.token)

    await chat.socket.send_to(bytes_data=b"\x00\xff")

    assert (await chat.read("error"))["code"] == "malformed"


async def test_frame_over_the_size_closes(visitor: Opened, visitor_chat: Make) -> None:
    chat = visitor_chat()
    await chat.hello(token=visitor.token)

    await chat.socket.send_to(text_data="x" * (16 * 1024 + 1))

    assert await chat.closed() == CLOSE_TOO_BIG


async def test_first_frame_that_is_not_hello_closes(visitor: Opened, visitor_chat: Make) -> None:
    chat = visitor_chat()
    assert await chat.open()

    await chat.post("hei")

    assert await chat.closed() == CLOSE_POLICY


async def test_composing_reaches_the_other_side_only(
    claimed: Opened, counsellor: Counsellor, client_of: ClientOf, visitor_chat: Make, staff_chat: Make
) -> None:
    client = await sync_to_async(client_of)(counsellor)
    mine, hers = visitor_chat(), staff_chat(client)
    await mine.hello(token=claimed.token)
    await hers.hello(conversation=str(claimed.conversation.public_id))

    await mine.say(type="composing")
    await mine.say(type="composing")

    assert (await hers.read("composing"))["role"] == "visitor"
    await mine.say(type="paused")
    assert (await hers.read("paused"))["role"] == "visitor"


async def test_client_that_confirms_each_message_is_slowed_and_not_thrown_out(
    visitor: Opened, visitor_chat: Make
) -> None:
    chat = visitor_chat()
    await chat.hello(token=visitor.token)

    for seq in range(130):
        await chat.say(type="displayed", seq=seq)
    await chat.post("fortsatt her")

    assert (await chat.read("ack"))["seq"] == 1


async def test_displayed_reaches_the_other_side(
    claimed: Opened, counsellor: Counsellor, client_of: ClientOf, visitor_chat: Make, staff_chat: Make
) -> None:
    client = await sync_to_async(client_of)(counsellor)
    mine, hers = visitor_chat(), staff_chat(client)
    await mine.hello(token=claimed.token)
    await hers.hello(conversation=str(claimed.conversation.public_id))
    await mine.post("ser du dette?")
    await hers.read("message")

    await hers.say(type="displayed", seq=1)

    assert await mine.read("displayed") == {"type": "displayed", "role": "counsellor", "seq": 1}
