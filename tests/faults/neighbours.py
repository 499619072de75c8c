"""How the others fare while some misbehave: their round trips, in turns with and without, and the servers' memory."""

from __future__ import annotations

import asyncio
import math
import time
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field
from itertools import chain
from statistics import median

from tests.faults.fault import Scene
from tests.faults.history import End, Operation
from tests.faults.load import percentile
from tests.faults.still_disk import Disk, watched_disk
from tests.faults.watch import judge_growth, weight

SLOWER = 1.2
SLOWER_ONCE = 1.5
"""In the windows of one injection alone. There are four of them, and on two cores with other work to do single ratios
went from 0.3 to 2 by chance, and the median of three to 1.6, with all nine together at 1.2. Beyond it is a stall."""
WINDOW_SECONDS = 3.0
ROUNDS, MANY_ROUNDS = 5, 12
"""In all, and with several injections, whatever comes out: who goes on until it looks well finds that it looks well."""
WEIGH_SECONDS = 0.25
STILL_SECONDS = 0.05 * WINDOW_SECONDS
"""A disk that stands still for so long makes a twentieth of a window late: that is the window's p95."""
STILL_MORE = 5
"""Windows with it, more than without it, in which the disk may stand still by chance."""

Nuisance = Callable[[Scene], AbstractAsyncContextManager[object]]


@dataclass
class Neighbours:
    """Compares windows that lie side by side, since a machine is never equally fast for long.

    `watched` is the setting of a fault, and `bear` its injection: all rounds of all injections are judged together, and
    those of each by themselves. `ratios` are by injection.

    A round in which the disk stood still says nothing and is made again; all injections together may have as many of
    these as they have rounds. That is measured by small writes of the harness's own, and not by what came out; a
    nuisance that stops the disk itself is found.
    """

    nuisance: Nuisance
    ratios: list[list[float]] = field(default_factory=list)
    quiets: list[float] = field(default_factory=list)
    grown: float = 0.0
    still: dict[bool, int] = field(default_factory=dict)
    """In how many windows the disk stood still, without and with it."""
    made_again: int = 0
    _weight: float | None = None
    _disk: Disk | None = None

    @asynccontextmanager
    async def watched(self, scene: Scene) -> AsyncIterator[None]:
        self.ratios, self.quiets, self.grown, self._weight = [], [], 0.0, None
        self.still, self.made_again = {False: 0, True: 0}, 0
        with watched_disk() as self._disk:
            yield
        self._judge(scene)

    async def bear(self, scene: Scene) -> None:
        """Rounds of a window without it and one with it. What the servers weighed before the very first one with it
        counts for all injections: what each of them leaves behind adds up."""
        self.ratios.append([])
        wanted = rounds_of(scene)
        while len(self.ratios[-1]) < wanted:
            still = sum(self.still.values())
            quiet, disturbed = await self._round(scene)
            if sum(self.still.values()) > still and self.made_again < wanted * scene.times:
                self.made_again += 1
                continue
            self.quiets.append(quiet)
            self.ratios[-1].append(disturbed / quiet)

    async def _round(self, scene: Scene) -> tuple[float, float]:
        """The others' p95 without it and with it."""
        quiet = await self._window(scene, disturbed=False)
        self._weight = self._weight or weight(scene)
        async with self.nuisance(scene):
            return quiet, await self._window(scene, disturbed=True)

    async def watch_memory(self, scene: Scene, until: Callable[[], bool], *, seconds: float) -> bool:
        """Until it comes true; whether it did in time."""
        give_up_at = time.monotonic() + seconds
        while not until() and time.monotonic() < give_up_at:
            self._note_weight(scene)
            await asyncio.sleep(WEIGH_SECONDS)
        return until()

    def _judge(self, scene: Scene) -> None:
        together = list(chain(*self.ratios))
        if not together:
            return
        worst = max(map(median, self.ratios))
        scene.notes["others ×"] = f"{median(together):.2f} of {len(together)}, {worst:.2f} at worst"
        if slower := too_slow(self.ratios):
            told = "; ".join(", ".join(f"{ratio:.2f}" for ratio in ratios) for ratios in self.ratios)
            without = median(self.quiets) * 1000
            scene.fail(f"the others' p95 was {slower:.2f} times what it was without, {without:.0f} ms ({told})")
        if any(self.still.values()):
            scene.notes["disk still"] = f"{self.still[True]} with, {self.still[False]} without"
        if self.still[True] > self.still[False] + STILL_MORE:
            scene.fail(f"the disk stood still in {self.still[True]} windows, and in {self.still[False]} without it")
        judge_growth(scene, self.grown)

    async def _window(self, scene: Scene, *, disturbed: bool) -> float:
        """The others' p95 of a few seconds."""
        assert self._disk is not None
        self._disk.waited()
        since = time.monotonic()
        while time.monotonic() < since + WINDOW_SECONDS:
            await asyncio.sleep(WEIGH_SECONDS)
            self._note_weight(scene)
        self.still[disturbed] += self._disk.waited() > STILL_SECONDS
        names = {party.name for party in scene.load.parties}
        theirs = (one for one in scene.load.history.operations if one.sender in names)
        return percentile(waits(theirs, since=since, until=time.monotonic()), 0.95)

    def _note_weight(self, scene: Scene) -> None:
        if self._weight is not None:
            self.grown = max(self.grown, weight(scene) - self._weight)


def waits(operations: Iterable[Operation], *, since: float, until: float) -> list[float]:
    """How long each was waited for that was sent in a window, ascending.

    What is not answered at its end counts with its age, whenever it was sent: it takes at least so long. Whoever waits
    writes nothing else, so a stall shows in what is missing, and not in what was answered.
    """
    return sorted(
        (one.ended_at if one.end is End.OK else until) - one.invoked_at
        for one in operations
        if one.end is None or (one.end is End.OK and one.invoked_at >= since)
    )


def too_slow(ratios: list[list[float]]) -> float | None:
    """The median that is beyond its limit: of all together, or of the worst injection where there are several."""
    together = median(chain(*ratios))
    if together > SLOWER:
        return together
    worst = max(map(median, ratios))
    return worst if len(ratios) > 1 and worst > SLOWER_ONCE else None


def rounds_of(scene: Scene) -> int:
    """In each injection."""
    return ROUNDS if scene.times == 1 else math.ceil(MANY_ROUNDS / scene.times)
