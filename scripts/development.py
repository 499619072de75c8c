"""`run`: the whole of Chatline on one machine, with demo data, until Ctrl-C."""

from __future__ import annotations

import contextlib
import json
import os
import secrets
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from types import FrameType

from scripts.environment import python_path, set_up
from scripts.machine import ROOT, Missing

READY_SECONDS = 60.0
# The server itself takes up to 15 s to say goodbye to everybody.
STOP_SECONDS = 20.0
HOUSEKEEPING_SECONDS = 60


def web_command(*, host: str, port: int) -> list[str]:
    """The web process, flag for flag as in docker-compose.yml (a test holds them together)."""
    return [
        "uvicorn", "chatline.asgi:application", "--host", host, "--port", str(port),
        "--loop", "uvloop", "--http", "httptools", "--ws", "chatline.serving.web_protocol:BoundedWebSocket",
        "--ws-max-size", "16384", "--ws-per-message-deflate", "false", "--backlog", "4096",
        "--timeout-graceful-shutdown", "4", "--no-proxy-headers", "--no-server-header",
        "--no-access-log", "--log-config", "deploy/logging.json",
    ]  # fmt: skip


def installation_environment(data: Path) -> dict[str, str]:
    """Environment of every process of an installation in `data`. What the caller has set already, stays."""
    given = {"CHATLINE_DATA_DIR": str(data), "CHATLINE_DEMO": "1", "PYTHONUNBUFFERED": "1"}
    return {**given, **os.environ, "CHATLINE_DATA_DIR": str(data)}


def manage(*arguments: str, environment: dict[str, str]) -> str:
    """What a management command prints. Its errors go to the terminal; raises `Missing` when it fails."""
    command = [str(python_path()), "manage.py", *arguments]
    answer = subprocess.run(
        command, cwd=ROOT, env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True, check=False
    )
    if answer.returncode:
        raise Missing(f"manage.py {arguments[0]} failed: see above.")
    return answer.stdout


def prepare(data: Path, environment: dict[str, str]) -> None:
    """Secrets and tables. Does nothing to what is there."""
    data.mkdir(parents=True, exist_ok=True, mode=0o700)
    write_secret_key(data / "secret_key")
    manage("create_keys", environment=environment)
    for alias in ("default", "keys"):
        manage("migrate", "--no-input", "--verbosity", "0", "--database", alias, environment=environment)


def write_secret_key(path: Path) -> None:
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return
    with os.fdopen(handle, "w") as file:
        file.write(secrets.token_urlsafe(64) + "\n")


def require_free_port(host: str, port: int) -> None:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            raise Missing(
                f"Port {port} on {host} cannot be used ({os.strerror(error.errno or 0)}): "
                f"choose another, for example make run PORT={port + 1}"
            ) from None


def start(command: list[str], environment: dict[str, str]) -> subprocess.Popen[bytes]:
    """A child outside the terminal's process group: Ctrl-C reaches it once, through us, as SIGTERM."""
    return subprocess.Popen(command, cwd=ROOT, env=environment, stdin=subprocess.DEVNULL, start_new_session=True)


def is_ready(address: str) -> bool:
    try:
        with urllib.request.urlopen(f"{address}/readyz", timeout=2) as answer:  # noqa: S310 - our own http address
            return bool(json.load(answer)["ready"])
    except (OSError, urllib.error.HTTPError, ValueError, KeyError):
        return False


def wait_until_ready(address: str, web: subprocess.Popen[bytes]) -> None:
    give_up_at = time.monotonic() + READY_SECONDS
    while time.monotonic() < give_up_at:
        if web.poll() is not None:
            raise Missing("The server stopped before it was ready: see above.")
        if is_ready(address):
            return
        time.sleep(0.1)
    raise Missing(f"The server was not ready after {READY_SECONDS:.0f} seconds.")


@contextlib.contextmanager
def children(commands: list[list[str]], environment: dict[str, str]) -> Iterator[list[subprocess.Popen[bytes]]]:
    """Processes that end with the block: asked first, killed after 20 seconds."""
    started: list[subprocess.Popen[bytes]] = []
    try:
        for command in commands:
            started.append(start(command, environment))  # noqa: PERF401 - what was started before an error must be stopped
        yield started
    finally:
        for process in started:
            process.terminate()
        give_up_at = time.monotonic() + STOP_SECONDS
        for process in started:
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(timeout=max(0.1, give_up_at - time.monotonic()))
            process.kill()


class Stopped(BaseException):
    """SIGTERM or Ctrl-C: not an error."""


def stop_on_signals() -> None:
    def stop(number: int, frame: FrameType | None) -> None:
        for ignored in (signal.SIGINT, signal.SIGTERM):
            signal.signal(ignored, signal.SIG_IGN)
        raise Stopped

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, stop)


def serve(*, host: str, port: int, data: Path) -> int:
    """Set up whatever is missing, start everything, and stay until Ctrl-C."""
    stop_on_signals()
    require_free_port(host, port)
    set_up()
    environment = installation_environment(data.resolve())
    print(f"Preparing {data} ...", flush=True)
    prepare(data, environment)
    logins = manage("demo", "--no-hint", environment=environment)
    web = web_command(host=host, port=port)
    housekeeping = ["manage.py", "housekeeping", "--every", str(HOUSEKEEPING_SECONDS)]
    python = str(python_path())
    with children([[python, "-m", *web], [python, *housekeeping]], environment) as processes:
        address = f"http://{'[' + host + ']' if ':' in host else host}:{port}"
        wait_until_ready(address, processes[0])
        print(welcome(address, logins, data=data), flush=True)
        return watch(processes)


def welcome(address: str, logins: str, *, data: Path) -> str:
    own_data = "" if data.resolve() == ROOT / "var" else f" DATA={data}"
    return f"""
Chatline is running. Stop it with Ctrl-C.

  Helplines   {address}/
  Staff       {address}/counsellor/
  Code        make totp NAME=kari{own_data}     (the second factor of a demo login, in another terminal)

{logins.strip()}
"""


def watch(processes: list[subprocess.Popen[bytes]]) -> int:
    """Stay while all of them run. 1 when one stops by itself."""
    while all(process.poll() is None for process in processes):
        time.sleep(0.3)
    print("A process of Chatline stopped by itself: see above.", file=sys.stderr)
    return 1
