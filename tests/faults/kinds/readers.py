"""Sockets that never read, while their conversation goes on: a page that hangs, or somebody who means it."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from datetime import datetime, timedelta

import psycopg

from tests.faults.fault import Fault, Scene
from tests.faults.neighbours import Neighbours
from tests.faults.rude import PING, Rude, frame, say

SOCKETS = 20
CONVERSATIONS = 10
RECEIVE_BYTES = 4096
BODY_CHARACTERS = 3500
TALK_SECONDS = 0.1
LET_GO_SECONDS = 60.0
SEEN_SECONDS = 31.0
SEEN_LATE = timedelta(seconds=2)
PINGS = frame(bytes(125), PING) * 500


@asynccontextmanager
async def talkative(scene: Scene) -> AsyncIterator[None]:
    """Those conversations' counsellors write much. In the end nobody is taken for present who has read nothing."""
    theirs = {entrance.conversation for entrance in scene.apart}
    for party in scene.load.parties:
        if party.entrance.conversation in theirs:
            party.filler, party.pause = "x" * BODY_CHARACTERS, lambda: TALK_SECONDS
    yield
    let_go_at = datetime.now().astimezone()
    await asyncio.sleep(SEEN_SECONDS)
    for conversation, seen_at in await asyncio.to_thread(visitors_seen, scene):
        if conversation in theirs and seen_at > let_go_at + SEEN_LATE:
            scene.fail(f"{conversation} counts as present, though its visitor has gone")


def visitors_seen(scene: Scene) -> list[tuple[int, datetime]]:
    with psycopg.connect(scene.stage.installation.environment["DATABASE_URL"]) as connection:
        return connection.execute("SELECT id, visitor_seen_at FROM intake_conversation").fetchall()


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
async def deaf_sockets(scene: Scene) -> AsyncIterator[list[Rude]]:
    opened = await asyncio.to_thread(open_deaf_sockets, scene)
    try:
        yield opened
    finally:
        for one in opened:
            one.leave()


@asynccontextmanager
async def pinging_sockets(scene: Scene) -> AsyncIterator[None]:
    """They ask whether anybody is there as fast as they can, and do not care for the answers."""
    async with deaf_sockets(scene) as opened:
        pinging = asyncio.create_task(asyncio.to_thread(ping_on, opened, until=time.monotonic() + 3.0))
        yield
        await pinging


def ping_on(opened: list[Rude], *, until: float) -> None:
    for one in opened:
        one.socket.setblocking(False)
    while time.monotonic() < until:
        for one in opened:
            with suppress(OSError):
                one.socket.send(PINGS)
        time.sleep(0.005)


async def never_read(scene: Scene) -> None:
    neighbours = Neighbours(scene)
    await neighbours.bear(lambda: deaf_sockets(scene))
    async with deaf_sockets(scene) as opened:
        gone = await neighbours.watch_memory(lambda: not any(one.is_open for one in opened), seconds=LET_GO_SECONDS)
        if not gone:
            scene.fail(f"{sum(one.is_open for one in opened)} sockets that never read were not let go")
    neighbours.judge_memory()


async def ping_and_never_read(scene: Scene) -> None:
    neighbours = Neighbours(scene)
    await neighbours.bear(lambda: pinging_sockets(scene))
    neighbours.judge_memory()


FAULTS = [
    Fault("sockets that never read", never_read, apart=CONVERSATIONS, setting=talkative, per_second=200),
    Fault("sockets that ping and never read", ping_and_never_read, apart=CONVERSATIONS, per_second=200),
]
