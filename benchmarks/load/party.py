"""One side of a conversation: it sends, and checks every frame that it gets."""

from __future__ import annotations

import asyncio
import random
import time
from dataclasses import dataclass, field

import msgspec

from benchmarks.load.link import Link

TEXT = "Hei, jeg lurer på om jeg får ta med barna på besøk til helgen, og hva jeg må ordne før vi kommer."
CONFIRM_EVERY = 32


class Heard(msgspec.Struct, gc=False):
    """A frame from the server, with what the benchmarks look at."""

    type: str
    seq: int = 0
    origin_id: str = ""
    role: str = ""
    body: str = ""
    head: int = 0
    place: int = 0
    code: str = ""
    state: str = ""


hear = msgspec.json.Decoder(Heard).decode


@dataclass(frozen=True)
class Entrance:
    """Where one side of a conversation gets in. `hello` is its first frame; empty: the address says it all."""

    conversation: int
    role: str
    path: str
    hello: bytes = b""
    headers: str = ""


@dataclass
class Clock:
    """What all parties of a round write down together."""

    acked: int = 0
    measuring: bool = False
    sent_at: dict[str, float] = field(default_factory=dict)
    latencies: list[float] = field(default_factory=list)
    heard_at: float = 0.0


@dataclass
class Party:
    """`acked` and `received` give each message's number by its id, as this side was told."""

    entrance: Entrance
    clock: Clock
    window: int = 0
    link: Link | None = None
    sending: bool = False
    waiting: set[str] = field(default_factory=set)
    acked: dict[str, int] = field(default_factory=dict)
    received: dict[str, int] = field(default_factory=dict)
    last: int = 0
    confirmed: int = 0
    doubled: int = 0
    reordered: int = 0
    spoiled: int = 0
    ended: bool = False
    errors: list[str] = field(default_factory=list)

    async def connect(self, port: int) -> None:
        """Connect, say hello, and wait until welcome."""
        self._welcomed = asyncio.get_running_loop().create_future()
        self.link = await Link.connect(
            port, self.entrance.path, on_text=self.take, on_close=self.closed, headers=self.entrance.headers
        )
        if self.entrance.hello:
            self.link.send(self.entrance.hello)
            await asyncio.wait_for(self._welcomed, 30)

    def leave(self) -> None:
        if self.link is not None:
            link, self.link = self.link, None
            link.close()

    def start(self) -> None:
        """Keep `window` messages on their way until `sending` is taken away."""
        self.sending = True
        for _ in range(self.window):
            self.post()

    def post(self) -> None:
        if self.link is None:
            return
        origin = new_origin()
        self.waiting.add(origin)
        if self.clock.measuring:
            self.clock.sent_at[origin] = time.perf_counter()
        self.send_message(origin)

    def send_message(self, origin: str) -> None:
        text = f'{{"type":"message","origin_id":"{origin}","body":"{body_of(origin)}"}}'
        self.link.send(text.encode())  # type: ignore[union-attr]  # post has looked

    def take(self, text: bytes) -> None:
        frame = hear(text)
        if frame.type == "message":
            self.take_message(frame)
        elif frame.type == "ack":
            self.take_ack(frame)
        elif frame.type == "welcome":
            self._welcomed.set_result(None)
        elif frame.type == "state":
            self.ended = frame.state == "ended"
        elif frame.type == "error":
            self.take_error(frame)

    def closed(self, code: int) -> None:
        if self.link is not None:
            self.link = None
            if not self.ended:
                self.errors.append(f"closed with {code}")

    def take_message(self, frame: Heard) -> None:
        """A message has been shown to this side, its own or the other's."""
        origin = frame.origin_id
        now = self.clock.heard_at = time.perf_counter()
        if origin in self.received:
            self.doubled += 1
            return
        self.received[origin] = frame.seq
        self.reordered += frame.seq <= self.last
        self.last = max(self.last, frame.seq)
        self.spoiled += frame.body != body_of(origin)
        if frame.role != self.entrance.role:
            sent_at = self.clock.sent_at.pop(origin, None)
            if sent_at is not None:
                self.clock.latencies.append(now - sent_at)
        self.confirm()

    def confirm(self) -> None:
        """Say now and then what has been displayed: the server's window opens."""
        if self.entrance.hello and self.last - self.confirmed >= CONFIRM_EVERY and self.link is not None:
            self.confirmed = self.last
            self.link.send(b'{"type":"displayed","seq":%d}' % self.last)

    def take_ack(self, frame: Heard) -> None:
        self.clock.heard_at = time.perf_counter()
        self.waiting.discard(frame.origin_id)
        if frame.origin_id in self.acked:
            self.doubled += 1
            return
        self.acked[frame.origin_id] = frame.seq
        self.clock.acked += 1
        if self.sending and self.window:
            self.post()

    def take_error(self, frame: Heard) -> None:
        self.errors.append(frame.code)
        self.waiting.discard(frame.origin_id)


def new_origin() -> str:
    """A random UUIDv4, a third of the time that `str(uuid.uuid4())` takes."""
    text = f"{random.getrandbits(128):032x}"
    return f"{text[:8]}-{text[8:12]}-4{text[13:16]}-a{text[17:20]}-{text[20:]}"


def body_of(origin: str) -> str:
    """What a message with this id says: every reader can tell whether it is the right text."""
    return f"{TEXT} {origin}"
