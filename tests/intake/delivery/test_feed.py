"""A feed alone: a source that can be away, and a client that can be slow."""

from __future__ import annotations

import asyncio
import json
import uuid
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest

from intake.delivery import frames
from intake.delivery.feed import Feed, Numbered
from intake.rules.snapshots import Snapshot

SNAPSHOT = Snapshot(
    pk=1,
    public_id=uuid.uuid4(),
    token_hash=b"",
    helpline_id=1,
    language="nb",
    state="active",
    head=0,
    epoch=7,
    counsellor_id=5,
    counsellor_name="Kari",
    reason="",
)


class Store:
    """Messages by number; `away` answers nothing, as a database does that is restarting, late while not `answering`."""

    def __init__(self) -> None:
        self.away = False
        self.head = 0
        self.asked = 0
        self.answering = asyncio.Event()
        self.answering.set()

    async def messages_after(self, conversation_id: int, after: int) -> Sequence[Numbered] | None:
        self.asked += 1
        await self.answering.wait()
        if self.away:
            await asyncio.sleep(0)  # a database that is away is never away at once
        return (
            None
            if self.away
            else [(n, json.dumps({"type": "message", "seq": n})) for n in range(after + 1, self.head + 1)]
        )

    def caught_up(self, conversation_id: int) -> None:
        pass


class Client:
    """What has gone out; it reads nothing while `reading` is clear."""

    def __init__(self) -> None:
        self.events: list[dict[str, Any]] = []
        self.reading, self.wrote = asyncio.Event(), asyncio.Event()
        self.reading.set()

    async def send(self, event: dict[str, object]) -> None:
        await self.reading.wait()
        text = event.get("text")
        self.events.append(json.loads(str(text)) if text else {"type": "close", "code": event["code"]})
        self.wrote.set()

    def kinds(self) -> list[str]:
        return [str(event["type"]) for event in self.events]


@pytest.fixture
async def store() -> Store:
    return Store()


@pytest.fixture
async def client() -> Client:
    return Client()


def make(store: Store, client: Client, *, role: str = "visitor", **changes: Any) -> Feed:
    feed = Feed(replace(SNAPSHOT, **changes), role=role, send=client.send, source=store, user_id=5)
    feed.start(epoch=None, after=0)
    return feed


async def settle(feed: Feed) -> None:
    """Let the pump run until it has nothing to do or waits for the client."""
    for _ in range(50):
        await asyncio.sleep(0)


async def test_failed_read_before_the_end_loses_nothing(store: Store, client: Client) -> None:
    feed = make(store, client)
    await settle(feed)
    store.away, store.head = True, 1

    feed.see(replace(SNAPSHOT, state="ended", head=1, reason="counsellor"))
    await settle(feed)
    assert "close" not in client.kinds()
    store.away = False
    feed.see(replace(SNAPSHOT, state="ended", head=1, reason="counsellor"))
    await settle(feed)

    assert client.kinds()[-2:] == ["message", "close"]
    assert client.events[-1]["code"] == frames.CLOSE_ENDED


async def test_what_could_not_be_read_is_asked_for_again_without_being_told(
    store: Store, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("intake.delivery.feed.PULL_AGAIN_SECONDS", 0.01)
    feed = make(store, client)
    await settle(feed)
    store.away, store.head = True, 2
    feed.reach(2)
    for head in range(20):
        feed.say(frames.HeadBeat(head=head))
    await settle(feed)
    asked = store.asked
    store.away = False

    async with asyncio.timeout(5):
        while client.kinds()[-2:] != ["message", "message"]:
            client.wrote.clear()
            await client.wrote.wait()

    assert store.asked == asked + 1


@pytest.fixture
async def reading(store: Store, client: Client) -> Feed:
    """It waits for the answer to a read, and the answer will be that there is none."""
    feed = make(store, client)
    await settle(feed)
    store.answering.clear()
    store.away, store.head = True, 1
    feed.reach(1)
    await settle(feed)
    assert store.asked == 1
    return feed


async def test_what_is_said_during_a_read_waits_for_nothing(store: Store, client: Client, reading: Feed) -> None:
    before = len(client.events)

    for seq in range(1, 4):
        reading.say(frames.Ack(origin_id=uuid.uuid4(), seq=seq))
        await settle(reading)
    assert [event["seq"] for event in client.events[before:]] == [1, 2, 3]
    store.away = False
    store.answering.set()
    await settle(reading)

    assert client.kinds()[before:] == ["ack", "ack", "ack", "message"]


async def test_what_is_said_to_a_slow_client_during_a_read_that_fails_goes_out_once(
    store: Store, client: Client, reading: Feed
) -> None:
    before = len(client.events)
    client.reading.clear()
    for seq in range(1, 4):
        reading.say(frames.Ack(origin_id=uuid.uuid4(), seq=seq))
    await settle(reading)
    store.answering.set()
    await settle(reading)

    client.reading.set()
    await settle(reading)

    assert [event["seq"] for event in client.events[before:]] == [1, 2, 3]


async def test_what_was_read_before_a_restore_is_not_sent_after_it(store: Store, client: Client, reading: Feed) -> None:
    store.away = False
    reading.see(replace(SNAPSHOT, epoch=8, head=0))
    await settle(reading)
    store.head = 2
    reading.reach(2)
    asked = store.asked
    store.answering.set()

    await settle(reading)

    assert client.kinds()[-3:] == ["gap", "message", "message"]
    assert store.asked == asked + 1


async def test_answer_of_before_a_restore_that_is_empty_ends_nothing(
    store: Store, client: Client, reading: Feed
) -> None:
    store.away, store.head = False, 0
    reading.see(replace(SNAPSHOT, epoch=8, head=2, state="ended", reason="counsellor"))
    await settle(reading)
    store.answering.set()
    await asyncio.sleep(0)
    store.head = 2

    await settle(reading)

    assert client.kinds()[-5:] == ["gap", "state", "message", "message", "close"]


async def test_what_was_read_before_a_purge_is_not_sent_after_it(store: Store, client: Client, reading: Feed) -> None:
    store.away = False
    reading.lose()
    await settle(reading)
    reading.reach(1)
    store.answering.set()
    await asyncio.sleep(0)
    store.head = 0

    await settle(reading)

    assert client.kinds()[-2:] == ["state", "close"]


async def test_one_who_is_dismissed_during_a_read_goes_at_once(store: Store, client: Client, reading: Feed) -> None:
    before = len(client.events)
    reading.say(frames.HeadBeat(head=0))
    reading.close(frames.CLOSE_POLICY)
    await settle(reading)
    assert client.kinds()[before:] == ["head", "close"]
    store.away = False

    store.answering.set()
    await settle(reading)

    assert client.kinds()[before:] == ["head", "close"]


async def test_one_who_is_dismissed_when_the_answer_is_there_gets_none_of_it(
    store: Store, client: Client, reading: Feed
) -> None:
    store.away = False
    store.answering.set()
    await asyncio.sleep(0)
    reading.close(frames.CLOSE_POLICY)

    await settle(reading)

    assert "message" not in client.kinds()
    assert client.events[-1] == {"type": "close", "code": frames.CLOSE_POLICY}


async def test_one_who_is_dismissed_while_she_is_slow_does_not_get_the_rest(store: Store, client: Client) -> None:
    feed = make(store, client)
    await settle(feed)
    client.reading.clear()
    store.head = 3
    feed.reach(3)
    await settle(feed)

    feed.close(frames.CLOSE_POLICY)
    client.reading.set()
    await settle(feed)

    assert client.kinds()[-2:] == ["message", "close"]
    assert client.kinds().count("message") == 1


async def test_one_who_leaves_during_a_read_is_gone_after_it(
    store: Store, client: Client, reading: Feed, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def cut(event: dict[str, object]) -> None:
        raise OSError

    monkeypatch.setattr(reading, "_send", cut)

    reading.say(frames.HeadBeat(head=0))
    await settle(reading)

    assert reading.gone


async def test_end_during_a_read_that_fails_is_told_and_neither_closes_nor_asks_on_and_on(
    store: Store, client: Client, reading: Feed
) -> None:
    reading.see(replace(SNAPSHOT, state="ended", head=1, reason="counsellor"))
    store.answering.set()

    await settle(reading)

    assert client.kinds()[-1] == "state"
    assert store.asked == 1


async def test_one_who_is_dismissed_gets_no_further_message(store: Store, client: Client) -> None:
    feed = make(store, client, role="counsellor")
    await settle(feed)
    store.head = 3
    feed.close(frames.CLOSE_POLICY)

    feed.reach(3)
    await settle(feed)

    assert "message" not in client.kinds()
    assert client.events[-1] == {"type": "close", "code": frames.CLOSE_POLICY}


async def test_what_is_said_to_a_slow_client_is_counted(store: Store, client: Client) -> None:
    feed = make(store, client)
    await settle(feed)
    client.reading.clear()

    for head in range(300):
        feed.say(frames.HeadBeat(head=head))
    await settle(feed)

    assert feed.backlog >= 299


async def test_heartbeats_do_not_pile_up_before_a_slow_client(store: Store, client: Client) -> None:
    feed = make(store, client)
    await settle(feed)
    client.reading.clear()

    for _ in range(300):
        feed.beat()
    await settle(feed)

    assert feed.backlog <= 2


async def test_messages_arrive_after_the_database_is_back(store: Store, client: Client) -> None:
    feed = make(store, client)
    store.away, store.head = True, 2
    feed.reach(2)
    await settle(feed)

    store.away = False
    feed.see(replace(SNAPSHOT, head=2))
    await settle(feed)

    assert [event["seq"] for event in client.events if event["type"] == "message"] == [1, 2]


# -- a restore under an open socket ----------------------------------------------------------------------


async def test_socket_that_stays_open_over_a_restore_is_told_to_start_again(store: Store, client: Client) -> None:
    store.head = 5
    feed = make(store, client, head=5)
    await settle(feed)
    store.head = 2

    feed.see(replace(SNAPSHOT, head=2, epoch=8))
    await settle(feed)
    assert client.events[-1] == {"type": "gap", "epoch": 8}
    feed.sync(0)
    await settle(feed)

    assert [event["seq"] for event in client.events[-2:]] == [1, 2]
    assert feed.head == 2


async def test_restored_conversation_that_has_ended_is_sent_whole_before_the_close(
    store: Store, client: Client
) -> None:
    store.head = 5
    feed = make(store, client, head=5)
    await settle(feed)
    store.head = 2

    feed.see(replace(SNAPSHOT, head=2, epoch=8, state="ended", reason="visitor"))
    await settle(feed)

    assert client.kinds()[-5:] == ["gap", "state", "message", "message", "close"]


async def test_whoever_finishes_at_once_has_sent_what_was_just_said(store: Store, client: Client) -> None:
    feed = make(store, client)
    feed.close(frames.CLOSE_RESTART)

    await feed.finish()

    assert client.kinds() == ["welcome", "state", "close"]
