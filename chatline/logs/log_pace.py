"""A fault that lasts must not fill the disk with one and the same line, nor push out of the logs how it began."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass

LINES_PER_MINUTE = 20
MINUTE_SECONDS = 60.0

Place = tuple[str, int, type[BaseException] | None]


@dataclass(slots=True)
class Window:
    """A minute of one line of code: how often it was said, how often not."""

    began_at: float
    said: int = 1
    held: int = 0


class Pace(logging.Filter):
    """Lets each line of code speak 20 times a minute about each kind of exception.

    The first line after those that were left out says in `count` how many they were.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        super().__init__()
        self._clock = clock
        self._windows: dict[Place, Window] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        now = self._clock()
        place = (record.pathname, record.lineno, record.exc_info[0] if record.exc_info else None)
        window = self._windows.get(place)
        if window is None or now - window.began_at >= MINUTE_SECONDS:
            if window is not None and window.held:
                record.count = window.held
            self._windows[place] = Window(now)
            return True
        if window.said < LINES_PER_MINUTE:
            window.said += 1
            return True
        window.held += 1
        return False
