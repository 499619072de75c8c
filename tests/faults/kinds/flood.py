"""Far more than anybody can mean: frames larger than allowed, and messages faster than anybody writes."""

from __future__ import annotations

import asyncio
import json
import math
import sys
import threading
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import asdict
from typing import Any

from scripts.machine import ROOT
from tests.faults.fault import Fault, Scene
from tests.faults.history import End, Operation
from tests.faults.neighbours import WINDOW_SECONDS, Neighbours, rounds_of
from tests.faults.rude import Plan, Rude, Way, frame, say

SOCKETS = 50
CONVERSATIONS = 10
PER_SECOND = 100.0
LARGE = frame(b"x" * 60_000)
LARGE_FRAMES = 5000
MOST_AT_ONCE = 1000
"""Nobody takes in so many."""
WRITTEN_SECONDS = 60.0
AGAIN_SECONDS = 0.1
TOO_BIG = {1009, 1006}
# The rate that is shipped; elsewhere the load goes beyond it.
AS_SHIPPED = {"CHATLINE_MESSAGE_BURST": "5", "CHATLINE_MESSAGES_PER_SECOND": "1.0"}


# -- one socket, 5,000 frames of 60 kB -----------------------------------------------------------------------------


class LargeFrames:
    """From one socket at a time: let go, it comes back, until so many have been written and it is told to stop."""

    def __init__(self, scene: Scene, number: int) -> None:
        self._scene, self._number = scene, number
        self.written = self.links = 0
        self.stop = threading.Event()

    def write_on(self) -> None:
        give_up_at = time.monotonic() + WRITTEN_SECONDS
        while self.written < self._number or not self.stop.is_set():
            if time.monotonic() > give_up_at:
                self._scene.fail(f"only {self.written} of {self._number} large frames could be offered")
                return
            self._write_until_let_go()
            self.stop.wait(AGAIN_SECONDS)

    def _write_until_let_go(self) -> None:
        entrance = self._scene.apart[0]
        one = Rude(self._scene.stage.webs[0].socket_address, entrance.path, cookie=entrance.cookie)
        one.socket.sendall(say(type="hello", **entrance.hello, after=0))
        self.links += 1
        written = 0
        try:
            while written < MOST_AT_ONCE:
                one.socket.sendall(LARGE)
                written += 1
        except OSError:
            pass
        else:
            self._scene.fail(f"{written} frames of {len(LARGE)} bytes were taken in")
        self.written += written
        _, code = one.read_until_closed(seconds=5)
        if code not in TOO_BIG:
            self._scene.fail(f"a frame of {len(LARGE)} bytes was answered with {code}")
        one.leave()


@asynccontextmanager
async def large_frames(scene: Scene) -> AsyncIterator[None]:
    """A round's share of them; the last are written after the window that is measured, if it was too short."""
    frames = LargeFrames(scene, math.ceil(LARGE_FRAMES / rounds_of(scene)))
    writing = asyncio.create_task(asyncio.to_thread(frames.write_on))
    yield
    frames.stop.set()
    await of_the_large.watch_memory(scene, writing.done, seconds=WRITTEN_SECONDS)
    await writing
    scene.count("offered", frames.written)
    scene.count("links", frames.links)


of_the_large = Neighbours(large_frames)


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
        reading = asyncio.create_task(process.stdout.read())
        await of_the_fast.watch_memory(scene, reading.done, seconds=WRITTEN_SECONDS)
        _write_down(scene, json.loads(await reading))
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
    scene.count("refused", told["refused"])
    scene.count("flooded", told["written"])


of_the_fast = Neighbours(many_messages)

BOTH = ("postgres", "sqlite")
FAULTS = [
    Fault(
        "large frames",
        of_the_large.bear,
        databases=BOTH,
        apart=1,
        setting=of_the_large.watched,
        per_second=200,
    ),
    Fault(
        "a flood of messages",
        of_the_fast.bear,
        databases=BOTH,
        apart=CONVERSATIONS,
        environment=AS_SHIPPED,
        setting=of_the_fast.watched,
        per_second=200,
        short=True,
    ),
]
