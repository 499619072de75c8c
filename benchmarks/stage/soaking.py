"""Mixed traffic for a long time, and the server's memory meanwhile."""

from __future__ import annotations

import argparse
import asyncio
import os
import random
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field

import uvloop

from benchmarks.load.answerer import Answerer
from benchmarks.load.caller import Caller, new_caller
from benchmarks.load.http import device
from benchmarks.load.party import Clock, Party
from benchmarks.load.polls import comes_true
from benchmarks.stage.conversations import CHATS_PER_COUNSELLOR, Staff, make_helpline, make_staff
from benchmarks.stage.server import Server, chatline_command, free_port, serving
from benchmarks.stage.tables import print_counted, print_row
from benchmarks.stage.targets import Target, print_targets, write_findings
from benchmarks.stage.usage import resident_bytes
from intake.models import Conversation
from scripts.machine import ROOT

MOST_GROWTH_MB = 20.0
SETTLED_MINUTES = 5.0
SETTLED_SHARE = 1 / 6
"""Of a run that is shorter than half an hour."""
LIVES_SECONDS = (20.0, 90.0)
BREAK_EVERY_SECONDS = 20.0
LOOK_SECONDS = 5.0
HOUSEKEEPING_SECONDS = 20
QUIET_SECONDS = 20.0
"""How long the last message of a conversation may take, with a lost wake-up."""


@dataclass
class Soak:
    """What was found. `memory` is the server's resident megabytes, one reading every five seconds."""

    minutes: float
    opened: int = 0
    ended: int = 0
    erased: int = 0
    reconnected: int = 0
    messages: int = 0
    left: int = 0
    lost: int = 0
    doubled: int = 0
    reordered: int = 0
    spoiled: int = 0
    memory: list[float] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)

    @property
    def failures(self) -> int:
        return self.lost + self.doubled + self.reordered + self.spoiled + len(self.faults)

    @property
    def settled_mb(self) -> float:
        """Memory once everything had been used: after five minutes, or a sixth of a shorter run."""
        settled = min(SETTLED_MINUTES, self.minutes * SETTLED_SHARE) * 60 / LOOK_SECONDS
        return self.memory[min(int(settled), len(self.memory) - 1)]

    @property
    def growth_mb(self) -> float:
        first = self.memory.index(self.settled_mb)
        return max(self.memory[first:]) - self.settled_mb


def measure_soak(chosen: argparse.Namespace) -> int:
    """Run it, print it. 1 when something was lost or somebody was cut off."""
    helpline = make_helpline()
    helpline.retention_hours = 0
    helpline.save()
    number = -(-chosen.conversations // CHATS_PER_COUNSELLOR)
    staff = [make_staff(helpline, f"counsellor{one}") for one in range(number)]
    port = free_port()
    housekeeping = [sys.executable, "manage.py", "housekeeping", "--every", f"{HOUSEKEEPING_SECONDS}"]
    with serving(chatline_command(port), port) as server:
        keeper = subprocess.Popen(housekeeping, cwd=ROOT, stdin=subprocess.DEVNULL, env=dict(os.environ))
        try:
            soak = uvloop.run(Traffic(server, staff, chosen).run())
            soak.left = wait_for_purge()
        finally:
            keeper.terminate()
            keeper.wait()
    show(soak)
    targets = find_targets(soak)
    print_targets(targets)
    write_findings(chosen.json, targets, soak=asdict(soak))
    return 1 if soak.failures else 0


def wait_for_purge() -> int:
    """How many ended conversations are still there after two rounds of housekeeping."""
    ended = Conversation.objects.filter(state=Conversation.State.ENDED)
    give_up_at = time.monotonic() + 2 * HOUSEKEEPING_SECONDS + LOOK_SECONDS
    while (left := ended.count()) and time.monotonic() < give_up_at:
        time.sleep(1)
    return left


class Traffic:
    """As many conversations at a time as asked for, each from its opening to its end."""

    def __init__(self, server: Server, staff: Sequence[Staff], chosen: argparse.Namespace) -> None:
        self._server, self._chosen = server, chosen
        self._clock = Clock()
        self._answerers = [Answerer(one.cookie, one.form_token, self._clock, self._answer) for one in staff]
        self._sides: dict[str, Party] = {}
        self._pause_seconds = chosen.conversations / chosen.per_second
        self.soak = Soak(minutes=chosen.minutes)

    async def run(self) -> Soak:
        for answerer in self._answerers:
            await answerer.start(self._server.port)
        give_up_at = time.monotonic() + self._chosen.minutes * 60
        visitors = [asyncio.create_task(self._keep_coming(n, give_up_at)) for n in range(self._chosen.conversations)]
        while time.monotonic() < give_up_at:
            await asyncio.sleep(LOOK_SECONDS)
            self.soak.memory.append(resident_bytes(self._server.pid) / 1e6)
        await asyncio.gather(*visitors)
        for answerer in self._answerers:
            await answerer.stop()
            self.soak.faults += answerer.faults
        self.soak.messages = self._clock.acked
        return self.soak

    async def _keep_coming(self, number: int, give_up_at: float) -> None:
        while time.monotonic() < give_up_at:
            caller = new_caller(device(number + self.soak.opened), self._clock, helpline="line")
            try:
                await self._live(caller, give_up_at)
            except (OSError, TimeoutError) as error:
                self.soak.faults.append(f"visitor: {error!r}")
            finally:
                caller.leave()

    async def _live(self, caller: Caller, give_up_at: float) -> None:
        """One conversation: waiting, chatting with breaks of the line, and the end."""
        await caller.arrive(self._server.port)
        self.soak.opened += 1
        if caller.refused:
            self.soak.faults.append(f"refused: {caller.refused}")
            return
        ends_at = min(time.monotonic() + random.uniform(*LIVES_SECONDS), give_up_at)
        breaks_at = time.monotonic() + random.expovariate(1 / BREAK_EVERY_SECONDS)
        while time.monotonic() < ends_at:
            await asyncio.sleep(self._pause_seconds * random.uniform(0.5, 1.5))
            self._write(caller)
            if time.monotonic() > breaks_at:
                await self._break_line(caller)
                breaks_at = time.monotonic() + random.expovariate(1 / BREAK_EVERY_SECONDS)
        await self._end(caller)

    def _write(self, caller: Caller) -> None:
        """She and her counsellor in turn, when she has one."""
        answering = self._sides.get(caller.public_id)
        random.choice([caller, answering or caller]).post()

    async def _break_line(self, caller: Caller) -> None:
        """Between two messages of hers: what is on its way to her comes when she is back."""
        await comes_true(lambda: not caller.waiting, seconds=QUIET_SECONDS)
        caller.leave()
        await asyncio.sleep(random.uniform(0, 1))
        await caller.resume(self._server.port)
        self.soak.reconnected += 1

    async def _end(self, caller: Caller) -> None:
        answering = self._sides.pop(caller.public_id, None)
        sides = [side for side in (caller, answering) if side is not None]
        told: dict[str, int] = {}
        await comes_true(lambda: not any(side.waiting for side in sides), seconds=QUIET_SECONDS)
        for side in sides:
            told |= side.acked
        await comes_true(lambda: all(told.keys() <= side.received.keys() for side in sides), seconds=QUIET_SECONDS)
        erase = random.random() < 0.3
        status = await caller.end(self._server.port, erase=erase)
        if status != 204:
            self.soak.faults.append(f"end {status}")
        self.soak.ended += 1
        self.soak.erased += erase
        for side in sides:
            self._note(side, told)

    def _note(self, side: Party, told: dict[str, int]) -> None:
        self.soak.lost += len(told.keys() - side.received.keys()) + len(side.waiting)
        self.soak.doubled += side.doubled
        self.soak.reordered += side.reordered + sum(told.get(o, seq) != seq for o, seq in side.received.items())
        self.soak.spoiled += side.spoiled
        self.soak.faults += side.errors

    async def _answer(self, answerer: Answerer, party: Party, public_id: str) -> None:
        """She stays with the conversation until the visitor has ended it."""
        self._sides[public_id] = party
        while party.link is not None and not party.ended:  # noqa: ASYNC110 - a poll
            await asyncio.sleep(0.2)


def show(soak: Soak) -> None:
    cells = {
        "minutes": f"{soak.minutes:g}",
        "opened": f"{soak.opened:,}",
        "ended": f"{soak.ended:,}",
        "erased": f"{soak.erased:,}",
        "came back": f"{soak.reconnected:,}",
        "messages": f"{soak.messages:,}",
        "not purged": f"{soak.left}",
        "settled MB": f"{soak.settled_mb:.0f}",
        "most MB": f"{max(soak.memory):.0f}",
        "lost": f"{soak.lost}",
        "doubled": f"{soak.doubled}",
        "reordered": f"{soak.reordered}",
    }
    print_row("Mixed traffic", cells)
    print_counted(soak.faults)


def find_targets(soak: Soak) -> list[Target]:
    what, per_second = f"{soak.minutes:g} minutes of mixed traffic", soak.messages / soak.minutes / 60
    growth = f"{soak.growth_mb:+.1f} MB on {soak.settled_mb:.0f}"
    whole = soak.lost + soak.doubled + soak.reordered + soak.spoiled
    return [
        Target(f"{what}: memory once settled", f"<= +{MOST_GROWTH_MB:g} MB", growth, soak.growth_mb <= MOST_GROWTH_MB),
        Target(f"{what}: lost, doubled, reordered, spoiled", "0", f"{whole} of {soak.messages:,}", not whole),
        Target(f"{what}: refused or cut off", "0", f"{len(soak.faults)}", not soak.faults),
        Target(f"{what}: ended and not purged", "0", f"{soak.left}", not soak.left),
        Target(f"{what}: messages/s", "some 100", f"{per_second:.0f}", per_second >= 50),
    ]
