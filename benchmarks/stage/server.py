"""A web server to measure, as a process of its own."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass

from scripts.development import web_command
from scripts.machine import ROOT, Missing
from tests.servers import free_port
from tests.web import compose_web_command

READY_SECONDS = 60.0
STOP_SECONDS = 20.0


@dataclass(frozen=True)
class Server:
    port: int
    pid: int


def chatline_command(port: int, application: str = "chatline.asgi:application") -> list[str]:
    """The web command of an installation, with another application in its place if one is named."""
    command = web_command(host="127.0.0.1", port=port)
    return [sys.executable, "-m", *(application if part == "chatline.asgi:application" else part for part in command)]


def daphne_command(port: int) -> list[str]:
    """The other server that Chatline is tested on, as docker-compose.yml has it."""
    command = compose_web_command("daphne")
    command[command.index("--bind") + 1] = "127.0.0.1"
    command[command.index("--port") + 1] = str(port)
    return [sys.executable, "-m", *command]


def storeless_command(port: int) -> list[str]:
    return chatline_command(port, "benchmarks.storeless.application:application")


def textbook_command(port: int) -> list[str]:
    options = ["-v", "0", "-b", "127.0.0.1", "-p", str(port)]
    return [sys.executable, "-m", "daphne", *options, "benchmarks.textbook.asgi:application"]


AS_SHIPPED = {"MALLOC_ARENA_MAX": "2"}
"""What docker-compose.yml says of memory."""


@contextlib.contextmanager
def serving(command: list[str], port: int, **environment: str) -> Iterator[Server]:
    """`command`, once it listens on `port`, until the block ends. Raises `Missing` when it does not."""
    settings = {**AS_SHIPPED, **os.environ, **environment}
    process = subprocess.Popen(command, cwd=ROOT, stdin=subprocess.DEVNULL, start_new_session=True, env=settings)
    try:
        _wait_until_it_listens(port, process)
        yield Server(port, process.pid)
    finally:
        process.send_signal(signal.SIGTERM)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(timeout=STOP_SECONDS)
        process.kill()
        process.wait()


def _wait_until_it_listens(port: int, process: subprocess.Popen[bytes]) -> None:
    give_up_at = time.monotonic() + READY_SECONDS
    while process.poll() is None and time.monotonic() < give_up_at:
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
            return
        time.sleep(0.05)
    raise Missing(f"The server to measure did not start: {' '.join(process.args)}")  # type: ignore[arg-type]


__all__ = [
    "Server",
    "chatline_command",
    "daphne_command",
    "free_port",
    "serving",
    "storeless_command",
    "textbook_command",
]
