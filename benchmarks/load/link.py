"""A websocket client (RFC 6455) as thin as it can be, so that the server and not the client is measured.

No extensions, no fragments: the servers of these benchmarks send neither.
"""

from __future__ import annotations

import asyncio
import base64
import os
import random
import ssl
from collections.abc import Callable
from typing import cast

from websockets.speedups import apply_mask

TEXT, CLOSE, PING, PONG = 0x1, 0x8, 0x9, 0xA
NORMAL = 1000
LOST = 1006
SUBPROTOCOL = "helpline.v1"


class Link(asyncio.Protocol):
    """One connection. `on_text` gets every text frame, `on_close` the close code, once."""

    __slots__ = ("_code", "_on_close", "_on_text", "_opened", "_rest", "_transport")

    def __init__(self, on_text: Callable[[bytes], None], on_close: Callable[[int], None]) -> None:
        self._on_text, self._on_close = on_text, on_close
        self._rest = b""
        self._code = LOST
        self._opened: asyncio.Future[None] | None = asyncio.get_running_loop().create_future()
        self._transport: asyncio.Transport | None = None

    @classmethod
    async def connect(
        cls,
        port: int,
        path: str,
        *,
        on_text: Callable[[bytes], None],
        on_close: Callable[[int], None],
        headers: str = "",
        subprotocol: str = SUBPROTOCOL,
        tls: ssl.SSLContext | None = None,
    ) -> Link:
        """Raises `OSError` when the server does not accept. With `tls` its name is `localhost`."""
        loop = asyncio.get_running_loop()
        name = "localhost" if tls else None
        host = name or "127.0.0.1"
        _, link = await loop.create_connection(
            lambda: cls(on_text, on_close), "127.0.0.1", port, ssl=tls, server_hostname=name
        )
        request = _request(f"{host}:{port}", path, headers, subprotocol)
        link._transport.write(request.encode())  # type: ignore[union-attr]  # connected
        await link._opened  # type: ignore[misc]  # not opened yet
        link._opened = None
        return link

    def send(self, text: bytes) -> None:
        self._send_frame(TEXT, text)

    def close(self) -> None:
        self._send_frame(CLOSE, NORMAL.to_bytes(2, "big"))
        if self._transport is not None:
            self._transport.close()

    def _send_frame(self, opcode: int, payload: bytes) -> None:
        if self._transport is None or self._transport.is_closing():
            return
        size = len(payload)
        head = (
            bytes((0x80 | opcode, 0x80 | size)) if size < 126 else bytes((0x80 | opcode, 254)) + size.to_bytes(2, "big")
        )
        mask = random.getrandbits(32).to_bytes(4, "big")
        self._transport.write(head + mask + apply_mask(payload, mask))

    # -- asyncio.Protocol -----------------------------------------------------------------------------------
    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)

    def connection_lost(self, exc: Exception | None) -> None:
        self._transport = None
        self._fail("the connection was lost")
        self._on_close(self._code)

    def data_received(self, data: bytes) -> None:
        data = self._rest + data if self._rest else data
        if self._opened is not None and not self._opened.done():
            data = self._take_answer(data)
        if self._opened is None or self._opened.done():
            data = self._take_frames(data)
        self._rest = data

    def _take_answer(self, data: bytes) -> bytes:
        head, end, rest = data.partition(b"\r\n\r\n")
        if not end:
            return data
        if not head.startswith(b"HTTP/1.1 101"):
            self._fail(head.split(b"\r\n")[0].decode("latin-1"))
        elif self._opened is not None:
            self._opened.set_result(None)
        return rest

    def _fail(self, why: str) -> None:
        if self._opened is not None and not self._opened.done():
            self._opened.set_exception(OSError(why))

    def _take_frames(self, data: bytes) -> bytes:
        start, end = 0, len(data)
        while end - start >= 2:
            size, first = data[start + 1], start + 2
            if size == 126:
                size, first = int.from_bytes(data[start + 2 : start + 4], "big"), start + 4
            if first > end or first + size > end:
                break
            self._take_frame(data[start] & 0x0F, data[first : first + size])
            start = first + size
        return data[start:]

    def _take_frame(self, opcode: int, payload: bytes) -> None:
        if opcode == TEXT:
            self._on_text(payload)
        elif opcode == PING:
            self._send_frame(PONG, payload)
        elif opcode == CLOSE:
            self._code = int.from_bytes(payload[:2], "big") or NORMAL


def _request(host: str, path: str, headers: str, subprotocol: str) -> str:
    if subprotocol:
        headers = f"Sec-WebSocket-Protocol: {subprotocol}\r\n{headers}"
    key = base64.b64encode(os.urandom(16)).decode()
    return (
        f"GET {path} HTTP/1.1\r\nHost: {host}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        f"Sec-WebSocket-Key: {key}\r\nSec-WebSocket-Version: 13\r\n"
        f"{headers}\r\n"
    )
