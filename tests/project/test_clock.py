"""Real processes whose clock jumps by a day and back: nobody is sent away, and nothing is lost."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from scripts.machine import ROOT, Missing
from tests.clock import Clock
from tests.conftest import MakeDemo, lacking
from tests.project.demos import SETTINGS, ask, sqlite_demo
from tests.tab import Tab, open_conversation, tab
from tests.web import Installation, Web

pytestmark = [pytest.mark.once, pytest.mark.processes]

DEADLINE_SECONDS = 30.0

__all__ = ["sqlite_demo"]  # a fixture that is shared with the tests of backups


@pytest.fixture
def clock(tmp_path: Path) -> Clock:
    try:
        return Clock(tmp_path)
    except Missing as missing:
        lacking(missing)


@pytest.fixture(params=["sqlite", "postgresql"])
def installation(
    request: pytest.FixtureRequest,
    sqlite_demo: Installation,
    demo_on_postgres: MakeDemo,
    tmp_path: Path,
    clock: Clock,
) -> Installation:
    """On PostgreSQL the database's own clock stays right: another machine's."""
    settings = {**SETTINGS, **clock.environment}
    if request.param == "sqlite":
        return sqlite_demo.copied_to(tmp_path / "data", settings)
    return demo_on_postgres(tmp_path / "data", **settings)


@contextmanager
def keeping_house(installation: Installation) -> Iterator[None]:
    command = [sys.executable, "manage.py", "housekeeping", "--every", "1"]
    log = installation.folder / "housekeeping.log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            command, cwd=ROOT, env=installation.environment, stdin=subprocess.DEVNULL, stdout=output, stderr=output
        )
    try:
        yield
        assert process.poll() is None, log.read_text()
    finally:
        process.kill()
        process.wait()


def wait_until(holds: Callable[[], bool]) -> None:
    give_up_at = time.monotonic() + DEADLINE_SECONDS
    while not holds():
        assert time.monotonic() < give_up_at
        time.sleep(0.1)


def held_back(installation: Installation) -> int:
    rows = ask(installation, "SELECT held_back FROM intake_serviceclock")
    return int(rows[0][0]) if rows else 0


def has_kept_house(installation: Installation) -> bool:
    return bool(ask(installation, "SELECT 1 FROM intake_serviceclock WHERE round_at IS NOT NULL"))


def say(visitor: Tab, body: str) -> int:
    origin_id = visitor.write(body)
    return int(visitor.wait_for("ack", origin_id=origin_id)["seq"])


def test_clock_that_jumps_by_a_day_sends_nobody_away(installation: Installation, clock: Clock) -> None:
    with installation.running() as (web,), keeping_house(installation):
        token = open_conversation(web.address)
        with tab(web.address, token) as visitor:
            say(visitor, "før")
            wait_until(lambda: has_kept_house(installation))
            # Who has just closed the lid did so a moment ago, and by the wrong clock a day ago.
            away = [open_conversation(web.address) for _ in range(3)]

            clock.put("+1d")
            wait_until(lambda: held_back(installation) > 0)
            during = say(visitor, "mens den gikk feil")
            clock.put("-1d")
            wait_until(lambda: held_back(installation) == 0)
            behind = say(visitor, "og feil den andre veien")
            clock.put("+0")
            after = say(visitor, "etterpå")

        assert [during, behind, after] == [2, 3, 4]
        assert all(is_alive(web, token) for token in away)


def is_alive(web: Web, token: str) -> bool:
    with tab(web.address, token) as visitor:
        return bool(visitor.welcome["state"] == "waiting")


def test_command_that_refuses_says_so_and_takes_the_administrators_word(
    installation: Installation, clock: Clock
) -> None:
    with installation.running() as (web,):
        for _ in range(4):
            open_conversation(web.address)
    ask(installation, "UPDATE intake_serviceclock SET open_at = NULL, open_since_at = NULL")
    environment = installation.environment
    command = [sys.executable, "manage.py", "housekeeping"]
    subprocess.run(command, cwd=ROOT, env=environment, check=True, capture_output=True)
    clock.put("+1d")

    refused = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    before = ask(installation, "SELECT count(*) FROM intake_conversation WHERE state = 'waiting'")[0][0]
    confirmed = subprocess.run(
        [*command, "--yes-remove", "4"], cwd=ROOT, env=environment, capture_output=True, text=True, check=False
    )

    assert refused.returncode == 3
    assert "Refused to remove 4 conversations" in refused.stderr
    assert "--yes-remove 4" in refused.stderr
    assert before == 4
    assert (confirmed.returncode, confirmed.stdout.split(",")[0]) == (0, "closed 4 abandoned")
