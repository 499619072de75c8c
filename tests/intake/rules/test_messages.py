"""A batch of messages: stored in one transaction, and one bad row does not fail its neighbours."""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import pytest
from django.db import connection, connections
from django.utils import timezone

from intake.models import Conversation, Message
from intake.rules.messages import Posting, Stored, read_messages, store_messages
from intake.rules.openings import Opened
from intake.sealing.key_store import cache
from intake.sealing.models import SealKey

pytestmark = pytest.mark.django_db(transaction=True)

NOW = timezone.now()


def post(visitor: Opened, body: str = "hei", origin_id: uuid.UUID | None = None) -> Posting:
    return Posting(visitor.conversation.pk, Message.Role.VISITOR, None, origin_id or uuid.uuid4(), body)


def kinds(outcomes: Sequence[object]) -> list[str]:
    return [type(outcome).__name__ for outcome in outcomes]


@contextmanager
def refusing_rows_of(conversation: Conversation) -> Iterator[None]:
    """The database itself refuses this conversation's messages."""
    postgres = connection.vendor == "postgresql"
    make = (
        [
            (
                f"CREATE FUNCTION refuse() RETURNS trigger AS $$ BEGIN IF NEW.conversation_id = {conversation.pk} THEN"
                f" RAISE EXCEPTION 'refused'; END IF; RETURN NEW; END $$ LANGUAGE plpgsql"
            ),
            "CREATE TRIGGER refuse BEFORE INSERT ON intake_message FOR EACH ROW EXECUTE FUNCTION refuse()",
        ]
        if postgres
        else [
            (
                f"CREATE TRIGGER refuse BEFORE INSERT ON intake_message WHEN NEW.conversation_id = {conversation.pk} "
                "BEGIN SELECT RAISE(ABORT, 'refused'); END"
            )
        ]
    )
    with connection.cursor() as cursor:
        for statement in make:
            cursor.execute(statement)
    try:
        yield
    finally:
        with connection.cursor() as cursor:
            cursor.execute("DROP TRIGGER refuse" + (" ON intake_message" if postgres else ""))
            if postgres:
                cursor.execute("DROP FUNCTION refuse")


def test_bad_row_does_not_fail_its_neighbour(visitor: Opened, other_visitor: Opened) -> None:
    with refusing_rows_of(visitor.conversation):
        outcomes = store_messages([post(visitor), post(other_visitor)], now=NOW)

    assert kinds(outcomes) == ["Unavailable", "Stored"]


def test_spoilt_key_does_not_fail_its_neighbour(visitor: Opened, other_visitor: Opened) -> None:
    SealKey.objects.filter(pk=visitor.conversation.public_id).update(wrapped=b"x" * 60)
    cache.clear()

    outcomes = store_messages([post(visitor), post(other_visitor)], now=NOW)

    assert kinds(outcomes) == ["UnknownConversation", "Stored"]


def test_wrong_head_does_not_fail_its_neighbour(visitor: Opened, other_visitor: Opened) -> None:
    store_messages([post(visitor)], now=NOW)
    Conversation.objects.filter(pk=visitor.conversation.pk).update(head=0)

    outcomes = store_messages([post(visitor), post(other_visitor)], now=NOW)

    assert kinds(outcomes) == ["Unavailable", "Stored"]


def test_lost_connection_to_the_key_store_heals_in_the_next_batch(visitor: Opened, other_visitor: Opened) -> None:
    cache.clear()
    if connections["keys"].vendor == "postgresql":
        end_other_backends()
    connections["keys"].ensure_connection()

    store_messages([post(visitor), post(other_visitor)], now=NOW)
    outcomes = store_messages([post(visitor), post(other_visitor)], now=NOW)

    assert kinds(outcomes) == ["Stored", "Stored"]


def end_other_backends() -> None:
    """As a restart of the key store's server would."""
    connections["keys"].ensure_connection()
    with connection.cursor() as cursor:
        name = connections["keys"].settings_dict["NAME"]
        cursor.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s", [name])


def test_batch_is_numbered_without_holes_whatever_is_in_it(visitor: Opened, other_visitor: Opened) -> None:
    known = uuid.uuid4()
    store_messages([post(visitor, "først", known)], now=NOW)

    batch = [
        post(visitor, "to"),
        post(visitor, "først", known),
        post(other_visitor, "en"),
        post(visitor, "annet innhold", known),
        post(visitor, "tre"),
    ]
    outcomes = store_messages(batch, now=NOW)

    assert kinds(outcomes) == ["Stored", "Stored", "Stored", "ConflictingRetry", "Stored"]
    assert [outcome.seq for outcome in outcomes if isinstance(outcome, Stored)] == [2, 1, 1, 3]
    read = read_messages({visitor.conversation.pk: 0})[visitor.conversation.pk]
    assert [(message.seq, message.body) for message in read] == [(1, "først"), (2, "to"), (3, "tre")]
