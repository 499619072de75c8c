"""Signs of life between the two: composing, paused, displayed. Never stored, at most one of a kind in three seconds."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from intake.delivery import frames
from intake.delivery.feed import Feed

if TYPE_CHECKING:
    from intake.delivery.hub import Hub

SIGN_SECONDS = 3.0
SIGN_BACKLOG = 16
"""Whoever has this much unread is shown no more signs."""


class Signs:
    """Passes one side's signs to the other side, here and in other processes."""

    def __init__(self, hub: Hub) -> None:
        self._hub = hub
        self._sent_at: dict[tuple[int, str, str], float] = {}
        self._latest: dict[tuple[int, str], int] = {}

    def give(self, feed: Feed, kind: str, seq: int = 0) -> None:
        """`feed`'s side is composing, has paused, or has displayed up to `seq`."""
        key = (feed.conversation_id, feed.role, kind)
        wait = self._sent_at.get(key, 0.0) + SIGN_SECONDS - time.monotonic()
        if kind == "displayed":
            later = key[:2] in self._latest
            self._latest[key[:2]] = max(seq, self._latest.get(key[:2], 0))
            if later:
                return
            # The last one must arrive, so it is passed on late rather than dropped.
            self._hub.loop.call_later(max(0.0, wait), self._pass_displayed, key)
        elif wait <= 0:
            self._pass(key, 0)

    def _pass_displayed(self, key: tuple[int, str, str]) -> None:
        self._pass(key, self._latest.pop(key[:2], 0))

    def _pass(self, key: tuple[int, str, str], seq: int) -> None:
        now = time.monotonic()
        if len(self._sent_at) > 10_000:
            self._sent_at = {k: at for k, at in self._sent_at.items() if now - at < SIGN_SECONDS}
        self._sent_at[key] = now
        conversation_id, role, kind = key
        self.show(conversation_id, role, kind, seq)
        self._hub.wakeups.publish({"signs": [[conversation_id, role, kind, seq]]})

    def show(self, conversation_id: int, role: str, kind: str, seq: int) -> None:
        """Show it to the local feeds of the other side."""
        for feed in self._hub.feeds.get(conversation_id, ()):
            if feed.role != role and feed.backlog < SIGN_BACKLOG:
                feed.say(_frame(kind, role, seq))


def _frame(kind: str, role: str, seq: int) -> frames.ServerFrame:
    if kind == "displayed":
        return frames.OtherDisplayed(role=role, seq=seq)
    return frames.OtherComposing(role=role) if kind == "composing" else frames.OtherPaused(role=role)
