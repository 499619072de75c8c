"""Sockets that never read, while their conversation goes on: a page that hangs, or somebody who means it."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime, timedelta

from scripts.machine import ROOT
from tests.faults.fault import Fault, Scene
from tests.faults.load import wait_for
from tests.faults.neighbours import WINDOW_SECONDS, Neighbours
from tests.faults.rude import PING, Rude, frame, say
from tests.faults.stage import run_crowd

SOCKETS = 20
CONVERSATIONS = 10
RECEIVE_BYTES = 4096
BODY_CHARACTERS = 3500
TALK_SECONDS = 0.1
TALKED_MESSAGES = 150
TALKED_SECONDS = 120.0
LET_GO_SECONDS = 60.0
FILLED_SECONDS = 1.0
SEEN_SECONDS = 31.0
SEEN_LATE = timedelta(seconds=2)
PING_BYTES = len(frame(bytes(125), PING))
PINGS = frame(bytes(125), PING) * 500


@asynccontextmanager
async def talkative(scene: Scene) -> AsyncIterator[None]:
    """Those conversations' counsellors write much. In the end nobody is taken for present who has read nothing.

    A process keeps what was said last of every conversation: weighed is what comes on top, so that is filled first.
    """
    theirs = {entrance.conversation for entrance in scene.apart}
    talkers = [party for party in scene.load.parties if party.entrance.conversation in theirs]
    for party in talkers:
        party.filler, party.pause = "x" * BODY_CHARACTERS, lambda: TALK_SECONDS
    await wait_for(
        lambda: all(party.after >= TALKED_MESSAGES for party in talkers), seconds=TALKED_SECONDS, what="much being said"
    )
    yield
    let_go_at = datetime.now().astimezone()
    await asyncio.sleep(SEEN_SECONDS)
    seen = json.loads(await asyncio.to_thread(run_crowd, scene.stage.installation, "seen"))
    for conversation in theirs:
        if datetime.fromisoformat(seen[str(conversation)]) > let_go_at + SEEN_LATE:
            scene.fail(f"{conversation} counts as present, though its visitor has gone")


def open_deaf_sockets(scene: Scene) -> list[Rude]:
    """They say hello, and that is the last anybody hears of them."""
    opened = []
    for number in range(SOCKETS):
        entrance = scene.apart[number % len(scene.apart)]
        web = scene.stage.webs[number % len(scene.stage.webs)]
        one = Rude(web.socket_address, entrance.path, cookie=entrance.cookie, receive_bytes=RECEIVE_BYTES)
        one.socket.sendall(say(type="hello", **entrance.hello, after=0))
        opened.append(one)
    return opened


@asynccontextmanager
async def deaf_sockets(scene: Scene, neighbours: Neighbours) -> AsyncIterator[list[Rude]]:
    """Twenty newcomers are given fifty messages each, which costs the others a second; not reading begins after it.
    What the servers weigh in that second counts."""
    opened = await asyncio.to_thread(open_deaf_sockets, scene)
    try:
        await neighbours.watch_memory(scene, lambda: False, seconds=FILLED_SECONDS)
        yield opened
    finally:
        for one in opened:
            one.leave()


@asynccontextmanager
async def pinging_sockets(scene: Scene) -> AsyncIterator[None]:
    """They ask whether anybody is there as fast as they can, and do not care for the answers."""
    async with deaf_sockets(scene, of_the_pinging) as opened:
        for one in opened:
            one.socket.setblocking(False)
        sockets = [one.socket.fileno() for one in opened]
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            *("-m", "tests.faults.pinging", f"{WINDOW_SECONDS}", *map(str, sockets)),
            cwd=ROOT,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            pass_fds=sockets,
        )
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(PINGS)
        process.stdin.close()
        if await process.stdout.readline() != b"pinging\n":
            raise RuntimeError("nobody pings")
        yield
        written = int(await process.stdout.read())
        await process.wait()
        scene.count("pings", written // PING_BYTES)
        if written < SOCKETS * len(PINGS):
            scene.fail(f"only {written} bytes of pings could be written")


of_the_deaf: Neighbours = Neighbours(lambda scene: deaf_sockets(scene, of_the_deaf))
of_the_pinging = Neighbours(pinging_sockets)


async def never_read(scene: Scene) -> None:
    await of_the_deaf.bear(scene)
    async with deaf_sockets(scene, of_the_deaf) as opened:
        gone = await of_the_deaf.watch_memory(
            scene, lambda: not any(one.is_open for one in opened), seconds=LET_GO_SECONDS
        )
        if not gone:
            scene.fail(f"{sum(one.is_open for one in opened)} sockets that never read were not let go")


@asynccontextmanager
async def talkative_and_watched(scene: Scene) -> AsyncIterator[None]:
    async with of_the_deaf.watched(scene), talkative(scene):
        yield


BOTH = ("postgres", "sqlite")
FAULTS = [
    Fault(
        "sockets that never read",
        never_read,
        databases=BOTH,
        apart=CONVERSATIONS,
        setting=talkative_and_watched,
        per_second=200,
    ),
    Fault(
        "sockets that ping and never read",
        of_the_pinging.bear,
        databases=BOTH,
        apart=CONVERSATIONS,
        setting=of_the_pinging.watched,
        per_second=200,
    ),
]
