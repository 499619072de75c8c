"""How the others fare while some misbehave: their round trips, in turns with and without, and the servers' memory."""

from __future__ import annotations

import asyncio
import math
import time
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field
from statistics import median

from tests.faults.fault import Scene
from tests.faults.history import End
from tests.faults.load import percentile
from tests.faults.watch import judge_growth, weight

SLOWER = 1.2
WINDOW_SECONDS = 3.0
ROUNDS, MANY_ROUNDS = 5, 9
"""In all, and with several injections, whatever comes out: who goes on until it looks well finds that it looks well."""
WEIGH_SECONDS = 0.25

Nuisance = Callable[[Scene], AbstractAsyncContextManager[object]]


@dataclass
class Neighbours:
    """Compares windows that lie side by side, since a machine is never equally fast for long.

    `watched` is the setting of a fault, and `bear` its injection: all rounds of all injections are judged together.
    """

    nuisance: Nuisance
    ratios: list[float] = field(default_factory=list)
    quiets: list[float] = field(default_factory=list)
    grown: float = 0.0
    _weight: float | None = None

    @asynccontextmanager
    async def watched(self, scene: Scene) -> AsyncIterator[None]:
        self.ratios, self.quiets, self.grown = [], [], 0.0
        yield
        self._judge(scene)

    async def bear(self, scene: Scene) -> None:
        """Rounds of a window without it and one with it. The servers' weight counts from the first one with it."""
        self._weight = None
        for _ in range(rounds_of(scene)):
            quiet = await self._window(scene)
            self._weight = self._weight or weight(scene)
            self.quiets.append(quiet)
            async with self.nuisance(scene):
                self.ratios.append(await self._window(scene) / quiet)

    async def watch_memory(self, scene: Scene, until: Callable[[], bool], *, seconds: float) -> bool:
        """Until it comes true; whether it did in time."""
        give_up_at = time.monotonic() + seconds
        while not until() and time.monotonic() < give_up_at:
            self._note_weight(scene)
            await asyncio.sleep(WEIGH_SECONDS)
        return until()

    def _judge(self, scene: Scene) -> None:
        if not self.ratios:
            return
        slower = median(self.ratios)
        scene.notes["others ×"] = f"{slower:.2f} of {len(self.ratios)}"
        if slower > SLOWER:
            told = ", ".join(f"{ratio:.2f}" for ratio in self.ratios)
            without = median(self.quiets) * 1000
            scene.fail(f"the others' p95 was {slower:.2f} times what it was without, {without:.0f} ms ({told})")
        judge_growth(scene, self.grown)

    async def _window(self, scene: Scene) -> float:
        """The others' p95 of a few seconds."""
        since = time.monotonic()
        while time.monotonic() < since + WINDOW_SECONDS:
            await asyncio.sleep(WEIGH_SECONDS)
            self._note_weight(scene)
        names = {party.name for party in scene.load.parties}
        return percentile(
            sorted(
                one.ended_at - one.invoked_at
                for one in reversed(scene.load.history.operations)
                if one.end is End.OK and one.invoked_at >= since and one.sender in names
            ),
            0.95,
        )

    def _note_weight(self, scene: Scene) -> None:
        if self._weight is not None:
            self.grown = max(self.grown, weight(scene) - self._weight)


def rounds_of(scene: Scene) -> int:
    """In each injection."""
    return ROUNDS if scene.times == 1 else math.ceil(MANY_ROUNDS / scene.times)
