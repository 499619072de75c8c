"""Web processes that die, and web processes that are asked to go."""

from __future__ import annotations

import random

from tests.faults.fault import Fault, Scene


async def kill_a_worker(scene: Scene) -> None:
    web = random.choice(scene.stage.webs)
    await scene.do(web.kill)
    # With one process, nobody can come back before it has been started again.
    if len(scene.stage.webs) > 1:
        scene.healed()
    await scene.do(web.start)


async def restart_both(scene: Scene) -> None:
    """As an upgrade does: one after the other, each asked politely."""
    for web in scene.stage.webs:
        await scene.do(web.stop)
        await scene.do(web.start)


FAULTS = [
    Fault(
        "a worker is killed",
        kill_a_worker,
        databases=("postgres", "sqlite"),
        short=True,
        short_on=("postgres", "sqlite"),
    ),
    Fault("rolling restart", restart_both, databases=("postgres", "sqlite"), short=True),
]
