"""When somebody is back: when the application has answered what she asked after everything had healed."""

from __future__ import annotations

import time

AGAIN_SECONDS = 1.0
ANSWERS = frozenset({"welcome", "head", "message", "ack"})
"""What is said because somebody asked: by `hello`, `sync`, `message`. A PONG is the websocket library's, and proves
nothing: it comes from a process that can do nothing else any more."""


class Comeback:
    """Of one client. Nothing counts before `begin`, and nothing that was asked before it."""

    def __init__(self) -> None:
        self._since: float | None = None
        self._asked_at: float | None = None
        self._answered_at: float | None = None

    def begin(self) -> None:
        """Now everything is there again. A second time, what has been counted does not count."""
        self._since, self._asked_at, self._answered_at = time.monotonic(), None, None

    @property
    def is_awaited(self) -> bool:
        return self._since is not None and self._answered_at is None

    @property
    def seconds(self) -> float | None:
        """From the healing to the answer; None without one."""
        return None if self._since is None or self._answered_at is None else self._answered_at - self._since

    @property
    def wants_question(self) -> bool:
        """Whether it is time to ask, or to ask again."""
        return self.is_awaited and (self._asked_at is None or time.monotonic() - self._asked_at > AGAIN_SECONDS)

    def note_question(self) -> None:
        if self.is_awaited:
            self._asked_at = time.monotonic()

    def note(self, kind: str) -> None:
        """A frame of this kind has come."""
        if self.is_awaited and self._asked_at is not None and kind in ANSWERS:
            self._answered_at = time.monotonic()
