"""The five planted bugs: where each shows, and what the harness must say of it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace

import psycopg

from tests.faults.fault import Fault, Scene
from tests.faults.kinds.workers import kill_a_worker
from tests.faults.party import Party
from tests.faults.trial import Result
from tests.faults.weather import Weather

BAD_SECONDS = 3.0
SETTLE_SECONDS = 15.0
ACKS_BETWEEN = 200


class CarelessParty(Party):
    """A page that shows whatever comes next."""

    def is_gap(self, seq: int) -> bool:
        return False


@dataclass(frozen=True)
class Bug:
    """`expected` are kinds of findings; one of them is enough. `where` says in which fault it shows."""

    name: str
    where: str
    fault: Fault
    expected: frozenset[str]

    def is_found(self, result: Result) -> bool:
        return any(result.counts.get(kind) for kind in self.expected)


def mislay(weather: Weather) -> Fault:
    """Frames meet `weather`, and then everybody is cut off and comes back, perhaps to the other process."""

    @asynccontextmanager
    async def over(scene: Scene) -> AsyncIterator[None]:
        async with weather.over(scene.relay):
            yield

    async def inject(scene: Scene) -> None:
        weather.bad = True
        await asyncio.sleep(BAD_SECONDS)
        weather.bad = False
        scene.relay.cut()

    return Fault("mislaid", inject, setting=over)


def without_constraint(fault: Fault) -> Fault:
    """The same on a database that takes the same message twice."""

    @asynccontextmanager
    async def over(scene: Scene) -> AsyncIterator[None]:
        assert fault.setting is not None
        await scene.do(lambda: drop_constraint(scene.stage.installation.environment["DATABASE_URL"]))
        async with fault.setting(scene):
            yield

    return planted(fault, "dedupe in memory", application="dedupe_in_memory", setting=over)


def drop_constraint(address: str) -> None:
    with psycopg.connect(address) as connection:
        connection.execute("ALTER TABLE intake_message DROP CONSTRAINT message_origin_once")


def planted(fault: Fault, name: str, *, application: str | None = None, **changes: object) -> Fault:
    """`fault` once, with the bug of that name in the servers or, by `changes`, in the clients."""
    if application:
        changes["application"] = f"tests.faults.planted.{application}:application"
    once = replace(fault, name=f"planted: {name}", times=1, settle_seconds=SETTLE_SECONDS, calm_late_seconds=None)
    return replace(once, **changes)  # type: ignore[arg-type]


async def kill_both(scene: Scene) -> None:
    """One after the other: each kill finds what it finds by chance."""
    for web in scene.stage.webs:
        await scene.do(web.kill)
        await scene.do(web.start)
        await scene.load.more_acks(ACKS_BETWEEN)


async def redis_dies(scene: Scene) -> None:
    redis = scene.stage.redis
    assert redis is not None
    await scene.do(redis.kill)
    await asyncio.sleep(BAD_SECONDS)
    await scene.do(redis.start)


A_WORKER_DIES = Fault("", kill_a_worker)
BOTH_DIE = Fault("", kill_both)
REDIS_DIES = Fault("", redis_dies, per_second=100)

BUGS = [
    Bug(
        "ack before commit",
        "workers are killed",
        planted(BOTH_DIE, "ack before commit", application="ack_before_commit"),
        frozenset({"lost", "changed"}),
    ),
    Bug(
        "dedupe in memory",
        "acks lost, then every link",
        without_constraint(mislay(Weather(acks_dropped=0.5))),
        frozenset({"doubled"}),
    ),
    Bug(
        "no gap check",
        "messages to clients lost",
        planted(mislay(Weather(dropped=0.2)), "no gap check", party=CarelessParty),
        frozenset({"lost"}),
    ),
    Bug(
        "order by time stamp",
        "clocks differ by up to 2 s",
        planted(A_WORKER_DIES, "order by time stamp", application="order_by_time"),
        frozenset({"divergent", "reordered"}),
    ),
    Bug(
        "wake carries the body",
        "Redis killed, and listened to",
        planted(REDIS_DIES, "wake carries the body", application="body_in_wake"),
        frozenset({"leaked"}),
    ),
]


def print_bugs(results: Sequence[Result]) -> list[bool]:
    """The table of what was planted; for each bug, whether it was found."""
    print("\nBugs planted in the running system")
    done = {result.fault: result for result in results}
    return [_print_bug(bug, done.get(bug.fault.name)) for bug in BUGS]


def _print_bug(bug: Bug, result: Result | None) -> bool:
    found = result is not None and bug.is_found(result)
    counts = [f"{number} {kind}" for kind, number in result.counts.items() if number] if result else ["not tried"]
    said = ", ".join(counts) or "; ".join(result.failures if result else []) or "nothing"
    print(f"  {bug.name:24}{bug.where:32}{'found' if found else 'NOT FOUND':11}{said}")
    return found
