"""What the shipped web command does with a client that does not read, and with clients that write when it stops."""

from __future__ import annotations

import base64
import contextlib
import json
import os
import socket
from contextlib import ExitStack, closing
from pathlib import Path

import pytest
from websockets.exceptions import ConnectionClosed

from tests.tab import Tab, open_conversation, tab
from tests.web import SERVERS, Installation, Web

FLOOD_BYTES = 24_000_000
STALLED_SECONDS = 3.0
STOCK = ["--ws", "websockets-sansio"]
TEXT, PING = 0x81, 0x89

pytestmark = [pytest.mark.once, pytest.mark.processes]


@pytest.fixture(scope="module")
def installation(tmp_path_factory: pytest.TempPathFactory) -> Installation:
    made = Installation(tmp_path_factory.mktemp("installation"))
    made.environment["CHATLINE_DRAIN_SECONDS"] = "0.3"
    made.manage("demo")
    return made


def memory_mb(web: Web) -> float:
    status = Path(f"/proc/{web.pid}/status")
    if not status.exists():
        pytest.skip("This system does not tell how much memory a process has: there is no /proc")
    return int(next(line for line in status.read_text().splitlines() if line.startswith("VmRSS")).split()[1]) / 1024


def frame(kind: int, payload: bytes) -> bytes:
    """A short frame under an empty mask."""
    assert len(payload) < 126
    return bytes([kind, 0x80 | len(payload)]) + b"\0\0\0\0" + payload


def deaf_link(web: Web, token: str) -> socket.socket:
    """A visitor's websocket, welcomed, whose owner reads nothing from now on."""
    link = socket.create_connection(("127.0.0.1", web.port))
    key = base64.b64encode(os.urandom(16)).decode()
    headers = ["GET /ws/visitor/ HTTP/1.1", f"Host: 127.0.0.1:{web.port}", "Upgrade: websocket", "Connection: Upgrade"]
    headers += [f"Sec-WebSocket-Key: {key}", "Sec-WebSocket-Version: 13", "Sec-WebSocket-Protocol: helpline.v1"]
    link.settimeout(10)
    link.sendall("\r\n".join([*headers, "", ""]).encode())
    read_until(link, b"\r\n\r\n")
    link.sendall(frame(TEXT, json.dumps({"type": "hello", "token": token}).encode()))
    read_until(link, b'"welcome"')
    return link


def read_until(link: socket.socket, wanted: bytes) -> None:
    seen = b""
    while wanted not in seen:
        part = link.recv(4096)
        assert part, "the server hung up"
        seen += part


def flood(link: socket.socket) -> int:
    """How many bytes of PINGs it takes until it has stalled, or all of them."""
    link.settimeout(STALLED_SECONDS)
    pings = frame(PING, b"p" * 120) * 500
    sent = 0
    try:
        while sent < FLOOD_BYTES:
            sent += link.send(pings)
    except TimeoutError:
        pass
    return sent


def test_who_does_not_read_is_not_read(installation: Installation) -> None:
    with Web(installation, name="bounded") as web, closing(deaf_link(web, open_conversation(web.address))) as link:
        before = memory_mb(web)

        sent = flood(link)

        assert sent < FLOOD_BYTES, "it took everything"
        assert memory_mb(web) - before < 6


def test_stock_websocket_is_filled_by_pings(installation: Installation) -> None:
    """Why the other one exists; when this fails, uvicorn has mended it, and chatline/web_protocol.py can shrink."""
    with (
        Web(installation, name="stock", extra=STOCK) as web,
        closing(deaf_link(web, open_conversation(web.address))) as link,
    ):
        before = memory_mb(web)

        sent = flood(link)

        assert sent >= FLOOD_BYTES
        assert memory_mb(web) - before > 10


def close_code_of(one: Tab) -> int | None:
    """What the server said last."""
    with contextlib.suppress(ConnectionClosed):
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
