"""Who takes part in `benchmarks/delivery.py`, and how each is started, emptied and checked."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from importlib.metadata import version as installed

from benchmarks.load.party import Entrance, Party
from benchmarks.load.rounds import Played
from benchmarks.load.socketio import SocketIoParty
from benchmarks.load.xmpp import XmppParty
from benchmarks.stage import ejabberd, socketio
from benchmarks.stage.conversations import forget_messages, forget_textbook_messages, textbook_entrances
from benchmarks.stage.ledger import check_chatline, check_storeless, check_textbook
from benchmarks.stage.server import (
    Server,
    chatline_command,
    daphne_command,
    free_port,
    serving,
    storeless_command,
    textbook_command,
)
from scripts.machine import ROOT

Serve = Callable[[], AbstractContextManager[Server]]


@dataclass(frozen=True)
class Contestant:
    """`entrances` makes those of so many conversations; Chatline's are made once, by its own rules, and are None."""

    name: str
    title: str
    serve: Serve
    check: Callable[[Played], None]
    forget: Callable[[], None] = forget_messages
    entrances: Callable[[int], Iterable[Entrance]] | None = None
    party: type[Party] = Party
    prepare: Callable[[], None] = field(default=lambda: None)
    version: Callable[[], str] = field(default=lambda: "")


def started_by(command: Callable[[int], list[str]], **environment: str) -> Serve:
    @contextlib.contextmanager
    def serve() -> Iterator[Server]:
        port = free_port()
        with serving(command(port), port, **environment) as server:
            yield server

    return serve


def create_textbook_tables() -> None:
    environment = {**os.environ, "DJANGO_SETTINGS_MODULE": "benchmarks.textbook.settings"}
    command = [sys.executable, "-m", "django", "migrate", "--run-syncdb", "--verbosity", "0"]
    subprocess.run(command, cwd=ROOT, env=environment, check=True, stdin=subprocess.DEVNULL)


def versions_of(*packages: str) -> Callable[[], str]:
    return lambda: ", ".join(f"{package} {installed(package)}" for package in packages)


def textbook(name: str, title: str, **environment: str) -> Contestant:
    return Contestant(
        name, title, started_by(textbook_command, **environment), check_textbook,
        forget=forget_textbook_messages, entrances=textbook_entrances, prepare=create_textbook_tables,
        version=versions_of("daphne", "channels", "channels-redis", "Django"),
    )  # fmt: skip


CONTESTANTS = [
    Contestant(
        "chatline", "Chatline", started_by(chatline_command), check_chatline,
        version=versions_of("uvicorn", "uvloop", "websockets", "msgspec", "psycopg", "Django"),
    ),
    Contestant(
        "socketio", "socket.io", socketio.serve, socketio.check, forget=socketio.forget,
        entrances=socketio.entrances, party=SocketIoParty, prepare=socketio.prepare, version=socketio.version,
    ),
    Contestant(
        "ejabberd", "ejabberd", ejabberd.serve, ejabberd.check, forget=ejabberd.forget,
        entrances=ejabberd.entrances, party=XmppParty, prepare=ejabberd.prepare, version=ejabberd.version,
    ),
    Contestant(
        "daphne", "Chatline on daphne", started_by(daphne_command), check_chatline, version=versions_of("daphne")
    ),
    Contestant("storeless", "(a) without storage", started_by(storeless_command), check_storeless),
    textbook("textbook", "(b) textbook"),
    textbook("pooled", "(b) with a pool", TEXTBOOK_POOL="1"),
]  # fmt: skip
