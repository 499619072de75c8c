"""The clock of the web processes and of housekeeping jumps by a day, and another, and is put right.

On PostgreSQL the database is on a machine whose clock is right; on SQLite there is no clock but the wrong one.
"""

from __future__ import annotations

import asyncio
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from scripts.machine import ROOT
from tests.clock import Clock
from tests.faults.fault import Fault, Scene
from tests.faults.load import wait_for
from tests.faults.stage import run_crowd

ACKS_BY_EACH_CLOCK = 200
SILENT_SECONDS = 20.0
REFUSED = 3
"""Housekeeping's exit code when it would have removed too much."""


def clock_of(scene: Scene) -> Clock:
    return Clock(scene.stage.folder)


@asynccontextmanager
async def by_a_wrong_clock(scene: Scene) -> AsyncIterator[None]:
    """The web processes are started anew, with a clock that can be put forward."""
    installation = scene.stage.installation
    # A clock a day ahead signs staff out, as it should. Here they stay, to be witnesses.
    await asyncio.to_thread(run_crowd, installation, "stay-signed-in")
    installation.environment |= clock_of(scene).environment
    for web in scene.stage.webs:
        await scene.do(web.kill)
        await scene.do(web.start)
    yield


async def jump(scene: Scene) -> None:
    clock = clock_of(scene)
    await _fall_silent(scene)
    for offset in ("+1d", "-1d", "+0"):
        clock.put(offset)
        await _keep_house(scene, offset)
        for party in scene.load.parties:
            party.mute = False
        await scene.load.more_acks(ACKS_BY_EACH_CLOCK)


async def _fall_silent(scene: Scene) -> None:
    """By a clock a day ahead, nobody has said anything for a day."""
    for party in scene.load.parties:
        party.mute = True
    await wait_for(
        lambda: all(p.answered for p in scene.load.parties), seconds=SILENT_SECONDS, what="everybody's being answered"
    )


async def _keep_house(scene: Scene, offset: str) -> None:
    command = [sys.executable, "manage.py", "housekeeping"]
    answer = await asyncio.to_thread(
        subprocess.run,
        command,
        cwd=ROOT,
        env=scene.stage.installation.environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    if answer.returncode == REFUSED:
        scene.notes["refused to remove"] = f"{int(scene.notes.get('refused to remove', '0').split()[0]) + 1} times"
    elif answer.returncode:
        scene.fail(f"housekeeping failed at {offset}: {answer.stderr[-200:]}")
    elif not answer.stdout.startswith("closed 0 abandoned, purged 0"):
        scene.fail(f"housekeeping at {offset}: {answer.stdout.strip()}")
    gone = [party.stopped_by for party in scene.load.parties if party.stopped_by]
    if gone:
        scene.fail(f"{len(gone)} were sent away at {offset}")


FAULTS = [
    Fault(
        "clock a day ahead, a day behind",
        jump,
        databases=("postgres", "sqlite"),
        needs=("faketime",),
        setting=by_a_wrong_clock,
        replaced=0,
    )
]
