"""A visitor who waits in the queue and says nothing."""

from __future__ import annotations

import asyncio
import ssl
import time
from collections.abc import Sequence
from dataclasses import dataclass, field

from benchmarks.load.link import Link
from benchmarks.load.party import Entrance, hear

CONNECTING_AT_ONCE = 64
PLACED_WITHIN_SECONDS = 60.0


@dataclass
class Waiter:
    """Notes her latest place, the heartbeats and whatever should not have come. With `tls` she comes by the proxy."""

    entrance: Entrance
    tls: ssl.SSLContext | None = None
    link: Link | None = None
    place: int = 0
    beats: int = 0
    heard_at: float = 0.0
    surprises: list[str] = field(default_factory=list)

    async def connect(self, port: int) -> None:
        """Connect, say hello, and wait for the place in the queue."""
        self._placed = asyncio.get_running_loop().create_future()
        self.link = await Link.connect(port, self.entrance.path, on_text=self.take, on_close=self.closed, tls=self.tls)
        self.link.send(self.entrance.hello)

    async def placed(self) -> None:
        await self._placed

    def leave(self) -> None:
        if self.link is not None:
            link, self.link = self.link, None
            link.close()

    def take(self, text: bytes) -> None:
        frame = hear(text)
        self.heard_at = time.perf_counter()
        if frame.type == "queue":
            self.place = frame.place
            if not self._placed.done():
                self._placed.set_result(None)
        elif frame.type == "head":
            self.beats += 1
        elif frame.type not in ("welcome", "state"):
            self.surprises.append(frame.type)

    def closed(self, code: int) -> None:
        if self.link is not None:
            self.link = None
            self.surprises.append(f"closed with {code}")


async def connect_waiters(waiters: Sequence[Waiter], port: int) -> None:
    """A few at a time, as a crowd would come."""
    room = asyncio.Semaphore(CONNECTING_AT_ONCE)

    async def connect(waiter: Waiter) -> None:
        async with room:
            await waiter.connect(port)

    await asyncio.gather(*(connect(waiter) for waiter in waiters))


async def all_placed(waiters: Sequence[Waiter]) -> None:
    """Wait until everybody knows her place. Raises `TimeoutError`."""
    async with asyncio.timeout(PLACED_WITHIN_SECONDS):
        await asyncio.gather(*(waiter.placed() for waiter in waiters))
