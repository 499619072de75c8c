"""One side of a conversation on a socket.io server: Engine.IO 4 packets that hold Socket.IO 5 packets."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field

import msgspec

from benchmarks.load.link import Link
from benchmarks.load.party import Heard, Party, body_of

PATH = "/socket.io/?EIO=4&transport=websocket"
OPENED, PING, PONG = b"0", b"2", b"3"
CONNECT, EVENT, ACK, REFUSED = b"40", b"42", b"43", b"44"

read_message = msgspec.json.Decoder(tuple[str, int, str, str, str]).decode
read_ack = msgspec.json.Decoder(tuple[int]).decode


@dataclass
class SocketIoParty(Party):
    """`hello` of its entrance is the packet that connects; an acknowledgement names a packet, not the message."""

    packets: dict[int, str] = field(default_factory=dict)

    async def connect(self, port: int) -> None:
        loop = asyncio.get_running_loop()
        self._opened, self._welcomed = loop.create_future(), loop.create_future()
        self.link = await Link.connect(port, PATH, on_text=self.take, on_close=self.closed, subprotocol="")
        async with asyncio.timeout(30):
            await self._opened
            self.link.send(self.entrance.hello)
            await self._welcomed

    def confirm(self) -> None:
        return None  # it has no window

    def send_message(self, origin: str) -> None:
        number = len(self.packets)
        self.packets[number] = origin
        self.link.send(f'42{number}["message","{origin}","{body_of(origin)}"]'.encode())  # type: ignore[union-attr]

    def take(self, text: bytes) -> None:
        kind = text[:2]
        if kind == EVENT:
            _, seq, origin, role, body = read_message(text[2:])
            self.take_message(Heard("message", seq=seq, origin_id=origin, role=role, body=body))
        elif kind == ACK:
            self._take_packet(text)
        elif text == PING:
            self.link.send(PONG)  # type: ignore[union-attr]
        elif text[:1] == OPENED:
            self._opened.set_result(None)
        elif kind == CONNECT:
            self._welcomed.set_result(None)
        elif kind == REFUSED:
            self.errors.append("refused")

    def _take_packet(self, text: bytes) -> None:
        number, _, _ = text[2:].partition(b"[")
        origin, (seq,) = self.packets[int(number)], read_ack(text[2 + len(number) :])
        if seq:
            self.take_ack(Heard("ack", seq=seq, origin_id=origin))
        else:
            self.take_error(Heard("error", origin_id=origin, code="not stored"))
