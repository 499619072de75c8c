"""The addresses on which a server listens without TLS, by its command line and its environment.

Read as each server reads them: where one value counts it is the last, and where they add up it is all of them.
"""

from __future__ import annotations

import ipaddress
import os
import re
import shlex
from collections.abc import Callable, Iterator, Sequence

Arguments = Sequence[str]

LOOPBACK = "127.0.0.1"
"""Where every server listens that is told nothing."""
# Endpoints of daphne that speak TLS, or that no address leads to.
OTHER_ENDPOINTS = ("ssl:", "unix:", "fd:", "systemd:")
PAIR = re.compile(r"^(?:\[(?P<bracketed>[^\]]*)\](?::\d*)?|(?P<host>[^:]*):[^:]*|(?P<alone>.*))$")


def plain_hosts(program: str, arguments: Arguments) -> list[str]:
    """Every host that `program` answers on in clear. An empty one is every address of the machine."""
    return READERS[program](arguments)


def is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host in ("localhost", "unix")


def values_of(arguments: Arguments, *options: str) -> list[str]:
    """What the option was given, in order: `--bind X`, `--bind=X`, `--bin X`, `-b X`, `-bX`."""
    following = [*arguments[1:], ""][: len(arguments)]
    pairs = zip(arguments, following, strict=True)
    return [value for argument, after in pairs for option in options for value in value_in(argument, option, after)]


def value_in(argument: str, option: str, following: str) -> Iterator[str]:
    if option.startswith("--"):
        # Most servers take a beginning of the name for the whole.
        name, equals, given = argument.partition("=")
        if len(name) > 2 and option.startswith(name):
            yield given if equals else following
    elif argument.startswith(option):
        yield argument.removeprefix(option).removeprefix("=") or following


def of_uvicorn(arguments: Arguments) -> list[str]:
    if values_of(arguments, "--ssl-keyfile", "--ssl-certfile"):
        return []
    given = values_of(arguments, "--host")
    return [given[-1] if given else os.environ.get("UVICORN_HOST") or LOOPBACK]


def of_daphne(arguments: Arguments) -> list[str]:
    bound = values_of(arguments, "-b", "--bind")[-1:]
    endpoints = values_of(arguments, "-e", "--endpoint")
    return [host_of(host) for host in bound] + [
        interface_of(endpoint) for endpoint in endpoints if not endpoint.startswith(OTHER_ENDPOINTS)
    ]


def of_hypercorn(arguments: Arguments) -> list[str]:
    clear = values_of(arguments, "--insecure-bind")
    if not values_of(arguments, "--certfile"):
        clear += values_of(arguments, "-b", "--bind")
    return [host_of(bind) for bind in clear]


def of_gunicorn(arguments: Arguments) -> list[str]:
    told = shlex.split(os.environ.get("GUNICORN_CMD_ARGS", ""))
    if values_of([*told, *arguments], "--certfile", "--keyfile"):
        return []
    port = os.environ.get("PORT")
    bound = values_of(arguments, "-b", "--bind") or values_of(told, "-b", "--bind") or ([f":{port}"] if port else [])
    return [host_of(bind) for bind in bound]


def host_of(bind: str) -> str:
    """The host of `host:port`, `[host]:port`, or of a host alone."""
    found = PAIR.match(bind)
    return next((part for part in found.groups() if part is not None), "") if found else bind


def interface_of(endpoint: str) -> str:
    r"""The address of Twisted's `tcp:8000:interface=\:\:1`; without one it is every address."""
    parts = [part.replace("\\:", ":") for part in re.split(r"(?<!\\):", endpoint)]
    named = dict(part.split("=", 1) for part in parts if "=" in part)
    by_place = [part for part in parts if "=" not in part]
    return named.get("interface", by_place[2] if len(by_place) > 2 else "")


READERS: dict[str, Callable[[Arguments], list[str]]] = {
    "uvicorn": of_uvicorn,
    "daphne": of_daphne,
    "hypercorn": of_hypercorn,
    "gunicorn": of_gunicorn,
}
