"""Log lines that cannot carry what a visitor said or who she is (docs/privacy.md, "Logs").

A line is made of a few fields, each of a kind that holds nothing of anybody: it is not cleaned, it is built. Arguments,
messages put together at run time, exceptions' words and everything else in a record are never looked at.
"""

from __future__ import annotations

import json
import logging
import re
import sys
import time
import traceback
from collections.abc import Iterator
from functools import lru_cache
from importlib import import_module
from pathlib import Path
from types import CodeType, TracebackType
from typing import Any

Fields = dict[str, Any]
ExcInfo = tuple[type[BaseException] | None, BaseException | None, TracebackType | None]

FIELDS = ("time", "level", "logger", "event", "place", "status", "count", "seconds", "exception")
LEVELS = {10: "DEBUG", 20: "INFO", 30: "WARNING", 40: "ERROR", 50: "CRITICAL"}
LOGGER_NAME = re.compile(r"[A-Za-z_]\w*(\.\w+)*")
NO_MODULES = {"root", "py"}
PRINTED = "Something was printed, and is not shown."
"""Ours, and said in the name of the file that printed (chatline/logs/quiet_errors.py)."""
CHAIN = 10
PLACES = 40


def fields_of(record: logging.LogRecord) -> Fields:
    """What may be said of a record, by the names in `FIELDS`; a field with nothing to say is left out."""
    said: Fields = {
        "time": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(record.created)),
        "level": LEVELS.get(record.levelno, "INFO"),
        "logger": logger_of(record.name),
        "event": event_of(record),
        "place": place_of(record.pathname, record.lineno),
        "status": number_of(record, "status_code", "status"),
        "count": number_of(record, "count"),
        "seconds": number_of(record, "seconds"),
        "exception": links_of(record.exc_info),
    }
    return {name: said[name] for name in FIELDS if said[name] is not None}


def logger_of(name: str) -> str:
    """A logger is named after a module; any other name might be somebody's."""
    first = name.partition(".")[0]
    known = first in sys.modules or first in NO_MODULES
    return name if known and LOGGER_NAME.fullmatch(name) else "other"


def event_of(record: logging.LogRecord) -> str | None:
    """The sentence, if it stands in the source code of the line that logged it: so nobody has written it to us."""
    if not isinstance(record.msg, str):
        return None
    return record.msg if record.msg == PRINTED or record.msg in sentences_in(record.pathname) else None


@lru_cache(maxsize=1024)
def sentences_in(path: str) -> frozenset[str]:
    """Every text that stands as such in a source file.

    Compiled, and not made into a tree: Python 3.11 fails at that when a finalizer logs meanwhile.
    """
    try:
        code = compile(Path(path).read_bytes(), path, "exec", dont_inherit=True, optimize=0)
    except (OSError, ValueError, SyntaxError, RecursionError):
        return frozenset()
    return frozenset(texts_in(code))


def texts_in(code: CodeType) -> Iterator[str]:
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from texts_in(constant)
        elif isinstance(constant, str):
            yield constant
        elif isinstance(constant, tuple | frozenset):
            yield from (part for part in constant if isinstance(part, str))


def place_of(path: str, line: object) -> str | None:
    name = module_file(path)
    return f"{name}:{line}" if name and isinstance(line, int) else None


@lru_cache(maxsize=1024)
def module_file(path: str) -> str | None:
    """A source file by its path below where modules are found; None for what is none."""
    file = Path(path)
    try:
        if file.suffix != ".py" or not file.is_file():
            return None
    except (OSError, ValueError):
        return None
    roots = [Path(root) for root in sys.path if root and file.is_relative_to(root)]
    return file.relative_to(max(roots, key=lambda root: len(root.parts))).as_posix() if roots else file.name


def number_of(record: logging.LogRecord, *names: str) -> int | float | None:
    found = next((value for name in names if (value := getattr(record, name, None)) is not None), None)
    if isinstance(found, bool) or not isinstance(found, int | float):
        return None
    return round(found, 3)


def links_of(exc_info: Any) -> list[Fields] | None:
    """An exception and those behind it: types and places. Their words may quote a row, an address or a text."""
    error = exc_info[1] if isinstance(exc_info, tuple) and len(exc_info) == 3 else exc_info
    if not isinstance(error, BaseException):
        return None
    return [
        {"type": type_name(type(link)), "places": places_of(link.__traceback__)}
        for link, _ in zip(chain_of(error), range(CHAIN), strict=False)
    ]


def chain_of(error: BaseException) -> Iterator[BaseException]:
    """The exception, what it holds, and what led to it, each once."""
    seen: set[int] = set()
    waiting: list[BaseException | None] = [error]
    while waiting:
        link = waiting.pop(0)
        if link is None or id(link) in seen:
            continue
        seen.add(id(link))
        yield link
        if isinstance(link, BaseExceptionGroup):
            waiting += link.exceptions
        waiting += [link.__cause__, None if link.__suppress_context__ else link.__context__]


def type_name(kind: type[BaseException]) -> str:
    """Its name, or that of the first of its parents that can be found by name: one may be made at run time."""
    for candidate in kind.__mro__:
        found: Any = sys.modules.get(candidate.__module__)
        for part in candidate.__qualname__.split("."):
            found = getattr(found, part, None)
        if found is candidate:
            module = "" if candidate.__module__ == "builtins" else f"{candidate.__module__}."
            return f"{module}{candidate.__qualname__}"
    return "BaseException"


def places_of(trace: TracebackType | None) -> list[str]:
    steps = list(traceback.walk_tb(trace))[-PLACES:]
    return [place_of(frame.f_code.co_filename, line) or "elsewhere" for frame, line in steps]


class JsonFormatter(logging.Formatter):
    """One object a line."""

    def format(self, record: logging.LogRecord) -> str:
        return json.dumps(fields_of(record), ensure_ascii=False)


class PlainFormatter(logging.Formatter):
    """The same fields for a terminal."""

    def format(self, record: logging.LogRecord) -> str:
        said = fields_of(record)
        numbers = [f"{name} {said[name]}" for name in ("status", "count", "seconds") if name in said]
        what = f"{said.get('event', 'event')} at {said.get('place', 'elsewhere')}"
        lines = [" ".join([said["time"], said["level"], said["logger"], what, *numbers])]
        for link in said.get("exception", ()):
            lines += [*(f"  {place}" for place in link["places"]), link["type"]]
        return "\n".join(lines)


def chosen_formatter() -> logging.Formatter:
    """The one that `CHATLINE_LOG_FORMAT` names. Servers ask before Django is set up (deploy/logging.json)."""
    return PlainFormatter() if import_module("chatline.settings").LOG_FORMAT == "plain" else JsonFormatter()
