"""Bytes of any kind, cut anywhere, through the websocket protocol of the shipped web command.

Each stream must end in the messages and the close code that RFC 6455 asks for (tests/protocol/strict_bytes.py), or in
nothing: never in an exception, a line in the log, or bytes that pile up.
"""

from __future__ import annotations

import asyncio
import logging
import random
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import uvicorn
from uvicorn.server import ServerState

from chatline.serving.web_protocol import BoundedWebSocket
from chatline.serving.web_reading import IDLE_BURST, PIECE_BYTES, QUEUED_EVENTS
from tests.protocol.strict_bytes import BINARY, CLOSE, CONTINUATION, PING, PONG, TEXT, read_stream, unmask

FRAME_BYTES = 16_384
SMALLEST_FRAME = 6
MOST_WAITING = QUEUED_EVENTS + PIECE_BYTES // SMALLEST_FRAME
"""Just too few to stop at, then a piece whose first byte ends a frame that was begun before."""
GOODBYE = 1
SLOWEST_SECONDS = 0.25
TURNS = 4
MANY = 0.002
HANDSHAKE = (
    b"GET / HTTP/1.1\r\nHost: h\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    b"Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\nSec-WebSocket-Version: 13\r\n\r\n"
)
TEXTS = [b"", b"hei", "på".encode(), b'{"type":"composing"}', b"\xff", b"\xc3", b"\xed\xa0\x80", b"\xc0\xaf"]


# -- streams ----------------------------------------------------------------------------------------------------


def write_frame(chance: random.Random, payload: bytes, opcode: int, **odd: Any) -> bytes:
    """A frame under a mask; `odd` is what is wrong with it: fin, reserved, masked, size (as told), extended."""
    masked, told = odd.get("masked", True), odd.get("size", len(payload))
    first = (odd.get("fin", True) << 7) | (odd.get("reserved", 0) << 4) | opcode
    extended = odd.get("extended", 0 if told < 126 else 2 if told < 1 << 16 else 8)
    second = {0: told & 127, 2: 126, 8: 127}[extended] | masked << 7
    key = chance.randbytes(4) if masked else b""
    size = (told & (1 << 8 * extended) - 1).to_bytes(extended, "big")
    return bytes((first, second)) + size + key + (unmask(payload, key) if masked else payload)


def any_text(chance: random.Random) -> bytes:
    if chance.random() < 0.03:
        return b"x" * chance.choice([125, 126, 4000, FRAME_BYTES - 1, FRAME_BYTES, FRAME_BYTES + 1, 20_000, 70_000])
    return chance.choice(TEXTS[:4]) if chance.random() < 0.9 else chance.choice(TEXTS)


def plain(chance: random.Random) -> bytes:
    return write_frame(chance, any_text(chance), chance.choice([TEXT, TEXT, TEXT, BINARY]))


def in_parts(chance: random.Random) -> bytes:
    """One message in parts, with what may come between them."""
    text, parts, opcode = any_text(chance) + any_text(chance), [], TEXT
    for _ in range(chance.randrange(1, 5)):
        at = chance.randrange(len(text) + 1)
        parts.append(write_frame(chance, text[:at], opcode, fin=False))
        text, opcode = text[at:], CONTINUATION
        if chance.random() < 0.3:
            parts.append(control(chance))
    return b"".join(parts) + (write_frame(chance, text, CONTINUATION) if chance.random() < 0.9 else b"")


def control(chance: random.Random) -> bytes:
    return write_frame(chance, chance.randbytes(chance.choice([0, 1, 4, 125])), chance.choice([PING, PONG]))


def goodbye(chance: random.Random) -> bytes:
    code = chance.choice([1000, 1001, 1002, 1005, 1006, 1007, 1015, 999, 2999, 3000, 4999, 5000, 1 << 15])
    payload = chance.choice([b"", b"\x03", code.to_bytes(2, "big"), code.to_bytes(2, "big") + chance.choice(TEXTS)])
    return write_frame(chance, payload, CLOSE)


def odd(chance: random.Random) -> bytes:
    """One thing is wrong with it, or two."""
    payload, opcode = any_text(chance), chance.choice([TEXT, BINARY, CONTINUATION, PING, PONG, CLOSE])
    wrongs: dict[str, Any] = {}
    for _ in range(chance.randrange(1, 3)):
        match chance.randrange(6):
            case 0:
                wrongs["reserved"] = chance.randrange(1, 8)
            case 1:
                opcode = chance.randrange(16)
            case 2:
                wrongs["masked"] = False
            case 3:
                wrongs["size"] = chance.choice([0, 1, 125, 126, 1 << 14, 1 << 16, 1 << 31, 1 << 62, (1 << 64) - 1])
            case 4:
                wrongs["fin"] = False
            case 5:
                wrongs["extended"] = chance.choice([2, 8])
    if wrongs.get("extended") == 2 and wrongs.get("size", len(payload)) >= 1 << 16:
        wrongs["extended"] = 8
    return write_frame(chance, payload, opcode, **wrongs)


def noise(chance: random.Random) -> bytes:
    return chance.randbytes(chance.randrange(1, 60))


MAKERS: list[tuple[Callable[[random.Random], bytes], int]] = [
    (plain, 40),
    (in_parts, 20),
    (control, 20),
    (goodbye, 4),
    (odd, 6),
    (noise, 1),
]


def many(chance: random.Random) -> bytes:
    """More than may wait at once."""
    return write_frame(chance, b"", TEXT) * chance.randrange(700, 3000)


def one_stream(chance: random.Random) -> bytes:
    if chance.random() < MANY:
        return many(chance)
    makers = [maker for maker, weight in MAKERS for _ in range(weight)]
    data = b"".join(chance.choice(makers)(chance) for _ in range(chance.randrange(1, 9)))
    for _ in range(chance.choice([0, 0, 0, 0, 1, 2])):
        at = chance.randrange(len(data) + 1)
        data = data[:at] + chance.choice([b"", chance.randbytes(1), b"\xff\xff"]) + data[at + chance.randrange(3) :]
    return data[: chance.randrange(len(data) + 1)] if chance.random() < 0.2 else data


def cuts(chance: random.Random, data: bytes) -> Iterator[bytes]:
    """The pieces in which it arrives."""
    longest = chance.choice([1, 3, 20, 200, 5000, 65_536] if len(data) < 300 else [200, 5000, 65_536])
    while data:
        size = chance.randrange(1, longest + 1)
        yield data[:size]
        data = data[size:]


# -- a socket -----------------------------------------------------------------------------------------------------


class Wire(asyncio.Transport):
    """A line in memory: what is written is kept, and it closes as a socket does, a turn of the loop later."""

    def __init__(self, protocol: asyncio.Protocol, loop: asyncio.AbstractEventLoop) -> None:
        super().__init__()
        self._protocol, self._loop = protocol, loop
        self.written = b""
        self.reading, self.closing = True, False

    def get_protocol(self) -> asyncio.Protocol:
        return self._protocol

    def write(self, data: bytes | bytearray | memoryview) -> None:
        self.written += data

    def close(self) -> None:
        if not self.closing:
            self.closing = True
            self._loop.call_soon(self._protocol.connection_lost, None)

    def abort(self) -> None:
        self.close()

    def is_closing(self) -> bool:
        return self.closing

    def pause_reading(self) -> None:
        self.reading = False

    def resume_reading(self) -> None:
        self.reading = True

    def get_write_buffer_size(self) -> int:
        return 0


@dataclass
class Heard:
    """What came of a stream: what the application was given, and what was written back after the handshake."""

    messages: list[str | bytes] = field(default_factory=list)
    written: bytes = b""
    most_kept: int = 0
    most_waiting: int = 0

    def frames(self) -> list[tuple[int, bytes]]:
        found, data = [], self.written
        while len(data) >= 2:
            assert data[1] < 126, "an answer is short and unmasked"
            found.append((data[0] & 15, data[2 : 2 + data[1]]))
            data = data[2 + data[1] :]
        return found

    @property
    def pongs(self) -> list[bytes]:
        return [payload for opcode, payload in self.frames() if opcode == PONG]

    @property
    def codes(self) -> list[int]:
        closes = [payload for opcode, payload in self.frames() if opcode == CLOSE]
        return [int.from_bytes(payload[:2], "big") if payload else 1005 for payload in closes]


class Lines(logging.Handler):
    """Every line that a log would have, from warnings on: a client may cause none."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.said: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.said.append(record.getMessage())


class Server:
    """The shipped protocol class with an application that takes everything."""

    def __init__(self, protocol: type[BoundedWebSocket] = BoundedWebSocket) -> None:
        self._loop = asyncio.get_running_loop()
        self._config = uvicorn.Config(
            self._take_all,
            ws=protocol,
            ws_max_size=FRAME_BYTES,
            ws_ping_interval=None,
            ws_per_message_deflate=False,
            interface="asgi3",
            proxy_headers=False,
            lifespan="off",
            log_config=None,
        )
        self._config.load()
        self._protocol = protocol
        self._state = ServerState()
        self._heard = Heard()
        self.raised: list[str] = []
        self._loop.set_exception_handler(lambda loop, context: self.raised.append(str(context)))

    async def _take_all(self, scope: Any, receive: Any, send: Any) -> None:
        heard = self._heard
        await receive()
        await send({"type": "websocket.accept"})
        while (event := await receive())["type"] == "websocket.receive":
            text = event.get("text")
            heard.messages.append(event["bytes"] if text is None else text)

    async def hear(self, pieces: Iterator[bytes]) -> Heard:
        """One connection from the handshake until all has been said, and it was left."""
        heard = self._heard = Heard()
        protocol = self._protocol(self._config, self._state, {}, self._loop)
        wire = Wire(protocol, self._loop)
        protocol.connection_made(wire)
        protocol.data_received(HANDSHAKE)
        await self._rest(protocol)
        wire.written = b""
        for piece in pieces:
            protocol.data_received(piece)
            await self._let_work(protocol, wire, heard)
            if wire.closing:
                break
        await self._rest(protocol)
        heard.written = wire.written
        wire.close()
        await asyncio.gather(*self._state.tasks)
        return heard

    async def _let_work(self, protocol: BoundedWebSocket, wire: Wire, heard: Heard) -> None:
        """Until it reads on, or is closing: a system does not hand over more before."""
        while True:
            kept = len(protocol._rest) + len(protocol.conn.reader.buffer) + sum(map(len, protocol.frames))
            heard.most_kept = max(heard.most_kept, kept)
            heard.most_waiting = max(heard.most_waiting, protocol.queue.qsize())
            if wire.reading or wire.closing or protocol._resting is not None:
                return
            await asyncio.sleep(0)

    async def _rest(self, protocol: BoundedWebSocket) -> None:
        for _ in range(TURNS):
            await asyncio.sleep(0)


# -- the comparison -----------------------------------------------------------------------------------------------


def compare(data: bytes, heard: Heard, *, longest: int) -> str:
    """What is not as it must be; empty when all is well."""
    wanted = read_stream(data, most_bytes=FRAME_BYTES)
    if wanted.idle > IDLE_BURST:
        return ""
    clean = not wanted.codes or wanted.left_by_client
    if wanted.must_end and not (heard.codes and heard.codes[0] in wanted.codes):
        return f"closed with {heard.codes}, and not with one of {sorted(wanted.codes)}"
    if len(heard.codes) > 1 or not set(heard.codes) <= wanted.codes:
        return f"closed with {heard.codes}, and may be with {sorted(wanted.codes)}"
    if heard.messages != (wanted.messages if clean else wanted.messages[: len(heard.messages)]):
        return f"took {len(heard.messages)} messages that are not the {len(wanted.messages)} that were sent"
    if heard.pongs != (wanted.pings if clean else wanted.pings[: len(heard.pongs)]):
        return f"answered {len(heard.pongs)} of {len(wanted.pings)} PINGs"
    if heard.most_kept > longest + 2 * FRAME_BYTES + PIECE_BYTES:
        return f"kept {heard.most_kept} bytes of pieces of {longest}"
    if heard.most_waiting > MOST_WAITING + GOODBYE:
        return f"{heard.most_waiting} messages waited"
    return ""


@dataclass
class Found:
    """`messages` were taken, `ended` closed by the server; `broken` says what must not be."""

    streams: int = 0
    messages: int = 0
    ended: int = 0
    slowest_seconds: float = 0.0
    broken: str = ""


async def fuzz_bytes(*, seed: int, count: int, protocol: type[BoundedWebSocket] = BoundedWebSocket) -> Found:
    chance, found, lines = random.Random(seed), Found(), Lines()
    logging.getLogger().addHandler(lines)
    try:
        server = Server(protocol)
        while found.streams < count and not found.broken:
            data = one_stream(chance)
            pieces = list(cuts(chance, data))
            found.streams += 1
            broken = await try_stream(server, data, pieces, found)
            broken = broken or "; ".join([*server.raised, *lines.said])
            if broken:
                found.broken = f"{broken}: stream {found.streams} of seed {seed}: {data[:300]!r}"
    finally:
        logging.getLogger().removeHandler(lines)
    return found


async def try_stream(server: Server, data: bytes, pieces: list[bytes], found: Found) -> str:
    began_at = time.perf_counter()
    try:
        heard = await server.hear(iter(pieces))
    except Exception as error:  # noqa: BLE001 - whatever it is, it must be told
        return f"{type(error).__name__} {error}"
    took = time.perf_counter() - began_at
    found.slowest_seconds = max(found.slowest_seconds, took)
    found.messages += len(heard.messages)
    found.ended += bool(heard.codes)
    if took > SLOWEST_SECONDS:
        return f"{took:.2f} s"
    return compare(data, heard, longest=max(map(len, pieces), default=0))
