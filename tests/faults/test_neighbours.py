"""A stall is seen in what is not answered, and in the injection that it came with."""

from __future__ import annotations

import pytest

from tests.faults.history import End, History, Operation
from tests.faults.neighbours import too_slow, waits

pytestmark = pytest.mark.once


def sent(at: float, *, end: End | None = None, ended_at: float = 0.0) -> Operation:
    one = History().invoke(conversation=7, role="visitor", sender="v", origin_id="id", body="hei")
    one.invoked_at, one.end, one.ended_at = at, end, ended_at
    return one


@pytest.mark.parametrize(
    ("one", "waited"),
    [
        (sent(11.0, end=End.OK, ended_at=11.5), [0.5]),
        (sent(9.0, end=End.OK, ended_at=11.5), []),
        (sent(11.0), [2.0]),
        (sent(4.0), [9.0]),
        (sent(11.0, end=End.UNKNOWN, ended_at=12.0), []),
    ],
    ids=["answered", "sent before", "not answered yet", "not answered for long", "its tab was closed"],
)
def test_window_holds_what_was_sent_in_it_and_whatever_still_waits(one: Operation, waited: list[float]) -> None:
    assert waits([one], since=10.0, until=13.0) == waited


def test_waits_are_ascending() -> None:
    assert waits([sent(11.0), sent(12.0), sent(10.0)], since=10.0, until=13.0) == [1.0, 2.0, 3.0]


@pytest.mark.parametrize(
    ("ratios", "slower"),
    [
        ([[1.0, 1.1, 1.2], [1.1, 1.0, 1.9], [1.0, 1.4, 1.4]], None),
        ([[1.3, 1.3, 1.0], [1.3, 1.3, 1.0], [1.3, 1.0, 1.0]], 1.3),
        ([[1.0, 1.0, 1.0], [1.0, 1.0, 1.0], [1.0, 1.6, 9.0]], 1.6),
        ([[1.0, 1.2, 1.0, 1.6, 1.6]], None),
    ],
    ids=["noise", "slower together", "slower once", "one injection alone"],
)
def test_slower_together_by_a_fifth_or_in_one_injection_by_half(
    ratios: list[list[float]], slower: float | None
) -> None:
    assert too_slow(ratios) == slower
