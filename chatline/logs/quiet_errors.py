"""Python's own ways of saying that something went wrong, made as quiet as the logs (docs/privacy.md, "Logs").

By default each of them writes an exception's words, or a message's arguments, to the error stream.
"""

from __future__ import annotations

import io
import logging
import logging.config
import sys
import threading
from types import TracebackType
from typing import Any

from chatline.logs.quiet_logs import place_of

logger = logging.getLogger("chatline")


def configure(config: dict[str, Any]) -> None:
    """Django's `LOGGING_CONFIG`: the loggers, and then whatever else would speak."""
    logging.config.dictConfig(config)
    # A record that cannot be written would be printed, with its arguments.
    logging.raiseExceptions = False
    logging.captureWarnings(True)
    take_hooks()


def take_hooks() -> None:
    """In the place of Python's own, never of somebody else's."""
    if sys.excepthook is sys.__excepthook__:
        sys.excepthook = log_uncaught
    if threading.excepthook is threading.__excepthook__:
        threading.excepthook = log_thread
    if sys.unraisablehook is sys.__unraisablehook__:
        sys.unraisablehook = log_unraisable


def log_uncaught(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    # Whoever sits at a terminal has started a command and sees its words; a terminal keeps nothing.
    if issubclass(kind, KeyboardInterrupt) or sys.stderr.isatty():
        sys.__excepthook__(kind, error, trace)
    else:
        logger.critical("An error was not caught.", exc_info=(kind, error, trace))


def log_thread(what: threading.ExceptHookArgs) -> None:
    if what.exc_value is not None:
        logger.error("An error ended a thread.", exc_info=what.exc_value)


def log_unraisable(what: sys.UnraisableHookArgs) -> None:
    logger.error("An error could not be raised.", exc_info=what.exc_value)


class MutedStream(io.TextIOBase):
    """Where a library prints: it is noted that it did, and where, but not what."""

    def writable(self) -> bool:
        return True

    def write(self, text: str) -> int:
        if text.strip():
            caller = sys._getframe(1)
            place = place_of(caller.f_code.co_filename, caller.f_lineno)
            if place is not None and not place.startswith("logging/"):
                logger.warning("Something was printed, and is not shown.", stacklevel=2)  # `PRINTED`
        return len(text)


def mute_streams() -> None:
    """Nothing but log lines from here on. The handlers keep the streams that they were given."""
    sys.stdout = sys.stderr = MutedStream()
