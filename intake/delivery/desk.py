"""A counsellor's desk feed: it is told that a queue has changed, and keeps her present while it is open."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from django.utils import timezone

from intake.delivery import frames
from intake.delivery.frames import ServerFrame, encode

SEND_SECONDS = 5.0


class Desk:
    """`helpline_ids` are those whose queue she may see."""

    def __init__(
        self,
        user_id: int,
        helpline_ids: frozenset[int],
        session_key: str,
        send: Callable[[dict[str, object]], Awaitable[None]],
    ) -> None:
        self.user_id, self.helpline_ids, self.session_key = user_id, helpline_ids, session_key
        self._send = send
        self.marked_at = timezone.now()
        self.gone = False

    async def say(self, frame: ServerFrame) -> None:
        await self._try({"type": "websocket.send", "text": encode(frame)})

    async def close(self, code: int) -> None:
        await self._try({"type": "websocket.close", "code": code})
        self.gone = True

    async def queue_changed(self) -> None:
        await self.say(frames.Queue(place=0))

    async def _try(self, event: dict[str, object]) -> None:
        if not self.gone:
            try:
                # One who does not read must not hold up the queue of all the others.
                async with asyncio.timeout(SEND_SECONDS):
                    await self._send(event)
            except (OSError, RuntimeError):
                self.gone = True
