from __future__ import annotations

import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from intake.delivery.rate import Buckets

pytestmark = pytest.mark.once

SLOW, FAST = 1e-6, 1e9


@pytest.fixture
def changing_threads() -> Iterator[None]:
    """As often as the interpreter can, so that what two of them do at once is seen."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-7)
    yield
    sys.setswitchinterval(before)


@pytest.mark.usefixtures("changing_threads")
def test_threads_together_take_no_more_than_there_is() -> None:
    buckets = Buckets(burst=500, per_second=SLOW)

    with ThreadPoolExecutor(8) as pool:
        waits = list(pool.map(buckets.take, ["one device"] * 4000))

    assert waits.count(0.0) == 500


def test_what_is_given_back_can_be_taken_again_and_no_more() -> None:
    buckets = Buckets(burst=1, per_second=SLOW)

    assert buckets.take("a") == 0
    assert buckets.take("a") > 0
    for _ in range(3):
        buckets.give_back("a")
    buckets.give_back("nobody")
    assert buckets.take("a") == 0
    assert buckets.take("a") > 0


def test_bucket_that_is_full_again_is_forgotten() -> None:
    buckets = Buckets(burst=1, per_second=FAST)

    for number in range(100):
        buckets.take(f"{number}")

    assert len(buckets._held) <= 2


def test_bucket_that_is_not_full_is_kept_while_there_is_room() -> None:
    buckets = Buckets(burst=2, per_second=SLOW, most=10)

    for number in range(20):
        assert buckets.take(f"{number}") == 0

    assert list(buckets._held) == [f"{number}" for number in range(10, 20)]
    assert buckets.take("19") == 0
    assert buckets.take("19") > 0
