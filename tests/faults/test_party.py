"""A client of the harness keeps everything that it is told, and takes nobody for present who only answers pings."""

from __future__ import annotations

import asyncio
import json
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable, Container
from contextlib import asynccontextmanager
from itertools import count
from typing import Any

import pytest
from websockets.asyncio.server import ServerConnection, serve
from websockets.exceptions import ConnectionClosed

from tests.faults.checker import canary
from tests.faults.history import History
from tests.faults.load import wait_for
from tests.faults.party import Entrance, Party

pytestmark = pytest.mark.once

SECONDS = 5.0
SHORT_SECONDS = 0.3
Play = Callable[[ServerConnection], Awaitable[None]]
ENTRANCE = Entrance(7, "visitor", "/", {})
OWN, OTHER = str(uuid.UUID(int=1)), str(uuid.UUID(int=2))


def text(seq: int, body: str = "hei", *, origin_id: str = OWN) -> dict[str, Any]:
    return {"type": "message", "seq": seq, "origin_id": origin_id, "role": "visitor", "body": f"{canary(7)} {body}"}


async def say(link: ServerConnection, *told: dict[str, Any]) -> None:
    for frame in told:
        await link.send(json.dumps(frame))


@asynccontextmanager
async def talking_to(play: Play, *, unanswered: Container[int] = (), writes: int = 0) -> AsyncIterator[Party]:
    """Somebody who has been welcomed by a server that then does as `play` says, and `writes` so many messages.
    Connections with the numbers `unanswered` are heard, and told nothing."""
    history, numbers = History(), count(1)

    def pause() -> float:
        return 0.01 if len(history.operations) < writes else 3600.0

    async def serve_one(link: ServerConnection) -> None:
        await link.recv()
        if next(numbers) in unanswered:
            await link.wait_closed()
            return
        await say(link, {"type": "welcome", "epoch": 1, "head": 0, "limits": {}, "state": "active"})
        await play(link)
        await link.wait_closed()

    async with serve(serve_one, "127.0.0.1", 0, subprotocols=["helpline.v1"]) as server:  # type: ignore[list-item]
        port = server.sockets[0].getsockname()[1]
        party = Party(ENTRANCE, history, lambda: f"ws://127.0.0.1:{port}", pause=pause)
        party.start()
        await wait_for(lambda: party.welcomed_at > 0, seconds=SECONDS, what="a welcome")
        yield party
        await party.leave()


async def test_repeat_counts_and_a_repeat_with_another_text_is_kept() -> None:
    async with talking_to(lambda link: say(link, text(1), text(1), text(1, "noe annet"), text(2))) as party:
        await wait_for(lambda: party.after == 2, seconds=SECONDS, what="the second message")

    assert [shown.seq for shown in party.reading.shown] == [1, 2]
    assert party.reading.repeats == 2
    assert [came.body for came in party.reading.contradictions] == [f"{canary(7)} noe annet"]


async def test_what_comes_too_early_is_kept_and_not_shown() -> None:
    async with talking_to(lambda link: say(link, text(3), text(1))) as party:
        await wait_for(lambda: party.after == 1, seconds=SECONDS, what="the first message")

    assert [shown.seq for shown in party.reading.shown] == [1]
    assert [came.seq for came in party.reading.early] == [3]


async def test_screen_that_is_dropped_is_kept() -> None:
    gap = {"type": "gap", "epoch": 2}
    async with talking_to(lambda link: say(link, text(1), text(2), gap, text(1, "nytt"))) as party:
        await wait_for(lambda: party.after == 1 and party.reading.dropped == 1, seconds=SECONDS, what="a new screen")

    assert [shown.seq for shown in party.reading.screens[0]] == [1, 2]
    assert [shown.body for shown in party.reading.shown] == [f"{canary(7)} nytt"]
    assert party.reading.contradictions == []


async def test_ack_of_what_was_never_sent_is_kept() -> None:
    async with talking_to(lambda link: say(link, {"type": "ack", "origin_id": OTHER, "seq": 1}, text(1))) as party:
        await wait_for(lambda: party.after == 1, seconds=SECONDS, what="the first message")

    assert party.reading.strange_acks == [OTHER]


async def test_ack_that_is_said_once_more_is_not_another() -> None:
    """Else somebody who gets no acks any more would seem to be served."""

    async def ack_twice(link: ServerConnection) -> None:
        while (frame := json.loads(await link.recv()))["type"] != "message":
            pass
        for _ in range(2):
            await say(link, {"type": "ack", "origin_id": frame["origin_id"], "seq": 1})
            await asyncio.sleep(0.05)
        await say(link, text(1))

    async with talking_to(ack_twice, writes=1) as party:
        await wait_for(lambda: party.after == 1, seconds=SECONDS, what="what comes after both acks")

    assert party.acked_at == party.history.acked()[0].ended_at


async def test_close_code_that_forbids_to_come_back_is_kept() -> None:
    async with talking_to(lambda link: link.close(4410)) as party:
        await wait_for(lambda: party.stopped_by is not None, seconds=SECONDS, what="the end")

    assert party.reading.stopped_by == 4410


async def test_who_is_not_answered_after_a_break_tries_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tests.faults.party.TRY_SECONDS", SHORT_SECONDS)
    welcomed = count(1)

    async def break_once(link: ServerConnection) -> None:
        if next(welcomed) == 1:
            link.transport.abort()
        else:
            await say(link, text(1))

    async with talking_to(break_once, unanswered={2}) as party:
        await wait_for(lambda: party.after == 1, seconds=SECONDS, what="coming back")

        assert [task.cancelling() for task in party._tasks] == [0, 0], "a timeout would now end it"


async def say_nothing(link: ServerConnection) -> None:
    """The library answers pings all the same."""


async def answer_syncs(link: ServerConnection) -> None:
    try:
        while json.loads(await link.recv())["type"] == "sync":
            await say(link, {"type": "head", "head": 0})
    except ConnectionClosed:
        pass


async def ask_until(party: Party, *, seconds: float) -> float | None:
    party.comeback.begin()
    try:
        async with asyncio.timeout(seconds):
            while party.comeback.is_awaited:
                party.probe()
                await asyncio.sleep(0)
    except TimeoutError:
        pass
    return party.comeback.seconds


async def test_who_is_answered_by_the_application_is_back() -> None:
    async with talking_to(answer_syncs) as party:
        assert await ask_until(party, seconds=SECONDS) is not None


async def test_who_is_answered_by_the_library_alone_is_not_back() -> None:
    async with talking_to(say_nothing) as party:
        link = party._link
        assert link is not None
        await (await link.ping())

        assert await ask_until(party, seconds=SHORT_SECONDS) is None


async def test_what_was_under_way_before_the_healing_is_no_answer() -> None:
    async with talking_to(lambda link: say(link, {"type": "head", "head": 0})) as party:
        party.comeback.begin()
        party.comeback.note("head")

        assert party.comeback.seconds is None
