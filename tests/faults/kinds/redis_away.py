"""Redis carries wake-ups only: without it everything arrives, a few seconds late, and new work is taken as before."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from functools import partial

import redis

from tests.faults.fault import Fault, Scene
from tests.faults.load import came
from tests.faults.servers import Redis
from tests.faults.watch import expect_readiness, refusals, weighed

LATE_SECONDS = 6.0
DEAF_SECONDS = 12.0
HEARS_AGAIN_SECONDS = 20.0
# Wake-ups are never stored: a Redis that had no memory left, and room for listeners, would pass them on all the same.
LITTLE_ROOM = {"maxmemory-policy": "noeviction", "maxmemory": "1mb", "maxclients": "1"}
FILLING = "x" * 50_000


def redis_of(scene: Scene) -> Redis:
    assert scene.stage.redis is not None
    return scene.stage.redis


# -- ways to be away ---------------------------------------------------------------------------------------------


@contextmanager
def dead(server: Redis) -> Iterator[None]:
    server.kill()
    try:
        yield
    finally:
        server.start()


@contextmanager
def frozen(server: Redis) -> Iterator[None]:
    server.freeze()
    try:
        yield
    finally:
        server.thaw()


@contextmanager
def flushed(server: Redis) -> Iterator[None]:
    """Everything it held is gone, subscriptions too: whoever subscribed is thrown out."""
    with server.client() as client:
        client.flushall()
        _throw_out(client)
    yield


@contextmanager
def full(server: Redis) -> Iterator[None]:
    """Nothing more may be stored, whoever is connected is thrown out, and nobody else is let in."""
    with server.client() as client:
        before = {name: client.config_get(name)[name] for name in LITTLE_ROOM}
        try:
            for name, value in LITTLE_ROOM.items():
                client.config_set(name, value)
            _fill(client)
            _throw_out(client)
            yield
        finally:
            for name, value in before.items():
                client.config_set(name, value)
            client.flushall()


def _fill(client: redis.Redis) -> None:
    try:
        for number in range(1000):
            client.set(f"filling-{number}", FILLING)
    except redis.exceptions.OutOfMemoryError:
        return
    raise RuntimeError("Redis is not full.")


def _throw_out(client: redis.Redis) -> None:
    """Everybody else."""
    for kind in ("pubsub", "normal"):
        client.client_kill_filter(_type=kind, skipme=True)


# -- what is promised --------------------------------------------------------------------------------------------


async def _away(scene: Scene, *, seconds: float, way: Callable[[Redis], AbstractContextManager[None]]) -> None:
    """The processes notice, refuse nobody for it, and hear again by themselves."""
    server, said = redis_of(scene), refusals(scene, "unavailable")
    listeners = await asyncio.to_thread(server.listeners)
    away = way(server)
    await scene.do(away.__enter__)
    try:
        async with weighed(scene):
            pause = asyncio.create_task(asyncio.sleep(seconds))
            if seconds:
                await expect_deafness(scene, seconds=min(seconds, DEAF_SECONDS))
            await pause
    finally:
        await scene.do(lambda: away.__exit__(None, None, None))
    scene.healed()
    await expect_hearing(scene)
    await _expect_others(scene, listeners)
    if refusals(scene, "unavailable") > said:
        scene.fail("messages were refused because of Redis")


async def expect_deafness(scene: Scene, *, seconds: float) -> None:
    """Every process says so, and goes on: without that sign, nothing was broken."""
    await expect_readiness(scene, seconds=seconds, status=200, ready=True, wake_ups=False)


async def expect_hearing(scene: Scene) -> None:
    """Every process says so again."""
    await expect_readiness(scene, seconds=HEARS_AGAIN_SECONDS, status=200, wake_ups=True)


async def _expect_others(scene: Scene, before: set[str]) -> None:
    """Who is away for a moment need not be missed; but whoever listened was cut off, and listens again, once each."""
    server, webs = redis_of(scene), len(scene.stage.webs)
    if len(before) < webs:
        scene.fail(f"{len(before)} of {webs} processes listened to Redis")

    def are_others() -> bool:
        now = server.listeners()
        return len(now) == webs and not now & before

    if not await came(are_others, seconds=HEARS_AGAIN_SECONDS):
        scene.fail("not every process was cut off from Redis and listens again over one line")


def _fault(
    name: str,
    *,
    seconds: float,
    way: Callable[[Redis], AbstractContextManager[None]],
    short: bool = False,
) -> Fault:
    inject: Callable[[Scene], Awaitable[None]] = partial(_away, seconds=seconds, way=way)
    late = LATE_SECONDS
    return Fault(name, inject, short=short, waits=True, late_seconds=late, calm_late_seconds=late, per_second=100)


FAULTS = [
    _fault("Redis is killed", seconds=8, way=dead, short=True),
    _fault("Redis is restarted", seconds=0, way=dead),
    _fault("Redis is flushed", seconds=0, way=flushed, short=True),
    _fault("Redis is away for two minutes", seconds=120, way=dead),
    _fault("Redis is frozen for 10 s", seconds=10, way=frozen),
    _fault("Redis is full", seconds=8, way=full),
]
