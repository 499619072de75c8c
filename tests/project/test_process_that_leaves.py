"""A process that is asked to go does so, whatever its threads wait for: a database that hangs lets go of none."""

from __future__ import annotations

import signal
import sys
import time

import pytest

from tests.tab import open_conversation, tab
from tests.web import SERVERS, Installation, Web

HANGING_SECONDS = 60
GONE_SECONDS = 8.0
# A thread as those that talk to the database are, which the interpreter waits for when it ends.
HANGING = f"""
import runpy, sys, time
from concurrent.futures import ThreadPoolExecutor
ThreadPoolExecutor().submit(time.sleep, {HANGING_SECONDS})
del sys.argv[0]
runpy.run_path(sys.argv[0], run_name="__main__")
"""

pytestmark = [pytest.mark.once, pytest.mark.processes]


class HangingWeb(Web):
    def command(self) -> list[str]:
        return [sys.executable, "-c", HANGING, *super().command()]


@pytest.fixture(scope="module")
def installation(tmp_path_factory: pytest.TempPathFactory) -> Installation:
    made = Installation(tmp_path_factory.mktemp("installation"))
    made.environment["CHATLINE_DRAIN_SECONDS"] = "0.3"
    made.manage("demo")
    return made


@pytest.mark.parametrize("server", SERVERS)
def test_process_goes_although_a_thread_hangs(installation: Installation, server: str) -> None:
    with HangingWeb(installation, server=server) as web, tab(web.address, open_conversation(web.address)) as visitor:
        origin_id = visitor.write("rett før")
        visitor.wait_for("ack", origin_id=origin_id)
        asked_at = time.monotonic()

        code = web.stop()

        assert time.monotonic() - asked_at < GONE_SECONDS
        assert visitor.wait_for("drain")["reconnect_in"] >= 0
    assert code == -signal.SIGTERM
    assert visitor.link.close_code == 1012
