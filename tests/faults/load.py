"""Both sides of every conversation writing to each other, and how they fare while something breaks."""

from __future__ import annotations

import asyncio
import math
import random
import time
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from itertools import islice

from tests.faults.checker import Row
from tests.faults.history import End, History, Operation
from tests.faults.party import Entrance, Party

LOOK_SECONDS = 0.02
SETTLE_SECONDS = 60.0
BACK_SECONDS = 90.0
RESUME_SECONDS = 60.0
CONNECTING_AT_ONCE = 50


@dataclass
class Load:
    """`per_second` messages of all parties together."""

    entrances: Sequence[Entrance]
    address: Callable[[], str]
    per_second: float = 400.0
    party: type[Party] = Party
    settle_seconds: float = SETTLE_SECONDS
    """How long everything may take to be answered and seen when nobody writes any more."""
    back_seconds: float = BACK_SECONDS
    resume_seconds: float = RESUME_SECONDS
    """How long is waited for who does not come back, and for who is not acknowledged."""
    history: History = field(default_factory=History)
    parties: list[Party] = field(default_factory=list)

    async def start(self) -> None:
        """Everybody is welcomed, and begins to write."""
        for part in batches(self.entrances, CONNECTING_AT_ONCE):
            new = [self._new_party(entrance) for entrance in part]
            for party in new:
                party.start()
            self.parties += new
            await wait_for(lambda new=new: all(p.connected for p in new), seconds=SETTLE_SECONDS, what="being welcomed")  # type: ignore[misc]

    def _new_party(self, entrance: Entrance) -> Party:
        mean = len(self.entrances) / self.per_second
        return self.party(entrance, self.history, self.address, pause=lambda: random.uniform(0.5, 1.5) * mean)

    async def replace_some(self, number: int) -> None:
        """So many close their tab in the middle of what they do, and come back without what they had."""
        for party in random.sample(self.parties, number):
            self.parties.remove(party)
            await party.vanish()
            newcomer = self._new_party(party.entrance)
            self.parties.append(newcomer)
            newcomer.start()

    @property
    def acked(self) -> int:
        return sum(operation.end is End.OK for operation in self.history.operations)

    async def more_acks(self, number: int, *, seconds: float = SETTLE_SECONDS) -> None:
        enough = self.acked + number
        await wait_for(lambda: self.acked >= enough, seconds=seconds, what=f"{number} more acks")

    def be_healed(self) -> None:
        """Everything is there again: from now on counts how long each needs to be back."""
        for party in self.parties:
            party.comeback.begin()

    @asynccontextmanager
    async def asking(self) -> AsyncIterator[None]:
        """One who has nothing to say is told nothing: during the block, whoever is awaited asks."""
        task = asyncio.create_task(self._ask_on())
        try:
            yield
        finally:
            task.cancel()

    async def _ask_on(self) -> None:
        while True:
            for party in self.parties:
                party.probe()
            await asyncio.sleep(LOOK_SECONDS)

    async def come_back(self) -> list[float]:
        """For each party that was there, the seconds from the healing until the application answered it, ascending.

        One that is not answered in time counts with the whole time.
        """
        await came(
            lambda: not any(p.comeback.is_awaited for p in self.parties if p.stopped_by is None),
            seconds=self.back_seconds,
        )
        took = [p.comeback.seconds for p in self.parties if p.comeback.is_awaited or p.comeback.seconds is not None]
        return sorted(self.back_seconds if one is None else one for one in took)

    async def resume(self, *, since: float) -> list[float]:
        """For each party that writes, the seconds until its first ack, ascending: from `since` for what was on its way
        then, otherwise from when it was written. One that gets none in time counts with the whole time."""
        writers = {party.name: party for party in self.parties if not party.mute and party.stopped_by is None}
        await came(lambda: all(p.acked_at >= since for p in writers.values()), seconds=self.resume_seconds)
        first: dict[str, Operation] = {}
        for one in self.history.acked(since=since):
            if one.sender in writers:
                first.setdefault(one.sender, one)
        took = [one.ended_at - max(since, one.invoked_at) for one in first.values()]
        return sorted([*took, *[self.resume_seconds] * (len(writers) - len(first))])

    async def fall_silent(self) -> bool:
        """Nobody writes anything new; whether everything is answered in time."""
        for party in self.parties:
            party.fall_silent()
        return await came(lambda: all(party.answered for party in self.parties), seconds=self.settle_seconds)

    async def see_all(self, heads: Mapping[int, int]) -> bool:
        """Whether every reader has got as far as these heads in time."""
        return await came(
            lambda: all(p.has_seen(heads.get(p.entrance.conversation, 0)) for p in self.parties),
            seconds=self.settle_seconds,
        )

    async def stop(self) -> None:
        await asyncio.gather(*(party.leave() for party in self.parties))

    async def fetch(self, heads: dict[int, int], *, role: str) -> dict[int, list[Row]]:
        """What a reader gets who begins from nothing, in every conversation, until it has `heads`."""
        readers: list[Party] = []
        for part in batches([e for e in self.entrances if e.role == role], CONNECTING_AT_ONCE):
            new = [Party(e, History(), self.address, pause=lambda: 3600.0, mute=True) for e in part]
            for reader in new:
                reader.start()
            readers += new

            def done(new: list[Party] = new) -> bool:
                return all(
                    r.stopped_by or (r.after >= heads.get(r.entrance.conversation, 0) and r.connected) for r in new
                )

            await came(done, seconds=self.settle_seconds)
        await asyncio.gather(*(reader.leave() for reader in readers))
        return {
            reader.entrance.conversation: [Row(s.seq, s.role, s.origin_id, s.body) for s in reader.reading.shown]
            for reader in readers
        }


def batches(entrances: Sequence[Entrance], size: int) -> list[list[Entrance]]:
    rest = iter(entrances)
    return list(iter(lambda: list(islice(rest, size)), []))


async def wait_for(condition: Callable[[], bool], *, seconds: float, what: str) -> None:
    """Poll; raises `TimeoutError` naming `what`."""
    give_up_at = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > give_up_at:
            raise TimeoutError(f"{what} did not happen within {seconds:.0f} s")
        await asyncio.sleep(LOOK_SECONDS)


async def came(condition: Callable[[], bool], *, seconds: float) -> bool:
    """Whether it came true in time."""
    try:
        await wait_for(condition, seconds=seconds, what="")
    except TimeoutError:
        return False
    return True


Calm = tuple[float, float]
"""From when to when nothing was broken."""


def lateness(history: History, *, calms: Sequence[Calm] | None = None) -> list[float]:
    """Seconds from a message's ack to its being shown to the other side's readers who were there, ascending.

    With `calms`, of messages that were acknowledged in one of them, and shown, or still not, at its end.
    """
    acked = {o.origin_id: o for o in history.operations if o.end is End.OK}
    return sorted(
        max(0.0, min(shown.at, end) - max(one.ended_at, shown.link_at))
        for reading in history.readings
        if reading.alive
        for shown in reading.shown
        if (one := acked.get(shown.origin_id)) is not None and one.role != reading.role
        for end in _ends(one.ended_at, calms)
    )


def _ends(at: float, calms: Sequence[Calm] | None) -> list[float]:
    """The ends of the calms that `at` is in."""
    return [math.inf] if calms is None else [end for begin, end in calms if begin <= at < end]


def percentile(ascending: Sequence[float], share: float) -> float:
    return ascending[min(len(ascending) - 1, int(len(ascending) * share))] if ascending else 0.0
