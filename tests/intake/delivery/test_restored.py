"""The past is replaced under open sockets: nobody is shown a mixture of two, and nobody another's."""

from __future__ import annotations

import uuid

import pytest
from asgiref.sync import sync_to_async

from intake.delivery.announcing import announce
from intake.delivery.frames import CLOSE_ENDED
from intake.models import Conversation, Message
from intake.rules.openings import Opened
from tests.intake.delivery.conftest import Chat, Make

pytestmark = pytest.mark.django_db(transaction=True)


async def write(chat: Chat, *bodies: str) -> None:
    for body in bodies:
        await chat.post(body)
        await chat.read("ack")


@sync_to_async
def go_back(visitor: Opened, *, head: int) -> None:
    """What a restore of an earlier backup leaves."""
    Message.objects.filter(conversation=visitor.conversation, seq__gt=head).delete()
    Conversation.objects.filter(pk=visitor.conversation.pk).update(head=head, epoch=visitor.conversation.epoch ^ 1)
    announce(visitor.conversation)


async def test_open_socket_is_shown_the_restored_past_alone(visitor: Opened, visitor_chat: Make) -> None:
    chat, slow = visitor_chat(), visitor_chat()
    await chat.hello(token=visitor.token)
    await slow.hello(token=visitor.token)
    await write(chat, "en", "to", "tre")

    await go_back(visitor, head=1)
    gap = await chat.read("gap")
    await chat.say(type="sync", after=0)
    restored = [await chat.read("message")]
    await write(chat, "fire")
    restored.append(await chat.read("message"))

    assert gap["epoch"] == visitor.conversation.epoch ^ 1
    assert [(frame["seq"], frame["body"]) for frame in restored] == [(1, "en"), (2, "fire")]


async def test_socket_whose_number_is_another_conversation_now_is_let_go(visitor: Opened, visitor_chat: Make) -> None:
    chat = visitor_chat()
    await chat.hello(token=visitor.token)
    await write(chat, "mitt")

    await Conversation.objects.filter(pk=visitor.conversation.pk).aupdate(public_id=uuid.uuid4(), epoch=5)
    await sync_to_async(announce)(visitor.conversation)

    assert await chat.closed() == CLOSE_ENDED
