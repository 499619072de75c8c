"""The web commands of docker-compose.yml, twice, on PostgreSQL and Redis: one visitor, two tabs, two processes."""

from __future__ import annotations

import os
import signal
import subprocess
import urllib.error
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Protocol

import pytest

from scripts.development import wait_until_ready
from scripts.machine import ROOT, Missing, find_program, missing_sentence
from tests.conftest import MakeDemo, lacking
from tests.servers import free_port
from tests.tab import open_conversation, tab
from tests.web import SERVERS, Web

SETTINGS = {"CHATLINE_MESSAGE_BURST": "1000", "CHATLINE_MESSAGES_PER_SECOND": "1000", "CHATLINE_DRAIN_SECONDS": "0.5"}

pytestmark = [pytest.mark.once, pytest.mark.processes]


@pytest.fixture(scope="module", params=SERVERS)
def processes(
    request: pytest.FixtureRequest,
    demo_on_postgres: MakeDemo,
    redis_url: str,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[list[Web]]:
    installation = demo_on_postgres(tmp_path_factory.mktemp("installation"), REDIS_URL=redis_url, **SETTINGS)
    with installation.running(webs=2, server=request.param) as started:
        yield started


@pytest.fixture
def webs(processes: list[Web]) -> list[Web]:
    """Both, and both alive, whatever the test before has done to them."""
    for web in processes:
        if not web.is_alive():
            web.start()
    return processes


@pytest.fixture
def token(webs: list[Web]) -> str:
    return open_conversation(webs[0].address)


def test_what_one_process_stores_the_other_delivers(webs: list[Web], token: str) -> None:
    with tab(webs[0].address, token) as first, tab(webs[1].address, token) as second:
        ids = [first.write(f"melding {number}") for number in range(50)]

        acks = {first.wait_for("ack", origin_id=origin_id)["seq"] for origin_id in ids}
        second.wait_for("message", origin_id=ids[-1])

    assert len(acks) == 50
    assert second.bodies() == [(seq, f"melding {seq - 1}") for seq in range(1, 51)]


def test_process_that_dies_loses_and_doubles_nothing(webs: list[Web], token: str) -> None:
    with tab(webs[0].address, token) as first:
        before = first.write("før strømmen gikk")
        first.wait_for("ack", origin_id=before)
        webs[0].kill()

    with tab(webs[1].address, token) as second:
        during = second.write("mens den var borte")
        second.wait_for("ack", origin_id=during)
    webs[0].start()

    with tab(webs[0].address, token) as again:
        again.send(type="message", origin_id=before, body="før strømmen gikk")
        assert again.wait_for("ack", origin_id=before)["seq"] == 1
        again.wait_for("message", origin_id=during)
        after = again.write("etterpå")
        again.wait_for("message", origin_id=after)

    assert again.bodies() == [(1, "før strømmen gikk"), (2, "mens den var borte"), (3, "etterpå")]


def test_process_that_is_asked_to_stop_says_goodbye(webs: list[Web], token: str) -> None:
    with tab(webs[1].address, token) as leaving:
        origin_id = leaving.write("rett før oppgraderingen")
        leaving.wait_for("ack", origin_id=origin_id)

        code = webs[1].stop()

        assert leaving.wait_for("drain")["reconnect_in"] >= 0
    webs[1].start()

    # The server raises the signal again when all is done, for whoever started it.
    assert code in {0, -signal.SIGTERM}
    assert leaving.link.close_code == 1012


class Upstream(Protocol):
    """What a proxy must know of a process behind it."""

    @property
    def port(self) -> int: ...


@contextmanager
def running_proxy(webs: Sequence[Upstream], folder: Path, *, configuration: str) -> Iterator[tuple[str, Path]]:
    """The address of a proxy before both processes, in plain http, and its log. `configuration` is a Caddyfile."""
    caddy = find_program("caddy")
    if not caddy:
        lacking(Missing(missing_sentence("caddy")))
    address = f"http://127.0.0.1:{free_port()}"
    own = {
        "CHATLINE_DOMAIN": address,
        "CHATLINE_ONION_PORT": str(free_port()),
        "CHATLINE_UPSTREAMS": " ".join(f"127.0.0.1:{web.port}" for web in webs),
        "HOME": str(folder),
        "XDG_DATA_HOME": str(folder),
    }
    file, log = folder / "Caddyfile", folder / "proxy.log"
    file.write_text(configuration)
    command = [caddy, "run", "--adapter", "caddyfile", "--config", str(file)]
    with log.open("wb") as output:
        process = subprocess.Popen(
            command, env={**os.environ, **own}, stdin=subprocess.DEVNULL, stdout=output, stderr=output
        )
    try:
        wait_until_ready(address, process)
        yield address, log
    finally:
        process.kill()
        process.wait()


def shipped_configuration() -> str:
    return (ROOT / "deploy" / "Caddyfile").read_text()


def test_proxy_finds_the_process_that_lives(webs: list[Web], tmp_path: Path) -> None:
    with running_proxy(webs, tmp_path, configuration=shipped_configuration()) as (address, _):
        token = open_conversation(address)
        with tab(address, token) as first:
            origin_id = first.write("gjennom døra")
            first.wait_for("ack", origin_id=origin_id)

        webs[0].kill()
        with tab(address, token) as second:
            second.wait_for("message", origin_id=origin_id)
        webs[0].start()

    assert second.bodies() == [(1, "gjennom døra")]


def traces_after_a_bad_minute(webs: list[Web], folder: Path, *, configuration: str) -> list[str]:
    """What proxy and web have logged of a visitor whose servers died in mid-air: what makes servers talkative."""
    marked = {"User-Agent": "merket-nettleser", "Referer": "http://merket-side.example/"}
    with running_proxy(webs, folder, configuration=configuration) as (address, log):
        token = open_conversation(address, headers=marked)
        with tab(address, token, headers={"Referer": marked["Referer"]}) as open_tab:
            origin_id = open_tab.write("merket-tekst")
            open_tab.wait_for("ack", origin_id=origin_id)
            for web in webs:
                web.kill()
            with pytest.raises(urllib.error.HTTPError, match=r"50[23]"):
                open_conversation(address, headers=marked)
        for web in webs:
            web.start()
        said = log.read_text() + "".join(web.log.read_text() for web in webs)
    assert "using provided configuration" in said
    return [trace for trace in ("127.0.0.1", "merket-nettleser", "merket-side", "merket-tekst", token) if trace in said]


def test_logs_of_proxy_and_web_hold_no_trace(webs: list[Web], tmp_path: Path) -> None:
    assert traces_after_a_bad_minute(webs, tmp_path, configuration=shipped_configuration()) == []


def test_talkative_proxy_is_caught(webs: list[Web], tmp_path: Path) -> None:
    talkative = shipped_configuration().replace("exclude http\n", "\n").replace("level WARN\n", "level DEBUG\n")

    traces = traces_after_a_bad_minute(webs, tmp_path, configuration=talkative)

    assert traces == ["127.0.0.1", "merket-nettleser", "merket-side"]
