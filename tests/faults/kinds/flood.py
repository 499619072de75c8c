"""Far more than anybody can mean: frames larger than allowed, and messages faster than anybody writes."""

from __future__ import annotations

import asyncio
import json
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import asdict
from typing import Any

from scripts.machine import ROOT
from tests.faults.fault import Fault, Scene
from tests.faults.history import End, Operation
from tests.faults.neighbours import WINDOW_SECONDS, Neighbours
from tests.faults.rude import Plan, Rude, Way, frame, say

SOCKETS = 50
CONVERSATIONS = 10
PER_SECOND = 100.0
LARGE = frame(b"x" * 60_000)
LARGE_FRAMES = 5000
AGAIN_SECONDS = 0.2
TOO_BIG = {1009, 1006}
# The rate that is shipped; elsewhere the load goes beyond it.
AS_SHIPPED = {"CHATLINE_MESSAGE_BURST": "5", "CHATLINE_MESSAGES_PER_SECOND": "1.0"}


# -- one socket, 5,000 frames of 60 kB -----------------------------------------------------------------------------


def send_large_frames(scene: Scene, *, until: float) -> None:
    """From one socket at a time: let go, it comes back."""
    entrance = scene.apart[0]
    left = LARGE_FRAMES
    while left and time.monotonic() < until:
        one = Rude(scene.stage.webs[0].socket_address, entrance.path, cookie=entrance.cookie)
        one.socket.sendall(say(type="hello", **entrance.hello, after=0))
        try:
            while left:
                one.socket.sendall(LARGE)
                left -= 1
        except OSError:
            pass
        else:
            scene.fail(f"{LARGE_FRAMES} frames of {len(LARGE)} bytes were taken in")
        _, code = one.read_until_closed(seconds=5)
        if code not in TOO_BIG:
            scene.fail(f"a frame of {len(LARGE)} bytes was answered with {code}")
        one.leave()
        time.sleep(AGAIN_SECONDS)


@asynccontextmanager
async def large_frames(scene: Scene) -> AsyncIterator[None]:
    until = time.monotonic() + WINDOW_SECONDS
    sending = asyncio.create_task(asyncio.to_thread(send_large_frames, scene, until=until))
    yield
    await sending


async def large(scene: Scene) -> None:
    neighbours = Neighbours(scene)
    await neighbours.bear(lambda: large_frames(scene))
    neighbours.judge_memory()


# -- 50 sockets, 100 messages a second each ------------------------------------------------------------------------


def make_plan(scene: Scene) -> Plan:
    ways = []
    for number in range(SOCKETS):
        entrance, web = scene.apart[number % len(scene.apart)], scene.stage.webs[number % len(scene.stage.webs)]
        who = (entrance.path, entrance.hello, entrance.cookie, entrance.conversation, entrance.role)
        ways.append(Way(web.socket_address, *who))
    return Plan(ways, per_second=PER_SECOND, seconds=WINDOW_SECONDS + 1)


@asynccontextmanager
async def many_messages(scene: Scene) -> AsyncIterator[None]:
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        *("-m", "tests.faults.rude"),
        cwd=ROOT,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        limit=1 << 28,
    )
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdin.write(json.dumps(asdict(make_plan(scene))).encode())
    process.stdin.close()
    try:
        if await process.stdout.readline() != b"flooding\n":
            raise RuntimeError("the flood did not begin")
        yield
        _write_down(scene, json.loads(await process.stdout.read()))
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()


def _write_down(scene: Scene, told: dict[str, Any]) -> None:
    """What the flood was told is as binding as what anybody else was told."""
    for one in told["sent"]:
        operation = Operation(
            one["conversation"], one["role"], one["sender"], one["origin_id"], one["body"], invoked_at=one["at"]
        )
        operation.finish(End.OK if one["seq"] else End.UNKNOWN, seq=one["seq"])
        scene.load.history.operations.append(operation)
    wanted = SOCKETS * PER_SECOND * WINDOW_SECONDS
    if told["written"] < wanted:
        scene.fail(f"the flood was {told['written']} messages, and should have been {wanted:.0f}")
    scene.notes["refused"] = str(int(scene.notes.get("refused", 0)) + told["refused"])
    scene.notes["flooded"] = str(int(scene.notes.get("flooded", 0)) + told["written"])


async def fast(scene: Scene) -> None:
    neighbours = Neighbours(scene)
    await neighbours.bear(lambda: many_messages(scene))
    neighbours.judge_memory()


FAULTS = [
    Fault("large frames", large, apart=1, per_second=200),
    Fault("a flood of messages", fast, apart=CONVERSATIONS, environment=AS_SHIPPED, per_second=200, short=True),
]
