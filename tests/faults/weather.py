"""What may befall single frames on their way: a proxy that reads websocket frames and passes them on badly.

TCP does none of this by itself. Proxies, resumed tabs and a retry after a lost answer do, and a server must not tell
the difference. The first frames of a link, what closes it, and refusals are spared: they are about the link itself.
"""

from __future__ import annotations

import asyncio
import random
from collections import Counter, deque
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from typing import NamedTuple

from tests.faults.relay import Relay, copy_on

SPARED = (b'"hello"', b'"welcome"', b'"error"', b'"drain"', b'"gap"')
TYPE_BYTES = 60
"""A frame's type stands within so many bytes of its beginning, whatever the order of its fields' first ones."""
PAST_FRAMES = 40
HELD_SECONDS = 0.2
CLOSE_OPCODE = 8
MASKED, SHORT, LONG = 0x80, 126, 127


class Frame(NamedTuple):
    """As it came (`raw`), and its text without the mask."""

    raw: bytes
    opcode: int
    text: bytes

    @property
    def spared(self) -> bool:
        return self.opcode >= CLOSE_OPCODE or any(kind in self.text[:TYPE_BYTES] for kind in SPARED)

    def is_a(self, kind: str) -> bool:
        return f'"type":"{kind}"'.encode() in self.text[:TYPE_BYTES].replace(b'": "', b'":"')


async def read_frame(reader: asyncio.StreamReader) -> Frame:
    """The next frame. Raises `IncompleteReadError` at the end."""
    raw = await reader.readexactly(2)
    size = raw[1] & ~MASKED
    if size in (SHORT, LONG):
        extended = await reader.readexactly(2 if size == SHORT else 8)
        raw, size = raw + extended, int.from_bytes(extended, "big")
    key = await reader.readexactly(4) if raw[1] & MASKED else b""
    payload = await reader.readexactly(size)
    text = unmask(payload, key) if key else payload
    return Frame(raw + key + payload, raw[0] & 0x0F, text)


def unmask(payload: bytes, key: bytes) -> bytes:
    repeated = (key * (len(payload) // 4 + 1))[: len(payload)]
    return (int.from_bytes(payload, "big") ^ int.from_bytes(repeated, "big")).to_bytes(len(payload), "big")


class Cut(OSError):
    """The link is cut in the middle of a frame."""


class Weather:
    """`shares` says how likely each mishap is for a frame, from 0 to 1, while the weather is `bad`: "doubled",
    "replayed", "swapped", "cut", "dropped" (messages to a client) and "acks_dropped". `happened` counts them."""

    def __init__(self, **shares: float) -> None:
        self._shares = shares
        self.bad = False
        self.happened: Counter[str] = Counter()

    @asynccontextmanager
    async def over(self, relay: Relay) -> AsyncIterator[None]:
        """Every link goes through it from now on; those that were there are made anew. Begins fine."""
        self.bad = False
        relay.to_client, relay.to_server = self._to_client, self._to_server
        relay.cut()
        yield

    async def _to_client(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await self._pass_on(reader, writer, to_client=True)

    async def _to_server(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await self._pass_on(reader, writer, to_client=False)

    async def _pass_on(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, *, to_client: bool) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        writer.write(head)
        if to_client and b" 101 " not in head.split(b"\r\n", 1)[0]:
            await copy_on(reader, writer)
            return
        async for raw in self.befall(reader, to_client=to_client):
            writer.write(raw)
            await writer.drain()

    async def befall(self, reader: asyncio.StreamReader, *, to_client: bool) -> AsyncIterator[bytes]:
        """What is passed on of the frames that come, until the link ends or is cut."""
        past: deque[bytes] = deque(maxlen=PAST_FRAMES)
        try:
            async for frame, held in self._in_turn(reader):
                for raw in (
                    [frame.raw] if frame.spared or not self.bad else self._mishaps(frame, past, to_client=to_client)
                ):
                    yield raw
                if held is not None:
                    yield held.raw
                if not frame.spared:
                    past.append(frame.raw)
        except Cut as cut:
            yield cut.args[0]
        except asyncio.IncompleteReadError as end:
            yield end.partial

    async def _in_turn(self, reader: asyncio.StreamReader) -> AsyncIterator[tuple[Frame, Frame | None]]:
        """Each frame with the one that was held back so that this one goes first. None is held for long."""
        while True:
            held, frame = None, await read_frame(reader)
            if self.bad and not frame.spared and self._is_drawn("swapped"):
                reading = asyncio.ensure_future(read_frame(reader))
                try:
                    await asyncio.wait([reading], timeout=HELD_SECONDS)
                    if not reading.done() or reading.exception() is not None:
                        yield frame, None
                        frame = await reading
                    else:
                        held, frame = frame, reading.result()
                        self.happened["swapped"] += 1
                finally:
                    reading.cancel()
            yield frame, held

    def _mishaps(self, frame: Frame, past: deque[bytes], *, to_client: bool) -> Iterator[bytes]:
        if to_client and frame.is_a("message") and self._befalls("dropped"):
            return
        if to_client and frame.is_a("ack") and self._befalls("acks_dropped"):
            return
        if self._befalls("cut"):
            raise Cut(frame.raw[: random.randrange(1, len(frame.raw))])
        yield frame.raw
        if self._befalls("doubled"):
            yield frame.raw
        if past and self._befalls("replayed"):
            yield random.choice(past)

    def _befalls(self, mishap: str) -> bool:
        """Whether it happens now."""
        if drawn := self._is_drawn(mishap):
            self.happened[mishap] += 1
        return drawn

    def _is_drawn(self, mishap: str) -> bool:
        return random.random() < self._shares.get(mishap, 0.0)
