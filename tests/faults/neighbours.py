"""How the others fare while some misbehave: their round trips, in turns with and without, and the servers' memory."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from statistics import median

from tests.faults.fault import Scene
from tests.faults.history import End
from tests.faults.load import percentile
from tests.faults.watch import resident_megabytes

GROWN_MEGABYTES = 20.0
SLOWER = 1.2
WINDOW_SECONDS = 3.0
ROUNDS = 3
MORE_ROUNDS = 6
WEIGH_SECONDS = 0.25

Nuisance = Callable[[], AbstractAsyncContextManager[object]]


@dataclass
class Neighbours:
    """Compares windows that lie side by side, since a machine is never equally fast for long."""

    scene: Scene
    ratios: list[float] = field(default_factory=list)
    grown: float = 0.0
    _weights: list[float] = field(default_factory=list)

    async def bear(self, nuisance: Nuisance) -> None:
        """Several rounds of a window without it and one with it; more where it is not clear. Fails the scene."""
        for number in range(ROUNDS + MORE_ROUNDS):
            if number >= ROUNDS and median(self.ratios) <= SLOWER:
                break
            quiet = await self._window()
            self._weights = self._weights or self._weigh()
            async with nuisance():
                self.ratios.append(await self._window() / quiet)
        slower = median(self.ratios)
        self.scene.notes["others ×"] = f"{max(slower, float(self.scene.notes.get('others ×', 0))):.2f}"
        if slower > SLOWER:
            told = ", ".join(f"{ratio:.2f}" for ratio in self.ratios)
            self.scene.fail(f"the others' p95 was {slower:.2f} times what it was without ({told})")

    async def watch_memory(self, until: Callable[[], bool], *, seconds: float) -> bool:
        """Until it comes true; whether it did in time."""
        self._weights = self._weights or self._weigh()
        give_up_at = time.monotonic() + seconds
        while not until() and time.monotonic() < give_up_at:
            self._note_weight()
            await asyncio.sleep(WEIGH_SECONDS)
        return until()

    def judge_memory(self) -> None:
        """At the end: what the largest growth of a process was."""
        self.scene.notes["grown MB"] = f"{max(self.grown, float(self.scene.notes.get('grown MB', 0))):.0f}"
        if self.grown > GROWN_MEGABYTES:
            self.scene.fail(f"a process grew by {self.grown:.0f} MB, and may by {GROWN_MEGABYTES:.0f} MB")

    async def _window(self) -> float:
        """The others' p95 of a few seconds."""
        since = time.monotonic()
        while time.monotonic() < since + WINDOW_SECONDS:
            await asyncio.sleep(WEIGH_SECONDS)
            if self._weights:
                self._note_weight()
        names = {party.name for party in self.scene.load.parties}
        return percentile(
            sorted(
                one.ended_at - one.invoked_at
                for one in reversed(self.scene.load.history.operations)
                if one.end is End.OK and one.invoked_at >= since and one.sender in names
            ),
            0.95,
        )

    def _weigh(self) -> list[float]:
        return [resident_megabytes(web.pid) for web in self.scene.stage.webs]

    def _note_weight(self) -> None:
        self.grown = max(self.grown, *(now - was for now, was in zip(self._weigh(), self._weights, strict=True)))
