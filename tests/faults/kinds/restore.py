"""Everything is put back to what it was when the last backup was made, and the clients are told so by `gap`.

What was acknowledged after the backup is gone, and forgiven; nothing else may be.
"""

from __future__ import annotations

import asyncio
import subprocess
import sys
import time

from scripts.machine import ROOT
from tests.faults.fault import Fault, Scene
from tests.faults.load import came
from tests.faults.stage import run_crowd

ACKS_AFTER_BACKUP = 200
TOLD_SECONDS = 1.0


async def yesterday_comes_back(scene: Scene) -> None:
    stage, load = scene.stage, scene.load
    backup, sessions = stage.folder / "backup", stage.folder / "sessions"
    backup.unlink(missing_ok=True)
    asked_at = time.monotonic()
    await scene.do(lambda: manage(scene, "backup", str(backup)))
    await load.more_acks(ACKS_AFTER_BACKUP)
    dropped = screens_dropped(scene)
    for web in stage.webs:
        await scene.do(web.kill)
    # Sessions are in no backup: staff sign in again. Here they get theirs back, to be witnesses.
    await asyncio.to_thread(run_crowd, stage.installation, "put-sessions-aside", str(sessions))
    await scene.do(lambda: manage(scene, "restore", str(backup), "--replace", "--yes"))
    await asyncio.to_thread(run_crowd, stage.installation, "bring-sessions-back", str(sessions))
    # Not before: an ack may have been on its way to its client when the last process was killed.
    scene.forgiven |= {operation.origin_id for operation in load.history.acked(since=asked_at)}
    await scene.do(stage.start_webs)
    scene.healed()
    await load.come_back()
    # It is said after the welcome, which is an answer too.
    if not await came(lambda: screens_dropped(scene) - dropped >= len(load.parties), seconds=TOLD_SECONDS):
        scene.fail("not every client was told that its past is gone")
    scene.notes["acked after the backup"] = str(len(scene.forgiven))


def screens_dropped(scene: Scene) -> int:
    return sum(party.reading.dropped for party in scene.load.parties)


def manage(scene: Scene, *arguments: str) -> None:
    """What the administrator types. Raises with its last words when it fails."""
    answer = subprocess.run(
        [sys.executable, "manage.py", *arguments],
        cwd=ROOT,
        env=scene.stage.installation.environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    if answer.returncode:
        raise RuntimeError(f"{arguments[0]} failed: {answer.stderr[-500:]}")


FAULTS = [
    Fault(
        "yesterday's backup is restored", yesterday_comes_back, databases=("postgres", "sqlite"), short=True, replaced=0
    )
]
