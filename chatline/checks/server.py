"""How the process was started: what it listens on, and what it writes. A command is no server."""

from __future__ import annotations

import ipaddress
import logging
import os
import sys
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import environ
from django.conf import settings
from django.core.checks import CheckMessage, Tags, register

from chatline.checks.findings import finding
from chatline.checks.listening import READERS, is_loopback, plain_hosts, values_of
from chatline.logs.quiet_logs import JsonFormatter, PlainFormatter

ACCESS_LOGS = (
    "uvicorn.access",
    "hypercorn.access",
    "gunicorn.access",
    "django.server",
    "django.channels.server",
    "aiohttp.access",
)
QUIET = (JsonFormatter, PlainFormatter)
WEBSOCKET = "chatline.serving.web_protocol:BoundedWebSocket"

env = environ.FileAwareEnv()


@register(Tags.security, deploy=True)
def check_server(**kwargs: Any) -> list[CheckMessage]:
    numbers = (*listening(sys.argv), *access_logs(sys.argv), *own_logs(all_loggers()), *websockets(sys.argv))
    return [finding(number) for number in numbers]


def program_of(arguments: Sequence[str]) -> str | None:
    """Which server this is, started by its own name or as `python -m`."""
    path = Path(arguments[0]) if arguments else Path()
    name = path.parent.name if path.name == "__main__.py" else path.name
    return name if name in READERS else None


def listening(arguments: Sequence[str]) -> Iterator[str]:
    program = program_of(arguments)
    hosts = plain_hosts(program, arguments) if program else []
    if not settings.TRUSTED_PROXIES:
        if not all(map(is_loopback, hosts)):
            yield "chatline.E013"
    elif any(map(is_open, hosts)) and not env.bool("CHATLINE_INNER_NETWORK", default=False):
        # Whoever comes past the proxy writes the header that is believed: she is whom she likes.
        yield "chatline.W041"


def is_open(host: str) -> bool:
    """Whether it is every address of the machine, or one that the whole world can reach. A name does not tell."""
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return not host
    return address.is_unspecified or address.is_global


def access_logs(arguments: Sequence[str]) -> Iterator[str]:
    loggers = [logging.getLogger(name) for name in ACCESS_LOGS]
    if daphne_writes(arguments) or any(log.isEnabledFor(logging.INFO) and log.hasHandlers() for log in loggers):
        yield "chatline.E010"


def daphne_writes(arguments: Sequence[str]) -> bool:
    """daphne writes its access log itself, to its output, unless it is told to say nothing at all."""
    if program_of(arguments) != "daphne":
        return False
    verbosity = values_of(arguments, "-v", "--verbosity")
    return bool(values_of(arguments, "--access-log")) or verbosity[-1:] != ["0"]


def all_loggers() -> Iterable[logging.Logger]:
    known = logging.root.manager.loggerDict.values()
    return [logging.root, *(logger for logger in known if isinstance(logger, logging.Logger))]


def own_logs(loggers: Iterable[logging.Logger]) -> Iterator[str]:
    """Whatever writes lines that are not built as ours are (chatline/logs/quiet_logs.py)."""
    handlers = [handler for logger in loggers for handler in logger.handlers]
    if any(not isinstance(h, logging.NullHandler) and not isinstance(h.formatter, QUIET) for h in handlers):
        yield "chatline.E014"


def websockets(arguments: Sequence[str]) -> Iterator[str]:
    """uvicorn's own class answers whoever never reads, and keeps all of it (docs/decisions.md, "The server")."""
    if program_of(arguments) == "uvicorn":
        given = values_of(arguments, "--ws") or [os.environ.get("UVICORN_WS", "")]
        if given[-1] != WEBSOCKET:
            yield "chatline.W039"
