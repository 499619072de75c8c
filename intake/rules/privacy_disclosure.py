"""All that the system can produce on one conversation (docs/privacy.md). After the purge: nothing.

It walks the models, so that a new table that points to a conversation is in it from the first day.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.db import models

from intake.models import Conversation, Message
from intake.rules.intro import read_intro
from intake.rules.messages import PULL_MESSAGES, read_messages
from intake.sealing.models import SealKey

Facts = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class DisclosedRow:
    """One row: its table, and its columns with what they hold."""

    table: str
    facts: Facts


@dataclass(frozen=True, slots=True)
class DisclosedMessage:
    seq: int
    sender: str
    sent_at: str
    body: str


@dataclass(frozen=True, slots=True)
class Disclosure:
    rows: tuple[DisclosedRow, ...]
    intro: Facts
    messages: tuple[DisclosedMessage, ...]


def disclose_conversation(public_id: uuid.UUID) -> Disclosure | None:
    """Everything about the conversation, its text opened; None when there is nothing.

    For whoever may run commands on the server, at the request of the visitor or of a court.
    """
    rows = [*_rows_of(public_id)]
    conversation = Conversation.objects.filter(public_id=public_id).first()
    if conversation is None:
        return Disclosure(tuple(rows), (), ()) if rows else None
    return Disclosure(tuple(rows), tuple(read_intro(conversation)), tuple(_messages(conversation)))


def _rows_of(public_id: uuid.UUID) -> Iterator[DisclosedRow]:
    for key in SealKey.objects.filter(subject_id=public_id):
        yield _row(key)
    for conversation in Conversation.objects.filter(public_id=public_id):
        yield _row(conversation)
        for relation in conversation._meta.related_objects:
            model: Any = relation.related_model
            if model is not Message:
                for row in model._base_manager.filter(**{relation.field.name: conversation}):
                    yield _row(row)


def _row(row: models.Model) -> DisclosedRow:
    fields = [(field.name, field.value_from_object(row)) for field in row._meta.concrete_fields]
    return DisclosedRow(row._meta.label, tuple((name, _say(value)) for name, value in fields))


def _say(value: object) -> str:
    if isinstance(value, bytes | memoryview):
        return bytes(value).hex()
    return "" if value is None else str(value)


def _messages(conversation: Conversation) -> Iterator[DisclosedMessage]:
    for after in range(0, conversation.head, PULL_MESSAGES):
        for stored in read_messages({conversation.pk: after}).get(conversation.pk, []):
            sender = str(Message.Role(stored.sender).label)
            yield DisclosedMessage(stored.seq, sender, f"{stored.sent_at:%Y-%m-%d %H:%M}Z", stored.body)
