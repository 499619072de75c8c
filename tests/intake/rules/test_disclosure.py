"""What can be produced about one conversation: all there is while it lives, and nothing after its purge."""

from __future__ import annotations

import io
import uuid

import pytest
from django.core.management import call_command
from django.utils import timezone

from counsellor.models import Counsellor
from intake.models import Conversation, Helpline, IntroQuestion, Message, PendingContact
from intake.rules.lifecycle import claim_conversation, end_conversation
from intake.rules.messages import PULL_MESSAGES, Posting, store_messages
from intake.rules.openings import Opened, open_conversation
from intake.rules.retention import purge_conversations
from intake.sealing.key_store import destroy_keys

pytestmark = pytest.mark.django_db

BODY = "jeg gruer meg til besøket"
ANSWER = "broren min sitter inne"
OTHERS_BODY = "dette er en annens"


def disclosed(public_id: uuid.UUID) -> str:
    out = io.StringIO()
    call_command("disclose", str(public_id), stdout=out)
    return out.getvalue()


def write(conversation: Conversation, *bodies: str) -> None:
    postings = [Posting(conversation.pk, Message.Role.VISITOR, None, uuid.uuid4(), body) for body in bodies]
    store_messages(postings, now=timezone.now())


@pytest.fixture
def told(helpline: Helpline, counsellor: Counsellor) -> Conversation:
    """A conversation with an intro answer, a message, a counsellor and an end."""
    IntroQuestion.objects.create(helpline=helpline, key="why", label={"nb": "Hva gjelder det?"})
    now = timezone.now()
    conversation = open_conversation(helpline, language="nb", intro={"why": ANSWER}, now=now).conversation
    write(conversation, BODY)
    claim_conversation(conversation, counsellor=counsellor, now=now)
    end_conversation(conversation, reason=Conversation.EndReason.COUNSELLOR, now=now)
    return conversation


def test_everything_about_a_conversation_is_printed(told: Conversation, other_visitor: Opened) -> None:
    write(other_visitor.conversation, OTHERS_BODY)

    text = disclosed(told.public_id)

    assert f"visitor: {BODY}" in text
    assert f"Hva gjelder det? {ANSWER}" in text
    assert told.token_hash.hex() in text
    assert text.count("sealing.SealKey") == text.count("intake.PendingContact") == 1
    assert OTHERS_BODY not in text
    assert str(other_visitor.conversation.public_id) not in text


def test_long_conversation_is_printed_whole_and_in_order(visitor: Opened) -> None:
    bodies = [f"melding {number}" for number in range(2 * PULL_MESSAGES + 1)]
    write(visitor.conversation, *bodies)

    lines = disclosed(visitor.conversation.public_id).splitlines()

    assert [line.partition("visitor: ")[2] for line in lines if "visitor: " in line] == bodies


def test_nothing_is_printed_after_the_purge(told: Conversation) -> None:
    purge_conversations([told.public_id])

    assert disclosed(told.public_id) == ""
    assert PendingContact.objects.count() == 1


def test_row_that_outlives_its_key_is_printed_without_its_text(told: Conversation) -> None:
    destroy_keys([told.public_id])

    text = disclosed(told.public_id)
    assert "intake.Conversation" in text
    assert BODY not in text
    assert ANSWER not in text


def test_nothing_is_printed_for_a_conversation_that_never_was() -> None:
    assert disclosed(uuid.uuid4()) == ""
