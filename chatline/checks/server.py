"""How the process was started: what it listens on, and what it writes. A command is no server."""

from __future__ import annotations

import ipaddress
import logging
import os
import sys
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Tags, register

from chatline.checks.findings import finding
from chatline.quiet_logs import JsonFormatter, PlainFormatter

SERVERS = frozenset({"uvicorn", "daphne", "hypercorn", "gunicorn"})
HOST_OPTIONS = ("--host", "--bind", "-b")
HOST_VARIABLE = "UVICORN_HOST"
TLS_OPTIONS = ("--ssl", "--certfile", "ssl:")
ACCESS_LOGS = (
    "uvicorn.access",
    "hypercorn.access",
    "gunicorn.access",
    "django.server",
    "django.channels.server",
    "aiohttp.access",
)
QUIET = (JsonFormatter, PlainFormatter)


@register(Tags.security, deploy=True)
def check_server(**kwargs: Any) -> list[CheckMessage]:
    return [finding(number) for number in (*listening(sys.argv), *access_logs(sys.argv), *own_logs(all_loggers()))]


def program_of(arguments: Sequence[str]) -> str | None:
    """Which server this is, started by its own name or as `python -m`."""
    path = Path(arguments[0]) if arguments else Path()
    name = path.parent.name if path.name == "__main__.py" else path.name
    return name if name in SERVERS else None


def listening(arguments: Sequence[str]) -> Iterator[str]:
    has_tls = any(option in argument for argument in arguments for option in TLS_OPTIONS)
    if program_of(arguments) and not settings.TRUSTED_PROXIES and not has_tls and not is_loopback(host_of(arguments)):
        yield "chatline.E013"


def host_of(arguments: Sequence[str]) -> str:
    """The address that the server was told to listen on; servers left alone listen on the loopback address.

    uvicorn may be told by its environment, too.
    """
    for number, argument in enumerate(arguments):
        name, _, given = argument.partition("=")
        if name in HOST_OPTIONS:
            host = given or (arguments[number + 1] if number + 1 < len(arguments) else "")
            return host.rpartition(":")[0].strip("[]") if host.count(":") == 1 or host.startswith("[") else host
    return os.environ.get(HOST_VARIABLE) or "127.0.0.1"


def is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host in ("localhost", "unix")


def access_logs(arguments: Sequence[str]) -> Iterator[str]:
    loggers = [logging.getLogger(name) for name in ACCESS_LOGS]
    if daphne_writes(arguments) or any(log.isEnabledFor(logging.INFO) and log.hasHandlers() for log in loggers):
        yield "chatline.E010"


def daphne_writes(arguments: Sequence[str]) -> bool:
    """daphne writes its access log itself, to its output, unless it is told to say nothing at all."""
    if program_of(arguments) != "daphne":
        return False
    told = " ".join(arguments)
    silent = any(option in told for option in ("--verbosity 0", "--verbosity=0", "-v 0", "-v0"))
    return "--access-log" in told or not silent


def all_loggers() -> Iterable[logging.Logger]:
    known = logging.root.manager.loggerDict.values()
    return [logging.root, *(logger for logger in known if isinstance(logger, logging.Logger))]


def own_logs(loggers: Iterable[logging.Logger]) -> Iterator[str]:
    """Whatever writes lines that are not built as ours are (chatline/quiet_logs.py)."""
    handlers = [handler for logger in loggers for handler in logger.handlers]
    if any(not isinstance(h, logging.NullHandler) and not isinstance(h.formatter, QUIET) for h in handlers):
        yield "chatline.E014"
