"""uvicorn's websocket with bounded reading: who asks faster than she is answered, or does not read, is not read either.

uvicorn makes everything that one read brought into events at once, and answers a PING whether its answers are read or
not. A read may bring ten thousand frames, and frames that are no message (PING, PONG, parts of one) reach nobody who
could say that it is enough. So what was read is parsed a piece at a time, and such frames have a rate of their own.

Most reads bring one whole text frame and nothing else (RFC 6455, section 5.2). That one is read here, for an eighth
less time a message; everything else is the library's.
"""

from __future__ import annotations

import socket
from asyncio import TimerHandle
from asyncio.transports import BaseTransport
from contextlib import suppress
from typing import Any

from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from websockets.exceptions import InvalidState
from websockets.frames import apply_mask  # type: ignore[attr-defined]  # in C, or without

from intake.delivery.rate import Bucket

WHOLE_BYTES = 4096
"""A text that came alone and whole, and not longer than this, is read here."""
PIECE_BYTES = 512
"""Of everything else so much is parsed before somebody must have taken what came of it, or it is counted."""
RECEIVE_BYTES = 32_768
"""So much does the system keep unread for a socket; without a bound it is megabytes."""
IDLE_BURST = 32
IDLE_PER_SECOND = 4
"""Frames that bring no message: a client answers a PING every 20 s, and sends few messages in parts."""
QUEUED_EVENTS = 8
"""Messages that may wait for the application before nothing more is read. uvicorn stops reading at each, which costs
two system calls a message."""
NOT_TEXT = 1007
WHOLE_TEXT = 0x81
MASKED = 0x80
TWO_MORE = 126


class BoundedReads(WebSocketsSansIOProtocol):
    """Bytes wait unparsed in `_rest`; the transport reads only when there are none."""

    _rest = b""
    _idle: Bucket | None = None
    _resting: TimerHandle | None = None

    def connection_made(self, transport: BaseTransport) -> None:
        super().connection_made(transport)
        own = transport.get_extra_info("socket")
        if own is not None:
            own.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, RECEIVE_BYTES)

    def data_received(self, data: bytes) -> None:
        if self._rest or not self._may_parse() or not self._take_whole(data):
            self._rest += data
            self.go_on()

    def _take_whole(self, data: bytes) -> bool:
        text = plain_text(data) if len(data) <= WHOLE_BYTES and self._is_between_messages() else None
        if text is not None and not self.close_sent:
            self._hand_over({"type": "websocket.receive", "text": text})
        return text is not None

    def _is_between_messages(self) -> bool:
        """Whether the library's parser has used up all bytes and waits for the first of a message, or for the end."""
        parser: Any = self.conn.parser
        frames = parser.gi_yieldfrom
        waiting = frames.gi_yieldfrom if frames is not None else None
        return waiting is not None and waiting.__name__ == "at_eof" and self.conn.current_size is None

    def handle_events(self) -> None:
        arrived, waiting = len(self.conn.events), self.queue.qsize()
        super().handle_events()
        if idle := arrived - (self.queue.qsize() - waiting):
            self._count_idle(idle)

    def send_receive_event_to_app(self) -> None:
        data, self.frames = b"".join(self.frames), []
        if self.close_sent:
            return
        if self.curr_msg_data_type == "bytes":
            self._hand_over({"type": "websocket.receive", "bytes": data})
            return
        try:
            self._hand_over({"type": "websocket.receive", "text": data.decode()})
        except UnicodeDecodeError:
            # uvicorn does the same, and writes a line to the log each time: somebody could fill a disk with it.
            with suppress(InvalidState):  # her own goodbye, read together with it, has been answered
                self.conn.send_close(NOT_TEXT)
            self.handle_parser_exception()

    def _hand_over(self, event: Any) -> None:
        self.queue.put_nowait(event)
        if not self.read_paused and self.queue.qsize() >= QUEUED_EVENTS:
            self.read_paused = True
            self.transport.pause_reading()

    def _count_idle(self, frames: int) -> None:
        if self._idle is None:
            self._idle = Bucket(IDLE_BURST, IDLE_PER_SECOND)
        if (seconds := self._idle.spend(frames)) and self._resting is None:
            self._resting = self.loop.call_later(seconds, self._rested)
            self.transport.pause_reading()

    def _rested(self) -> None:
        self._resting = None
        self.go_on()

    def _may_parse(self) -> bool:
        return not self.read_paused and self._resting is None and self.writable.is_set()

    def go_on(self) -> None:
        """Parse what is there, and read on when nothing is left; otherwise do not read."""
        while self._rest and self._may_parse() and not self.transport.is_closing():
            piece, self._rest = self._rest[:PIECE_BYTES], self._rest[PIECE_BYTES:]
            if not self._take_whole(piece):
                super().data_received(piece)
        if self.transport.is_closing():
            self._rest = b""
        elif self._rest or not self._may_parse():
            self.transport.pause_reading()
        else:
            self.transport.resume_reading()

    def pause_writing(self) -> None:
        super().pause_writing()
        self.go_on()

    def resume_writing(self) -> None:
        super().resume_writing()
        self.go_on()

    async def receive(self) -> Any:
        message = await self.queue.get()
        if self.read_paused and self.queue.empty():
            self.read_paused = False
            self.go_on()
        return message

    def connection_lost(self, exc: Exception | None) -> None:
        super().connection_lost(exc)
        self._rest = b""
        if self._resting is not None:
            self._resting.cancel()
            self._resting = None


def plain_text(data: bytes) -> str | None:
    """The text of a client's frame, when `data` is one whole text message of up to 65,535 bytes; otherwise None."""
    if len(data) < 6 or data[0] != WHOLE_TEXT:
        return None
    size, body = data[1] - MASKED, 6
    if size == TWO_MORE:
        size, body = int.from_bytes(data[2:4], "big"), 8
    elif size > TWO_MORE:
        return None
    if len(data) != body + size:
        return None
    try:
        return apply_mask(data[body:], data[body - 4 : body]).decode()
    except UnicodeDecodeError:
        return None
