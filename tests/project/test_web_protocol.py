"""What the shipped web command does with a client that does not read, with clients that write when it stops, and with a
thread that hangs then."""

from __future__ import annotations

import signal
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

import pytest
from websockets.exceptions import ConnectionClosed

from tests.faults.rude import PING, Rude, frame, say
from tests.faults.watch import resident_megabytes
from tests.tab import Tab, open_conversation, tab
from tests.web import SERVERS, Installation, Web

FLOOD_BYTES = 24_000_000
STALLED_SECONDS = 3.0
STOCK = ["--ws", "websockets-sansio"]
HANGING_SECONDS = 60
GONE_SECONDS = 8.0
# A thread as those that talk to the database are, which the interpreter waits for when it ends.
HANGING = f"""
import runpy, sys, time
from concurrent.futures import ThreadPoolExecutor
ThreadPoolExecutor().submit(time.sleep, {HANGING_SECONDS})
del sys.argv[0]
runpy.run_path(sys.argv[0], run_name="__main__")
"""

pytestmark = [pytest.mark.once, pytest.mark.processes]


@pytest.fixture(scope="module")
def installation(tmp_path_factory: pytest.TempPathFactory) -> Installation:
    made = Installation(tmp_path_factory.mktemp("installation"))
    made.environment["CHATLINE_DRAIN_SECONDS"] = "0.3"
    made.manage("demo")
    return made


def weight(web: Web) -> float:
    if not Path(f"/proc/{web.pid}").exists():
        pytest.skip("This system does not tell how much memory a process has: there is no /proc")
    return resident_megabytes(web.pid)


@contextmanager
def deaf_link(web: Web) -> Iterator[Rude]:
    """A visitor's websocket, welcomed, whose owner reads nothing from now on."""
    link = Rude(web.socket_address, "/ws/visitor/")
    try:
        link.socket.sendall(say(type="hello", token=open_conversation(web.address)))
        told, _ = link.read_until(lambda one: one["type"] == "welcome", seconds=10)
        assert told[-1]["type"] == "welcome"
        yield link
    finally:
        link.leave()


def flood(link: Rude) -> int:
    """How many bytes of PINGs it takes until it has stalled, or all of them."""
    link.socket.settimeout(STALLED_SECONDS)
    pings = frame(b"p" * 120, PING) * 500
    sent = 0
    try:
        while sent < FLOOD_BYTES:
            sent += link.socket.send(pings)
    except TimeoutError:
        pass
    return sent


def test_who_does_not_read_is_not_read(installation: Installation) -> None:
    with Web(installation, name="bounded") as web, deaf_link(web) as link:
        before = weight(web)

        sent = flood(link)

        assert sent < FLOOD_BYTES, "it took everything"
        assert weight(web) - before < 6


def test_stock_websocket_is_filled_by_pings(installation: Installation) -> None:
    """Why the other one exists; when this fails, uvicorn has mended it, and ours can shrink."""
    with Web(installation, name="stock", extra=STOCK) as web, deaf_link(web) as link:
        before = weight(web)

        sent = flood(link)

        assert sent >= FLOOD_BYTES
        assert weight(web) - before > 10


def close_code_of(one: Tab) -> int | None:
    """What the server said last."""
    with suppress(ConnectionClosed):
        while True:
            one.link.recv(timeout=10)
    return one.link.close_code


@pytest.mark.parametrize("server", SERVERS)
def test_who_is_writing_when_the_process_stops_is_told_why(installation: Installation, server: str) -> None:
    with Web(installation, name=f"stopping-{server}", server=server) as web, ExitStack() as stack:
        tabs = [stack.enter_context(tab(web.address, open_conversation(web.address))) for _ in range(8)]
        for one in tabs:
            for _ in range(300):
                one.send(type="paused")
        web.stop()

        assert [close_code_of(one) for one in tabs] == [1012] * len(tabs)


class HangingWeb(Web):
    def command(self) -> list[str]:
        return [sys.executable, "-c", HANGING, *super().command()]


@pytest.mark.parametrize("server", SERVERS)
def test_process_goes_although_a_thread_hangs(installation: Installation, server: str) -> None:
    with HangingWeb(installation, server=server) as web, tab(web.address, open_conversation(web.address)) as visitor:
        origin_id = visitor.write("rett før")
        visitor.wait_for("ack", origin_id=origin_id)
        asked_at = time.monotonic()

        code = web.stop()

        assert time.monotonic() - asked_at < GONE_SECONDS
        assert visitor.wait_for("drain")["reconnect_in"] >= 0
    assert code == -signal.SIGTERM
    assert visitor.link.close_code == 1012
