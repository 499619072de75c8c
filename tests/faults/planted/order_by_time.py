"""A server that shows messages in the order of their time stamps. For proving the checker alone.

The machines' clocks differ a little, as clocks do.
"""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from django.utils import timezone

from chatline.asgi import application
from intake.delivery import hub
from intake.delivery.feed import Numbered
from intake.delivery.hub import Hub, number_message
from intake.rules import messages
from intake.rules.message_rows import Head
from intake.rules.messages import PULL_MESSAGES, Outcome, Posting, Stored, read_messages, store_messages

__all__ = ["application"]

CLOCK_ERROR = timedelta(seconds=random.uniform(-2, 2))


class ExactBatch(messages._Batch):
    """Time stamps to the microsecond."""

    def __init__(
        self,
        postings: Sequence[Posting],
        heads: Mapping[int, Head],
        known: dict[messages.Origin, Stored] | None,
        *,
        now: datetime,
    ) -> None:
        super().__init__(postings, heads, known, now=now)
        self.minute = now


class TimelyHub(Hub):
    async def messages_after(self, conversation_id: int, after: int) -> Sequence[Numbered] | None:
        found = await self._reader.submit((conversation_id, after))
        return [number_message(stored) for stored in found]


def _store(postings: list[Posting]) -> list[Outcome]:
    return store_messages(postings, now=timezone.now() + CLOCK_ERROR)


def _read(cursors: list[tuple[int, int]]) -> list[list[Stored]]:
    return [_in_order_of_time(pk)[after : after + PULL_MESSAGES] for pk, after in cursors]


def _in_order_of_time(pk: int) -> list[Stored]:
    found: list[Stored] = []
    while part := read_messages({pk: found[-1].seq if found else 0}).get(pk):
        found += part
    found.sort(key=lambda stored: stored.sent_at)
    return [replace(stored, seq=number) for number, stored in enumerate(found, start=1)]


messages._Batch = ExactBatch  # type: ignore[misc]
hub._store, hub._read, hub.Hub = _store, _read, TimelyHub  # type: ignore[misc]
