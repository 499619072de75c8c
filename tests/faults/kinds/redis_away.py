"""Redis carries wake-ups only: without it everything arrives, a few seconds late."""

from __future__ import annotations

import asyncio

from tests.faults.fault import Fault, Scene
from tests.faults.servers import Redis

LATE_SECONDS = 6.0


def redis_of(scene: Scene) -> Redis:
    assert scene.stage.redis is not None
    return scene.stage.redis


async def killed_for_a_while(scene: Scene) -> None:
    redis = redis_of(scene)
    await scene.do(redis.kill)
    await asyncio.sleep(8)
    await scene.do(redis.start)


FAULTS = [Fault("Redis killed", killed_for_a_while, short=True, late_seconds=LATE_SECONDS, per_second=100)]
