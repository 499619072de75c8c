"""What is measured of everybody's return, and of how late messages are."""

from __future__ import annotations

import uuid

import pytest

from tests.faults.checker import canary
from tests.faults.history import End, History, Shown
from tests.faults.load import Calm, Load, lateness
from tests.faults.party import Entrance, Party

pytestmark = pytest.mark.once

SHORT_SECONDS = 0.3
ENTRANCE = Entrance(7, "visitor", "/", {})


def load_of(number: int) -> Load:
    load = Load([], lambda: "ws://nowhere", back_seconds=SHORT_SECONDS, resume_seconds=SHORT_SECONDS)
    load.parties = [Party(ENTRANCE, load.history, load.address, pause=lambda: 1.0) for _ in range(number)]
    return load


def acknowledge(party: Party, *, invoked_at: float, ended_at: float) -> None:
    one = party.history.invoke(
        conversation=7, role="visitor", sender=party.name, origin_id=str(uuid.uuid4()), body=canary(7)
    )
    one.finish(End.OK, seq=1)
    one.invoked_at, one.ended_at, party.acked_at = invoked_at, ended_at, ended_at


async def test_first_ack_of_each_counts_from_the_healing_or_from_when_it_was_written() -> None:
    load = load_of(2)
    acknowledge(load.parties[0], invoked_at=90.0, ended_at=104.0)
    acknowledge(load.parties[1], invoked_at=108.0, ended_at=109.0)
    acknowledge(load.parties[1], invoked_at=110.0, ended_at=160.0)

    assert await load.resume(since=100.0) == [1.0, 4.0]


async def test_one_of_many_who_gets_no_ack_counts_with_the_whole_time() -> None:
    load = load_of(3)
    for party in load.parties[:2]:
        acknowledge(party, invoked_at=100.0, ended_at=100.1)

    assert (await load.resume(since=100.0))[-1] == SHORT_SECONDS


async def test_one_of_many_who_is_not_answered_counts_with_the_whole_time() -> None:
    load = load_of(3)
    load.be_healed()
    for party in load.parties[:2]:
        party.comeback.note_question()
        party.comeback.note("head")

    took = await load.come_back()

    assert len(took) == 3
    assert took[1] < SHORT_SECONDS == took[2]


@pytest.mark.parametrize(
    ("calms", "late"),
    [
        (None, [7.0]),
        ([(10.0, 30.0)], [7.0]),
        ([(0.0, 5.0), (10.0, 15.0)], [3.0]),
        ([(13.0, 30.0)], []),
    ],
    ids=["all", "shown within the calm", "not shown at its end", "acknowledged before it"],
)
def test_lateness_counts_in_calms_alone(calms: list[Calm] | None, late: list[float]) -> None:
    history = History()
    one = history.invoke(conversation=7, role="counsellor", sender="k", origin_id="id", body="hei")
    one.finish(End.OK, seq=1)
    one.ended_at = 12.0
    reading = history.read("v", conversation=7, role="visitor")
    reading.shown = [Shown(1, "id", "counsellor", "hei", 19.0)]

    assert lateness(history, calms=calms) == late
