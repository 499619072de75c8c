"""Wake-ups may all be lost: with Redis dead a message is at most six seconds late, and soon in time when it is back."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conftest import MakeDemo
from tests.faults.servers import Redis, folder_for
from tests.lines import KEEPALIVE, lines_to
from tests.servers import free_port, running_redis
from tests.tab import Tab, open_conversation, tab
from tests.web import SERVERS, Web

LATE_SECONDS = 6.0
SOON_SECONDS = 1.0
RENEWED_SECONDS = 30.0
TALKATIVE = {"CHATLINE_MESSAGE_BURST": "1000", "CHATLINE_MESSAGES_PER_SECOND": "1000"}

pytestmark = [pytest.mark.once, pytest.mark.processes]


@pytest.fixture(params=SERVERS)
def webs(request: pytest.FixtureRequest, demo_on_postgres: MakeDemo, tmp_path: Path) -> Iterator[tuple[list[Web], int]]:
    """Two processes of either server, and the port where they look for Redis."""
    port = free_port()
    installation = demo_on_postgres(tmp_path, REDIS_URL=f"redis://127.0.0.1:{port}/0", **TALKATIVE)
    with installation.running(webs=2, server=request.param) as processes:
        yield processes, port


def seconds_until_read(sender: Tab, reader: Tab, text: str) -> float:
    origin_id = sender.write(text)
    sender.wait_for("ack", origin_id=origin_id)
    acked_at = time.monotonic()
    reader.wait_for("message", origin_id=origin_id)
    return time.monotonic() - acked_at


def test_delivery_survives_redis(webs: tuple[list[Web], int]) -> None:
    (first, second), port = webs
    token = open_conversation(first.address)

    with tab(first.address, token) as sender, tab(second.address, token) as reader:
        with running_redis(port=port):
            assert soon_again(sender, reader)
        late = [seconds_until_read(sender, reader, f"uten {number}") for number in range(3)]
        with running_redis(port=port):
            assert soon_again(sender, reader)

        whole = [seq for seq, _ in reader.bodies()]

    assert max(late) <= LATE_SECONDS
    assert whole == list(range(1, len(whole) + 1))


def soon_again(sender: Tab, reader: Tab) -> bool:
    """Whether three messages in a row arrive at once, before the watchdog's time to notice and renew is over."""
    give_up_at = time.monotonic() + RENEWED_SECONDS
    while time.monotonic() < give_up_at:
        if all(seconds_until_read(sender, reader, "med") <= SOON_SECONDS for _ in range(3)):
            return True
    return False


def test_no_line_to_redis_is_given_up_by_the_system(demo_on_postgres: MakeDemo, tmp_path: Path) -> None:
    """redis-py takes that for "nothing yet", and is asked again without a pause: the process would do nothing else."""
    with folder_for("redis") as folder:
        redis = Redis(folder)
        redis.start()
        try:
            with demo_on_postgres(tmp_path, REDIS_URL=redis.url).running():
                give_up_at = time.monotonic() + RENEWED_SECONDS
                while not redis.listeners():
                    assert time.monotonic() < give_up_at
                timers = lines_to(redis.port)
        finally:
            redis.kill()

    assert len(timers) >= 1
    assert KEEPALIVE not in timers
