"""The key store's own server goes. A process keeps a key for a minute; without it nothing can be stored or read."""

from __future__ import annotations

import asyncio
import time
from functools import partial

from tests.faults.fault import Fault, Scene
from tests.faults.kinds.database import READY_SECONDS, UNREADY_SECONDS, is_killed, key_store_of, nothing_is_acked
from tests.faults.watch import expect_readiness, weighed

KEYS_HELD_SECONDS = 60.0
"""So long may a process keep a key (docs/privacy.md, "Keys live apart"). A test holds them together."""
WITHOUT_KEYS_SECONDS = 8.0


async def away(scene: Scene) -> None:
    """Longer than any key is held: in the end nothing can be stored, though the database is there."""
    key_store = key_store_of(scene)
    await scene.do(key_store.stop)
    away_since = time.monotonic()
    async with weighed(scene):
        await expect_readiness(scene, seconds=UNREADY_SECONDS, status=503, database=True, key_store=False)
        await asyncio.sleep(away_since + KEYS_HELD_SECONDS - time.monotonic())
        async with nothing_is_acked(scene):
            await asyncio.sleep(WITHOUT_KEYS_SECONDS)
        await expect_readiness(scene, seconds=1, status=503, database=True, key_store=False)
    await scene.do(key_store.start)
    scene.healed()
    await expect_readiness(scene, seconds=READY_SECONDS, status=200, database=True, key_store=True)


FAULTS = [
    Fault("the key store's PostgreSQL is killed", partial(is_killed, server_of=key_store_of), short=True),
    Fault("the key store's PostgreSQL is away for a minute", away, waits=True, per_second=100),
]
