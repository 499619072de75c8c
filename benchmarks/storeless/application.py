"""Baseline (a): Chatline's own server, sockets and frames, with a writer that numbers in memory and stores nothing.

For measuring alone: what it acks is gone when it ends.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Callable
from datetime import datetime

from django.utils import timezone

from chatline.asgi import application
from intake.delivery import hub
from intake.delivery.hub import Hub
from intake.rules.messages import Outcome, Posting, Stored

__all__ = ["application"]


class MemoryWriter:
    """Answers as the writer does, without a thread: what arrived in one turn of the event loop is one batch."""

    def __init__(self, then: Callable[[list[Outcome]], None]) -> None:
        self._then = then
        self._heads: dict[int, int] = defaultdict(int)
        self._waiting: list[tuple[Posting, asyncio.Future[Outcome]]] = []

    def submit(self, posting: Posting) -> asyncio.Future[Outcome]:
        loop = asyncio.get_running_loop()
        if not self._waiting:
            loop.call_soon(self._flush)
        future: asyncio.Future[Outcome] = loop.create_future()
        self._waiting.append((posting, future))
        return future

    def _flush(self) -> None:
        batch, self._waiting = self._waiting, []
        minute = timezone.now().replace(second=0, microsecond=0)
        outcomes: list[Outcome] = [self._number(posting, minute) for posting, _ in batch]
        self._then(outcomes)
        for (_, future), outcome in zip(batch, outcomes, strict=True):
            future.set_result(outcome)

    def _number(self, posting: Posting, minute: datetime) -> Stored:
        seq = self._heads[posting.conversation_id] = self._heads[posting.conversation_id] + 1
        return Stored(posting.conversation_id, seq, posting.sender, posting.origin_id, posting.body, minute)

    async def finish(self) -> None:
        return None


class StorelessHub(Hub):
    def __init__(self) -> None:
        super().__init__()
        self.writer = MemoryWriter(self._committed)  # type: ignore[assignment]  # it answers to the same calls


hub.Hub = StorelessHub  # type: ignore[misc]  # the running server makes its hub from this name
hub.RECENT_MESSAGES = 100_000  # there is no database to read older ones from
