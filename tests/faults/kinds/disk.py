"""Disks without room: what cannot be stored is not acknowledged, and what cannot be logged stops nobody."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from functools import partial
from pathlib import Path

from tests.faults.disks import fill, forget_disks_of_the_dead, free_bytes, small_disk
from tests.faults.fault import Fault, Scene
from tests.faults.kinds.database import postgres_of
from tests.faults.means import DISKS
from tests.faults.stage import Stage, logs_of
from tests.faults.watch import expect_readiness, expect_refusals, page, refusals, weighed

ROOM_MEGABYTES = 64
FULL_SECONDS = 10.0
TOLD_SECONDS = 8.0
READY_SECONDS = 15.0
SOME_ACKS = 200
NOT_FOUND = 404


def database_folder(stage: Stage) -> Path:
    return stage.postgres.data if stage.postgres else stage.installation.folder


def logs_folder(stage: Stage) -> Path:
    return logs_of(stage.installation)


@contextlib.asynccontextmanager
async def on_small_disk(scene: Scene, folder_of: Callable[[Stage], Path]) -> AsyncIterator[None]:
    """What lies there is moved to a disk that can be filled; whoever works there rests meanwhile."""
    forget_disks_of_the_dead()
    stage, folder = scene.stage, folder_of(scene.stage)
    with contextlib.ExitStack() as undo:
        _rest(stage, folder)
        if stage.postgres and folder == stage.postgres.data:
            undo.callback(stage.postgres.start)  # for the next trial
        undo.enter_context(small_disk(folder, room_megabytes=ROOM_MEGABYTES))
        await scene.do(partial(_go_on, stage, folder))
        undo.callback(_rest, stage, folder)
        await scene.load.more_acks(SOME_ACKS)
        yield


def _rest(stage: Stage, folder: Path) -> None:
    if stage.postgres and folder == stage.postgres.data:
        stage.postgres.kill()
    else:
        for web in stage.webs:
            web.kill()


def _go_on(stage: Stage, folder: Path) -> None:
    if stage.postgres and folder == stage.postgres.data:
        stage.postgres.start()
    else:
        stage.start_webs()


async def database_is_full(scene: Scene) -> None:
    folder, said = database_folder(scene.stage), refusals(scene, "unavailable")
    ballast = await asyncio.to_thread(fill, folder)
    async with weighed(scene):
        await expect_refusals(scene, "unavailable", more_than=said, seconds=TOLD_SECONDS)
        await asyncio.sleep(FULL_SECONDS)
    ballast.unlink()
    if scene.stage.postgres and not postgres_of(scene).is_alive():
        # It may give up rather than go on without its log; whoever runs it starts it again.
        scene.notes["stopped"] = "itself"
        await scene.do(postgres_of(scene).start)
    scene.healed()
    await expect_readiness(scene, seconds=READY_SECONDS, status=200, database=True, key_store=True)


async def logs_are_full(scene: Scene) -> None:
    """There is something to log, too: pages that do not exist, and the server ends every connection."""
    folder, said = logs_folder(scene.stage), refusals(scene, "unavailable")
    written = [web.log.stat().st_size for web in scene.stage.webs]
    await _ask_for_nothing(scene)
    if any(web.log.stat().st_size == before for web, before in zip(scene.stage.webs, written, strict=True)):
        scene.fail("a process had nothing to log")
    ballast = await asyncio.to_thread(fill, folder)
    await _ask_for_nothing(scene)
    if scene.stage.postgres:
        await asyncio.to_thread(postgres_of(scene).terminate_backends)
    await scene.load.more_acks(SOME_ACKS)
    if free_bytes(folder):
        scene.fail("the disk of the logs was not full")
    if refusals(scene, "unavailable") > said:
        scene.fail("messages were refused because of logs")
    ballast.unlink()


async def _ask_for_nothing(scene: Scene) -> None:
    for web in scene.stage.webs:
        status, _ = await asyncio.to_thread(page, web, "/nowhere/at/all/")
        if status != NOT_FOUND:
            scene.fail(f"a page that does not exist was answered with {status}")


NEEDS = (DISKS, "mount", "umount")
FAULTS = [
    Fault(
        "the database's disk is full",
        database_is_full,
        databases=("postgres", "sqlite"),
        needs=NEEDS,
        setting=partial(on_small_disk, folder_of=database_folder),
        waits=True,
    ),
    Fault(
        "the logs' disk is full",
        logs_are_full,
        databases=("postgres", "sqlite"),
        needs=NEEDS,
        setting=partial(on_small_disk, folder_of=logs_folder),
        waits=True,
    ),
]
