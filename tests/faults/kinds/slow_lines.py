"""A bad line: 64 kbit/s each way, and a third of a second until something arrives."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from tests.faults.fault import Fault, Scene
from tests.faults.history import End
from tests.faults.hosts import NEEDS
from tests.faults.load import percentile, wait_for
from tests.faults.means import NETWORKS
from tests.faults.party import Party
from tests.faults.relay import Relay, delaying

LINES = 20
KBIT = 64
DELAY_SECONDS = 0.3
SLOW_SECONDS = 20.0
WELCOMED_SECONDS = 20.0
ANSWERED_SECONDS = 3.0


@asynccontextmanager
async def lines(scene: Scene, number: int) -> AsyncIterator[list[Relay]]:
    """As many ways to the first web process, each a line of its own."""
    host, web = scene.stage.hosts[0], scene.stage.webs[0]
    with host.slow_lines(number, kbit=KBIT) as addresses:
        relays = [Relay([web.port], host=address) for address in addresses]
        for relay in relays:
            relay.to_server = relay.to_client = delaying(DELAY_SECONDS)
            await relay.start()
        try:
            yield relays
        finally:
            for relay in relays:
                await relay.stop()


async def slow_for_a_while(scene: Scene) -> None:
    """Some conversations' visitors and others' counsellors have it; they are answered all the same."""
    chosen = random.sample(scene.load.parties, min(LINES, len(scene.load.parties) // 4))
    async with lines(scene, len(chosen)) as relays:
        for party, relay in zip(chosen, relays, strict=True):
            party.move_to(lambda relay=relay: relay.address)  # type: ignore[misc]
        slow = [party for party in chosen if party in scene.load.parties]
        await wait_for(lambda: all(p.connected for p in slow), seconds=WELCOMED_SECONDS, what="a slow welcome")
        began_at = time.monotonic()
        await asyncio.sleep(SLOW_SECONDS)
        _note_answers(scene, [party for party in slow if party in scene.load.parties], began_at)
        for party in chosen:
            party.move_to(scene.load.address)
        scene.healed()


def _note_answers(scene: Scene, slow: list[Party], began_at: float) -> None:
    """How long the slow ones waited. Nobody on such a line may be left without an answer."""
    names = {party.name for party in slow}
    theirs = [o for o in scene.load.history.operations if o.sender in names and o.invoked_at >= began_at]
    took = sorted(o.ended_at - o.invoked_at for o in theirs if o.end is End.OK)
    worst = percentile(took, 0.95)
    scene.notes["slow p95"] = f"{worst:.1f} s"
    answered = {o.sender for o in theirs if o.end is End.OK}
    if answered != names:
        scene.fail(f"{len(names - answered)} of {len(names)} on slow lines got no answer in {SLOW_SECONDS:.0f} s")
    if worst > ANSWERED_SECONDS:
        scene.fail(f"on a slow line an answer took {worst:.1f} s (p95), and may take {ANSWERED_SECONDS:.0f} s")


FAULTS = [Fault("slow lines", slow_for_a_while, networked=True, needs=(NETWORKS, *NEEDS))]
