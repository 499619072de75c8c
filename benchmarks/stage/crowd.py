"""A waiting crowd: how fast it gets in, what it costs while it waits, and whether the queue is honest."""

from __future__ import annotations

import argparse
import asyncio
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass

import uvloop
from asgiref.sync import sync_to_async
from django.utils import timezone

from benchmarks.load.party import Entrance
from benchmarks.load.polls import comes_true
from benchmarks.load.visitor import Waiter, all_placed, connect_waiters
from benchmarks.stage.conversations import fill_queue, make_helpline
from benchmarks.stage.server import Server, chatline_command, free_port, serving
from benchmarks.stage.tables import print_row
from benchmarks.stage.targets import Target, print_targets, write_findings
from benchmarks.stage.usage import processor_seconds, resident_bytes
from intake.models import Conversation
from intake.rules.lifecycle import end_conversation

MOST_MEGABYTES = 400
FEWEST_PER_SECOND = 300
WARMING_VISITORS = 20
HEARTBEAT_SECONDS = 22
"""Every 20 s, and some room for a busy machine; a client asks for a sign of life after 25 s."""
TOLD_WITHIN_SECONDS = 8.0
"""A tick of five seconds, the second's pause between two looks at a queue, and the sending."""


@dataclass
class Crowd:
    """What was found. `misplaced` counts visitors whose last `queue` frame was wrong, before and after one left."""

    visitors: int
    connected_per_second: float
    all_placed_seconds: float
    resident_megabytes: float
    kilobytes_each: float
    processor_share: float
    told_seconds: float
    misplaced: int
    missed_beats: int
    surprises: int

    @property
    def faults(self) -> int:
        return self.misplaced + self.missed_beats + self.surprises

    def to_dict(self) -> dict[str, object]:
        return asdict(self)


def measure_crowd(chosen: argparse.Namespace) -> int:
    """Run it, print it. 1 when somebody was told a wrong place, missed a heartbeat or heard what she should not."""
    print(f"Opening {chosen.visitors:,} conversations ...", flush=True)
    entrances = fill_queue(make_helpline(), chosen.visitors)
    port = free_port()
    with serving(chatline_command(port), port) as server:
        crowd = let_wait(server, entrances, seconds=chosen.seconds)
    show(crowd, chosen.seconds)
    targets = find_targets(crowd)
    print_targets(targets)
    write_findings(chosen.json, targets, crowd=crowd.to_dict())
    return 1 if crowd.faults else 0


def let_wait(server: Server, entrances: Sequence[Entrance], *, seconds: float) -> Crowd:
    """Connect everybody, wait `seconds`, and let the first in the queue give up."""
    return uvloop.run(_let_wait(server, entrances, seconds=seconds))


async def _let_wait(server: Server, entrances: Sequence[Entrance], *, seconds: float) -> Crowd:
    await _warm_up(server, entrances[:WARMING_VISITORS])
    empty = resident_bytes(server.pid)
    waiters = [Waiter(entrance) for entrance in entrances]

    began_at = time.perf_counter()
    await connect_waiters(waiters, server.port)
    connecting_seconds = time.perf_counter() - began_at
    await all_placed(waiters)
    placed_seconds = time.perf_counter() - began_at

    used, beats = processor_seconds([server.pid]), [waiter.beats for waiter in waiters]
    await asyncio.sleep(seconds)
    used = processor_seconds([server.pid]) - used
    full = resident_bytes(server.pid)
    expected = int(seconds // HEARTBEAT_SECONDS)
    missed = sum(max(0, expected - (waiter.beats - before)) for waiter, before in zip(waiters, beats, strict=True))
    misplaced = _misplaced(waiters)

    told_seconds = await _first_gives_up(waiters)
    misplaced += _misplaced(waiters[1:])
    surprises = sum(len(waiter.surprises) for waiter in waiters[1:])
    for waiter in waiters:
        waiter.leave()
    return Crowd(
        visitors=len(waiters),
        connected_per_second=len(waiters) / connecting_seconds,
        all_placed_seconds=placed_seconds,
        resident_megabytes=full / 1e6,
        kilobytes_each=(full - empty) / len(waiters) / 1000,
        processor_share=used / seconds,
        told_seconds=told_seconds,
        misplaced=misplaced,
        missed_beats=missed,
        surprises=surprises,
    )


async def _warm_up(server: Server, entrances: Sequence[Entrance]) -> None:
    """What a server loads once is not the price of a visitor."""
    waiters = [Waiter(entrance) for entrance in entrances]
    await connect_waiters(waiters, server.port)
    await all_placed(waiters)
    for waiter in waiters:
        waiter.leave()
    await asyncio.sleep(1)


def _misplaced(waiters: Sequence[Waiter]) -> int:
    """Visitors come in the order of arrival, so the first here has place 1."""
    return sum(waiter.place != place for place, waiter in enumerate(waiters, start=1))


async def _first_gives_up(waiters: Sequence[Waiter]) -> float:
    """As when she closes her page for good: nobody wakes the server, so its tick must find it. Seconds until told."""
    await sync_to_async(_end)(waiters[0].entrance.conversation)
    began_at = time.perf_counter()
    await comes_true(lambda: _misplaced(waiters[1:]) == 0, seconds=TOLD_WITHIN_SECONDS)
    return time.perf_counter() - began_at


def _end(conversation_id: int) -> None:
    conversation = Conversation.objects.get(pk=conversation_id)
    end_conversation(conversation, reason=Conversation.EndReason.ABANDONED, now=timezone.now())


def show(crowd: Crowd, seconds: float) -> None:
    cells = {
        "visitors": f"{crowd.visitors:,}",
        "MB": f"{crowd.resident_megabytes:.0f}",
        "kB each": f"{crowd.kilobytes_each:.1f}",
        "connected/s": f"{crowd.connected_per_second:,.0f}",
        "all placed s": f"{crowd.all_placed_seconds:.1f}",
        "core %": f"{crowd.processor_share * 100:.0f}",
        "told s": f"{crowd.told_seconds:.1f}",
        "misplaced": f"{crowd.misplaced}",
        "missed beats": f"{crowd.missed_beats}",
    }
    print_row(f"Waiting visitors, after {seconds:.0f} s", cells)


def find_targets(crowd: Crowd) -> list[Target]:
    who = f"{crowd.visitors:,} waiting visitors in one process"
    megabytes, speed = crowd.resident_megabytes, crowd.connected_per_second
    return [
        Target(f"{who}: resident", f"<= {MOST_MEGABYTES} MB", f"{megabytes:.0f} MB", megabytes <= MOST_MEGABYTES),
        Target(f"{who}: connected", f">= {FEWEST_PER_SECOND}/s", f"{speed:,.0f}/s", speed >= FEWEST_PER_SECOND),
        Target(f"{who}: wrong places", "0", f"{crowd.misplaced}", not crowd.misplaced),
        Target(f"{who}: missed heartbeats", "0", f"{crowd.missed_beats}", not crowd.missed_beats),
    ]
