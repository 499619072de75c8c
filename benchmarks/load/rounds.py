"""One round: everybody connects, sends for a while, listens to the end, and what was told is held together."""

from __future__ import annotations

import asyncio
import gc
import time
from collections.abc import Awaitable, Callable, Iterator, Sequence
from dataclasses import asdict, dataclass, field
from itertools import cycle

import uvloop

from benchmarks.load.party import Clock, Entrance, Party

CONNECTING_AT_ONCE = 32
SILENCE_SECONDS = 6.0
"""As long as a wake-up that was lost may take."""


@dataclass(frozen=True)
class Load:
    """`window` messages of each party on their way at any time, or `per_second` of all parties together."""

    name: str
    conversations: int
    window: int = 0
    per_second: float = 0.0
    warm_up_seconds: float = 2.0
    seconds: float = 10.0


@dataclass
class Round:
    """What a round found. `lost`, `doubled`, `reordered` and `spoiled` are counted over every message of it."""

    acked: int
    per_second: float
    p50_ms: float
    p99_ms: float
    lost: int
    doubled: int
    reordered: int
    spoiled: int
    errors: int
    used: dict[str, float] = field(default_factory=dict)
    stored: int = 0
    database_faults: int = 0

    def to_dict(self) -> dict[str, object]:
        return asdict(self)


Usage = Callable[[], dict[str, float]]


@dataclass
class Played:
    """A finished round with its parties, whose notes can be held against the database."""

    result: Round
    parties: list[Party]


def play(
    port: int,
    entrances: Sequence[Entrance],
    load: Load,
    usage: Usage,
    *,
    party: type[Party] = Party,
    gather: Callable[[], Awaitable[None]] | None = None,
) -> Played:
    """Run one round against the server on `port`. `usage` reads CPU seconds by name; `gather` is awaited first."""
    gc.collect()
    gc.disable()  # the notes of a round are many and hold no cycles
    try:
        return uvloop.run(_play(port, entrances, load, usage, party, gather))
    finally:
        gc.enable()


async def _play(
    port: int,
    entrances: Sequence[Entrance],
    load: Load,
    usage: Usage,
    party: type[Party],
    gather: Callable[[], Awaitable[None]] | None,
) -> Played:
    if gather is not None:
        await gather()
    clock = Clock()
    parties = [party(entrance, clock, window=load.window) for entrance in entrances]
    await connect_all(parties, port)
    sending = _start(parties, load)
    await asyncio.sleep(load.warm_up_seconds)

    clock.measuring, before, acked_before, began_at = True, usage(), clock.acked, time.perf_counter()
    await asyncio.sleep(load.seconds)
    seconds, acked, after = time.perf_counter() - began_at, clock.acked - acked_before, usage()

    clock.measuring = False
    await _stop(parties, clock, sending)
    used = {name: after[name] - before[name] for name in after} | {"seconds": seconds, "messages": acked}
    return Played(_sum_up(parties, clock, acked / seconds, used), parties)


async def connect_all(parties: Sequence[Party], port: int) -> None:
    """A few at a time, as a crowd would come."""
    room = asyncio.Semaphore(CONNECTING_AT_ONCE)

    async def connect(party: Party) -> None:
        async with room:
            await party.connect(port)

    await asyncio.gather(*(connect(party) for party in parties))


def _start(parties: list[Party], load: Load) -> asyncio.Task[None] | None:
    if load.per_second:
        return asyncio.create_task(_send_steadily(parties, load.per_second))
    for party in parties:
        party.start()
    return None


async def _send_steadily(parties: list[Party], per_second: float) -> None:
    """Each party in turn. A late message does not make the next one late."""
    began_at = time.perf_counter()
    for number, party in enumerate(cycle(parties)):
        await asyncio.sleep(max(0.0, began_at + number / per_second - time.perf_counter()))
        party.post()


async def _stop(parties: list[Party], clock: Clock, sending: asyncio.Task[None] | None) -> None:
    if sending is not None:
        sending.cancel()
    for party in parties:
        party.sending = False
    clock.heard_at = time.perf_counter()
    while not _all_heard(parties) and time.perf_counter() - clock.heard_at < SILENCE_SECONDS:  # noqa: ASYNC110 - a poll
        await asyncio.sleep(0.05)
    for party in parties:
        party.leave()
    await asyncio.sleep(0.2)  # the closing frames go out


def _all_heard(parties: list[Party]) -> bool:
    return all(
        not (left.waiting or right.waiting)
        and len(left.received) == len(right.received) == len(left.acked) + len(right.acked)
        for left, right in pairs(parties)
    )


def pairs(parties: Sequence[Party]) -> Iterator[tuple[Party, Party]]:
    """The two sides of each conversation: parties come in this order."""
    return zip(parties[::2], parties[1::2], strict=True)


def _sum_up(parties: list[Party], clock: Clock, per_second: float, used: dict[str, float]) -> Round:
    latencies = sorted(clock.latencies)
    return Round(
        acked=clock.acked,
        per_second=per_second,
        p50_ms=percentile(latencies, 0.50) * 1000,
        p99_ms=percentile(latencies, 0.99) * 1000,
        lost=sum(_lost(left, right) for left, right in pairs(parties)),
        doubled=sum(party.doubled for party in parties),
        reordered=sum(party.reordered for party in parties) + sum(_misnumbered(*pair) for pair in pairs(parties)),
        spoiled=sum(party.spoiled for party in parties),
        errors=sum(len(party.errors) for party in parties) + sum(len(party.waiting) for party in parties),
        used=used,
    )


def _lost(left: Party, right: Party) -> int:
    """Acked messages that a side did not get, counted by side, and messages that were never acked nor refused."""
    acked = left.acked.keys() | right.acked.keys()
    return len(acked - left.received.keys()) + len(acked - right.received.keys())


def _misnumbered(left: Party, right: Party) -> int:
    """Messages that reached a side with another number than their sender was told."""
    told = left.acked | right.acked
    return sum(told.get(origin, seq) != seq for side in (left, right) for origin, seq in side.received.items())


def percentile(ordered: Sequence[float], share: float) -> float:
    """The nearest rank; 0 of nothing."""
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))] if ordered else 0.0
