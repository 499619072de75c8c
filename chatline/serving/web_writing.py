"""uvicorn's websocket with cheaper writing: what a client is told in one turn of the event loop is one system call.

A message brings its sender two frames, the acknowledgement and her own copy, and a write is the dearest thing that a
busy server does. A text frame of a server is a short header and the text (RFC 6455, section 5.2), so it is made here.
"""

from __future__ import annotations

from typing import Any

from uvicorn.protocols.utils import ClientDisconnected
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from websockets.frames import Frame
from websockets.protocol import OPEN

HELD_BYTES = 16_384
"""So much goes out at once: who reads slowly must be noticed before more is made for her."""
TEXT_FRAME = 0x81


class GroupedWrites(WebSocketsSansIOProtocol):
    """Everything but a text frame goes uvicorn's own way, behind what was held."""

    _held: list[bytes] | None = None
    _held_bytes = 0

    async def send(self, message: Any) -> None:
        text = message.get("text") if message["type"] == "websocket.send" else None
        if text is None or not self._is_plainly_open():
            self.flush()
            await super().send(message)
            return
        if not self.writable.is_set():
            await self.writable.wait()
        if self.disconnected or not self._is_plainly_open():
            raise ClientDisconnected
        self._hold(text.encode())

    def _is_plainly_open(self) -> bool:
        return self.handshake_complete and not self.close_sent and self.conn.state is OPEN and not self.conn.extensions

    def _hold(self, text: bytes) -> None:
        if self._held is None:
            self._held = []
            self.loop.call_soon(self.flush)
        self._held += (frame_head(len(text)), text)
        self._held_bytes += len(text)
        if self._held_bytes >= HELD_BYTES:
            self.flush()

    def flush(self) -> None:
        """Write what is held. Nothing is, when the socket has been closed meanwhile."""
        held, self._held, self._held_bytes = self._held, None, 0
        if held and not self.close_sent and not self.transport.is_closing():
            self.transport.write(b"".join(held))

    def handle_close(self, event: Frame) -> None:
        self.flush()
        super().handle_close(event)

    def handle_parser_exception(self) -> None:
        self.flush()
        super().handle_parser_exception()

    def shutdown(self) -> None:
        self.flush()
        super().shutdown()


def frame_head(size: int) -> bytes:
    """The header of one whole, unmasked text frame."""
    if size < 126:
        return bytes((TEXT_FRAME, size))
    if size < 1 << 16:
        return bytes((TEXT_FRAME, 126)) + size.to_bytes(2, "big")
    return bytes((TEXT_FRAME, 127)) + size.to_bytes(8, "big")
