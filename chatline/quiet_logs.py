"""Log records that cannot carry what a visitor said or who she is (docs/privacy.md, "Logs")."""

from __future__ import annotations

import logging
import traceback
from types import TracebackType

# Loggers whose records hold a request line, a peer or a frame; only that something happened is let through.
TALKATIVE = (
    "uvicorn",
    "django.request",
    "django.security",
    "django.db",
    "daphne",
    "asyncio",
    "websockets",
    "axes",
    "redis",
    "psycopg",
)

ExcInfo = tuple[type[BaseException], BaseException, TracebackType | None] | tuple[None, None, None]


class QuietFilter(logging.Filter):
    """Empties the records of talkative loggers: logger, level and place stay, the words go."""

    def filter(self, record: logging.LogRecord) -> bool:
        if record.name.startswith(TALKATIVE) and not getattr(record, "quiet", False):
            record.msg, record.args = self._what(record), ()
        return True

    @staticmethod
    def _what(record: logging.LogRecord) -> str:
        status = getattr(record, "status_code", None)
        return f"event at {record.module}:{record.lineno}" + (f" status {status}" if status else "")


class QuietFormatter(logging.Formatter):
    """Tracebacks as places and exception types. An exception's message may quote a row, an address or a text."""

    def formatException(self, ei: ExcInfo) -> str:
        kind, _value, trace = ei
        places = [f"  {frame.filename}:{frame.lineno} {frame.name}" for frame in traceback.extract_tb(trace)]
        return "\n".join([*places, kind.__name__ if kind else "no exception"])

    def formatStack(self, stack_info: str) -> str:
        return ""
