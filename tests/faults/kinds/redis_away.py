"""Redis carries wake-ups only: without it everything arrives, a few seconds late, and new work is taken as before."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from functools import partial

import redis

from tests.faults.fault import Fault, Scene
from tests.faults.servers import Redis
from tests.faults.watch import expect_readiness, refusals, weighed

LATE_SECONDS = 6.0
DEAF_SECONDS = 12.0
HEARS_AGAIN_SECONDS = 20.0
LITTLE_MEMORY = "1mb"
FILLING = "x" * 50_000


def redis_of(scene: Scene) -> Redis:
    assert scene.stage.redis is not None
    return scene.stage.redis


async def _away(scene: Scene, *, seconds: float, go: Callable[[Redis], None], come: Callable[[Redis], None]) -> None:
    """The processes notice and say so, refuse nobody for it, and hear again by themselves."""
    server, said = redis_of(scene), refusals(scene, "unavailable")
    await scene.do(partial(go, server))
    async with weighed(scene), asyncio.timeout(seconds + DEAF_SECONDS):
        pause = asyncio.create_task(asyncio.sleep(seconds))
        if seconds >= DEAF_SECONDS:
            await expect_readiness(scene, seconds=DEAF_SECONDS, status=200, ready=True, wake_ups=False)
        await pause
    await scene.do(partial(come, server))
    scene.healed()
    await expect_readiness(scene, seconds=HEARS_AGAIN_SECONDS, status=200, wake_ups=True)
    if refusals(scene, "unavailable") > said:
        scene.fail("messages were refused because of Redis")


def absent(seconds: float) -> Callable[[Scene], Awaitable[None]]:
    return partial(_away, seconds=seconds, go=Redis.kill, come=Redis.start)


def frozen(seconds: float) -> Callable[[Scene], Awaitable[None]]:
    return partial(_away, seconds=seconds, go=Redis.freeze, come=Redis.thaw)


def full(seconds: float) -> Callable[[Scene], Awaitable[None]]:
    return partial(_away, seconds=seconds, go=_fill, come=_empty)


def flushed() -> Callable[[Scene], Awaitable[None]]:
    """Everything it held is gone, subscriptions too: whoever subscribed is thrown out."""
    return partial(_away, seconds=0, go=_flush, come=lambda server: None)


def _flush(server: Redis) -> None:
    with server.client() as client:
        client.flushall()
        for kind in ("pubsub", "normal"):
            client.client_kill_filter(_type=kind, skipme=True)


def _fill(server: Redis) -> None:
    """Nothing more may be stored, and whoever does not read at once is thrown out."""
    with server.client() as client:
        client.config_set("maxmemory-policy", "noeviction")
        client.config_set("maxmemory", LITTLE_MEMORY)
        client.config_set("client-output-buffer-limit", "pubsub 64 64 1")
        try:
            for number in range(1000):
                client.set(f"filling-{number}", FILLING)
        except redis.exceptions.OutOfMemoryError:
            return
    raise RuntimeError("Redis is not full.")


def _empty(server: Redis) -> None:
    with server.client() as client:
        client.config_set("maxmemory", "0")
        client.config_set("client-output-buffer-limit", "pubsub 33554432 8388608 60")
        client.flushall()


killed_for_a_while = absent(8)


def _fault(name: str, inject: Callable[[Scene], Awaitable[None]], *, short: bool = False, waits: bool = False) -> Fault:
    late = LATE_SECONDS
    return Fault(name, inject, short=short, waits=waits, late_seconds=late, calm_late_seconds=late, per_second=100)


FAULTS = [
    _fault("Redis is killed", killed_for_a_while, short=True),
    _fault("Redis is restarted", absent(0)),
    _fault("Redis is flushed", flushed(), short=True),
    _fault("Redis is away for two minutes", absent(120), waits=True),
    _fault("Redis is frozen for 10 s", frozen(10)),
    _fault("Redis is full", full(8)),
]
