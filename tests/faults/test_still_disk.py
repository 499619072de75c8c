"""What is said of the disk is what its writes waited, and nothing else decides which rounds are made again."""

from __future__ import annotations

import asyncio
import threading
import time
from contextlib import nullcontext
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from tests.faults.fault import Scene
from tests.faults.neighbours import MANY_ROUNDS, STILL_MORE, Neighbours
from tests.faults.still_disk import USUAL_SECONDS, Disk, watched_disk

pytestmark = pytest.mark.once

STILL, MOVING = True, False


def test_quick_writes_are_no_waiting() -> None:
    written = threading.Semaphore(0)
    disk = Disk(written.release)
    thread = threading.Thread(target=disk.write_on)
    thread.start()
    for _ in range(5):
        written.acquire(timeout=5)
    disk.stop()
    thread.join()

    assert disk.waited() == 0.0


def test_slow_writes_are_added_up_until_it_is_asked() -> None:
    disk = Disk(lambda: None)
    for seconds in (0.5, USUAL_SECONDS / 2, 0.25):
        disk._note(seconds)

    assert (disk.waited(), disk.waited()) == (0.75, 0.0)


def test_write_that_still_waits_counts_with_its_age() -> None:
    begun, go_on = threading.Event(), threading.Event()

    def write() -> None:
        begun.set()
        go_on.wait(10)

    disk = Disk(write)
    thread = threading.Thread(target=disk.write_on)
    thread.start()
    assert begun.wait(5)
    time.sleep(0.1)

    waited = disk.waited()

    disk.stop()
    go_on.set()
    thread.join()
    assert 0.1 <= waited < 5


def test_the_disk_of_the_trial_is_written_to() -> None:
    before = written_bytes()
    with watched_disk():
        time.sleep(0.5)
    assert written_bytes() >= before + 512


def written_bytes() -> int:
    lines = Path("/proc/self/io").read_text().splitlines()
    return int(next(line.split()[1] for line in lines if line.startswith("wchar:")))


class Told(Neighbours):
    """Rounds as they are told: the ratio, and whether the disk stood still in the window with it."""

    rounds: list[tuple[float, bool]]

    async def _round(self, scene: Scene) -> tuple[float, float]:
        ratio, still = self.rounds.pop(0)
        self.still[True] += still
        return 1.0, ratio


def scene(*, times: int) -> Scene:
    stage = SimpleNamespace(webs=[])
    return Scene(cast(Any, stage), cast(Any, None), cast(Any, None), times=times)


def borne(*injections: list[tuple[float, bool]]) -> tuple[Told, Scene]:
    """Each of so many rounds that all have as many as ever."""
    there = scene(times=len(injections))
    neighbours = Told(lambda scene: nullcontext())
    neighbours.still = {False: 0, True: 0}
    for rounds in injections:
        neighbours.rounds = list(rounds)
        asyncio.run(neighbours.bear(there))
        assert neighbours.rounds == []
    return neighbours, there


def quiet(number: int) -> list[tuple[float, bool]]:
    return [(1.0, MOVING)] * number


EACH = MANY_ROUNDS // 2


def test_round_in_which_the_disk_stood_still_is_made_again_whatever_came_out() -> None:
    neighbours, _ = borne([(0.1, STILL), *quiet(EACH - 1), (9.0, STILL), (1.2, MOVING)], quiet(EACH))

    assert neighbours.ratios == [[*[1.0] * (EACH - 1), 1.2], [1.0] * EACH]


def test_as_many_rounds_are_made_again_as_all_injections_have() -> None:
    still = [(9.0, STILL)] * (MANY_ROUNDS - 1)
    neighbours, _ = borne([*still, *quiet(EACH)], [(8.0, STILL), (7.0, STILL), *quiet(EACH - 1)])

    assert neighbours.ratios == [[1.0] * EACH, [7.0, *[1.0] * (EACH - 1)]]


def test_slow_round_with_a_disk_that_moves_counts() -> None:
    neighbours, there = borne([(9.0, MOVING)] * EACH, [(9.0, MOVING)] * EACH)
    neighbours._judge(there)

    assert "9.00 times" in there.failures[0]


@pytest.mark.parametrize(("more", "failed"), [(STILL_MORE, False), (STILL_MORE + 1, True)])
def test_nuisance_that_stops_the_disk_is_found(more: int, failed: bool) -> None:
    neighbours, there = borne(quiet(EACH), quiet(EACH))
    neighbours.still = {False: 2, True: 2 + more}
    neighbours._judge(there)

    assert ("the disk stood still" in "".join(there.failures)) is failed
    assert there.notes["disk still"] == f"{2 + more} with, 2 without"
