"""What a fault is, and what it may do to a stage while a load runs on it."""

from __future__ import annotations

import asyncio
import math
import time
from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field

from tests.faults.load import SETTLE_SECONDS, Calm, Load
from tests.faults.party import Entrance, Party
from tests.faults.relay import Relay
from tests.faults.stage import APPLICATION, Stage


@dataclass
class Scene:
    """A stage with a load on it. `failures` are sentences of what was not as promised, `notes` figures to print."""

    stage: Stage
    relay: Relay
    load: Load
    times: int = 1
    """So often will it be broken and healed."""
    turn: int = 0
    """How often that has been done before."""
    healed_at: float = 0.0
    failures: list[str] = field(default_factory=list)
    notes: dict[str, str] = field(default_factory=dict)
    calms: list[Calm] = field(default_factory=list)
    forgiven: set[str] = field(default_factory=set)
    apart: list[Entrance] = field(default_factory=list)
    """Visitors who take no part in the load: a fault may speak for them."""

    def healed(self) -> None:
        """From now on everything is there again; without a call it is the moment when the injection returns."""
        self.healed_at = time.monotonic()
        self.load.be_healed()

    def broken(self) -> None:
        """Something is about to be broken: a calm, if there was one, is over."""
        if self.calms:
            self.calms[-1] = (self.calms[-1][0], time.monotonic())

    def calm_since(self, at: float) -> None:
        """From then on nothing is broken, until something is."""
        self.calms.append((at, math.inf))

    def fail(self, what: str) -> None:
        self.failures.append(what)

    def count(self, what: str, number: int) -> None:
        """Add to a figure to print."""
        self.notes[what] = str(int(self.notes.get(what, 0)) + number)

    async def do(self, work: Callable[[], object]) -> None:
        """Something that blocks, while the load goes on."""
        await asyncio.to_thread(work)


CALM_LATE_SECONDS = 3.0
Inject = Callable[[Scene], Awaitable[None]]
Setting = Callable[[Scene], AbstractAsyncContextManager[None]]


@dataclass(frozen=True)
class Fault:
    """`inject` breaks and heals once. Limits are seconds; None: not asked for. `needs` are programs, and what
    `tests.faults.means` knows how to try.

    `setting` is what stands around all injections, from when everybody has been welcomed until all has been checked:
    a proxy, a small disk.
    """

    name: str
    inject: Inject
    databases: tuple[str, ...] = ("postgres",)
    short: bool = False
    """Part of what `make test` runs, on the databases `short_on`."""
    short_on: tuple[str, ...] = ("postgres",)
    needs: tuple[str, ...] = ()
    webs: int = 2
    times: int = 3
    back_seconds: float | None = 5.0
    resume_seconds: float | None = 10.0
    late_seconds: float | None = None
    """For every message; `calm_late_seconds` for those that are acknowledged when all has been healed for a while."""
    calm_late_seconds: float | None = CALM_LATE_SECONDS
    may_send_away: frozenset[int] = frozenset()
    """Close codes after which a client may not come back. Elsewhere that is a finding, and so is a final refusal."""
    environment: dict[str, str] = field(default_factory=dict)
    application: str = APPLICATION
    party: type[Party] = Party
    settle_seconds: float = SETTLE_SECONDS
    setting: Setting | None = None
    apart: int = 0
    """So many visitors take no part in the load."""
    networked: bool = False
    """Web processes are on hosts of their own, and clients reach them without a balancer. Needs `hosts.NEEDS`."""
    per_second: float = 400.0
    """Messages of all parties together."""
    waits: bool = False
    """It mostly waits, or promises no seconds: `make faults` runs it beside the protocol's machine and fuzzer."""
    replaced: int = 5
    """So many parties close their tab in the middle of each injection."""
