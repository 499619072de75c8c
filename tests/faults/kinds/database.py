"""PostgreSQL that dies, hangs, throws everybody out or has no room: nothing is acknowledged that is not stored.

The key store is another server, and goes on, but for a machine that hangs and for connections that all are cut.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from functools import partial

from tests.faults.fault import Fault, Scene
from tests.faults.servers import Postgres
from tests.faults.stage import DRAIN_SECONDS, SHIPPED_DRAIN_SECONDS, SHIPPED_GRACE_SECONDS
from tests.faults.watch import expect_pages, expect_readiness, expect_refusals, refusals, weighed

TOLD_SECONDS = 8.0
UNREADY_SECONDS = 12.0
READY_SECONDS = 10.0
SOME_ACKS = 100
EXHAUSTED_SECONDS = 10.0
HANGING_SECONDS = 5.0
EXIT_SECONDS = SHIPPED_GRACE_SECONDS - (SHIPPED_DRAIN_SECONDS - DRAIN_SECONDS)
"""With the drain that is shipped, a process that took longer would be killed in the middle of its goodbyes."""
# What was on its way when the database went may still come back as stored.
ON_ITS_WAY_SECONDS = 1.0


def postgres_of(scene: Scene) -> Postgres:
    assert scene.stage.postgres is not None
    return scene.stage.postgres


def key_store_of(scene: Scene) -> Postgres:
    assert scene.stage.key_store is not None
    return scene.stage.key_store


@contextlib.asynccontextmanager
async def nothing_is_acked(scene: Scene) -> AsyncIterator[None]:
    """Everybody is told `unavailable` instead, and nobody keeps on waiting in memory."""
    said = refusals(scene, "unavailable")
    async with weighed(scene):
        await asyncio.sleep(ON_ITS_WAY_SECONDS)
        silent_since = time.monotonic()
        await expect_refusals(scene, "unavailable", more_than=said, seconds=TOLD_SECONDS)
        yield
        if acked := len(scene.load.history.acked(since=silent_since)):
            scene.fail(f"{acked} messages were acknowledged that nobody could store")


async def is_away(scene: Scene, *, seconds: float, pages: bool) -> None:
    """So long without an answer: the processes say so too, and their `pages`, unless they wait for an answer."""
    until = time.monotonic() + seconds
    async with nothing_is_acked(scene):
        await expect_readiness(scene, seconds=UNREADY_SECONDS, status=503, database=False, key_store=True)
        if pages:
            await expect_pages(scene, status=503, retry=True)
        await asyncio.sleep(max(0.0, until - time.monotonic()))


def restart_after_kill(postgres: Postgres) -> None:
    postgres.kill()
    postgres.start()


async def is_killed(scene: Scene, server_of: Callable[[Scene], Postgres]) -> None:
    """As a power cut would, and started again at once."""
    await scene.do(partial(restart_after_kill, server_of(scene)))
    scene.healed()
    await expect_readiness(scene, seconds=READY_SECONDS, status=200, database=True, key_store=True)


async def _stopped(
    scene: Scene, *, seconds: float, stop: Callable[[Postgres], None], start: Callable[[Postgres], None]
) -> None:
    postgres = postgres_of(scene)
    await expect_pages(scene, status=200, retry=False)
    await scene.do(partial(stop, postgres))
    await is_away(scene, seconds=seconds, pages=stop is Postgres.stop)
    await scene.do(partial(start, postgres))
    scene.healed()
    await expect_readiness(scene, seconds=READY_SECONDS, status=200, database=True, key_store=True)
    await expect_pages(scene, status=200, retry=False)


def shut_down(seconds: float) -> Callable[[Scene], Awaitable[None]]:
    return partial(_stopped, seconds=seconds, stop=Postgres.stop, start=Postgres.start)


def frozen(seconds: float) -> Callable[[Scene], Awaitable[None]]:
    """Every process of it stands still: connections stay open and nothing answers."""
    return partial(_stopped, seconds=seconds, stop=Postgres.freeze, start=Postgres.thaw)


async def all_backends_terminated(scene: Scene) -> None:
    """Of both servers."""
    said = refusals(scene, "unavailable")
    for server in (postgres_of(scene), key_store_of(scene)):
        scene.count("backends", await asyncio.to_thread(server.terminate_backends))
    scene.healed()
    await scene.load.more_acks(SOME_ACKS)
    if refusals(scene, "unavailable") > said:
        scene.fail("messages were refused although the database was there")


async def connections_exhausted(scene: Scene) -> None:
    postgres = postgres_of(scene)
    await expect_pages(scene, status=200, retry=False)
    context = postgres.exhausted()
    scene.notes["taken"] = str(await asyncio.to_thread(context.__enter__))
    try:
        await is_away(scene, seconds=EXHAUSTED_SECONDS, pages=True)
    finally:
        await scene.do(lambda: context.__exit__(None, None, None))
    scene.healed()
    await expect_readiness(scene, seconds=READY_SECONDS, status=200, database=True, key_store=True)
    await expect_pages(scene, status=200, retry=False)


async def stopped_while_it_hangs(scene: Scene) -> None:
    """A process that is asked to go has nothing to wait for. Both servers hang: their machine does."""
    servers, web = (postgres_of(scene), key_store_of(scene)), scene.stage.webs[0]
    for server in servers:
        await scene.do(server.freeze)
    try:
        await asyncio.sleep(HANGING_SECONDS)
        began_at = time.monotonic()
        await scene.do(web.stop)
        took = time.monotonic() - began_at
    finally:
        for server in servers:
            await scene.do(server.thaw)
    scene.notes["gone after s"] = f"{max(took, float(scene.notes.get('gone after s', 0))):.1f}"
    if took > EXIT_SECONDS:
        scene.fail(f"a process needed {took:.1f} s to go, and may need {EXIT_SECONDS:.0f} s")
    scene.healed()
    await scene.do(web.start)


FAULTS = [
    Fault("PostgreSQL is killed", partial(is_killed, server_of=postgres_of), short=True),
    Fault("PostgreSQL is stopped for 60 s", shut_down(60), waits=True),
    Fault("PostgreSQL is frozen for 20 s", frozen(20), waits=True),
    Fault("a worker is stopped while PostgreSQL hangs", stopped_while_it_hangs),
    Fault("all connections are terminated", all_backends_terminated, short=True),
    Fault("connections are exhausted", connections_exhausted, waits=True),
]
