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
DONE, REFUSED = 0, 3
"""Housekeeping's exit codes: the other one when it would have removed too much."""
CODES = {
    # Every conversation seems to be silent for a day, and the time since the last round, or the database, denies it.
    "+1d": (REFUSED,),
    # Nothing is due, and a clock that is behind is only slow.
    "-1d": (DONE,),
    # To a round that has gone by yesterday's clock, the right one is a day ahead; how much it would remove depends on
    # how many have written by yesterday's.
    "+0": (DONE, REFUSED),
}


def clock_of(scene: Scene) -> Clock:
    return Clock(scene.stage.folder)


@asynccontextmanager
async def by_a_wrong_clock(scene: Scene) -> AsyncIterator[None]:
    """The web processes are started anew, with a clock that can be put forward; still right, it has a first round of
    housekeeping."""
    installation = scene.stage.installation
    # A clock a day ahead signs staff out, as it should. Here they stay, to be witnesses.
    await asyncio.to_thread(run_crowd, installation, "stay-signed-in")
    installation.environment |= clock_of(scene).environment
    for web in scene.stage.webs:
        await scene.do(web.kill)
        await scene.do(web.start)
    await _keep_house(scene, "+0", (DONE,))
    yield


async def jump(scene: Scene) -> None:
    clock = clock_of(scene)
    await _fall_silent(scene)
    for offset, codes in CODES.items():
        clock.put(offset)
        await _keep_house(scene, offset, codes)
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


async def _keep_house(scene: Scene, offset: str, codes: tuple[int, ...]) -> None:
    """It ends with one of these codes, and removes nothing and nobody."""
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
    scene.count("refused to remove", answer.returncode == REFUSED)
    if answer.returncode not in codes:
        scene.fail(f"housekeeping at {offset} ended with {answer.returncode}, not {codes}: {answer.stderr[-200:]}")
    if not answer.stdout.startswith("closed 0 abandoned, purged 0"):
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
        waits=True,
    )
]
