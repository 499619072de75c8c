"""The set-up of docker-compose.yml without containers, used by its two doors: TLS and Tor, one name or two."""

from __future__ import annotations

import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from http.cookies import SimpleCookie
from pathlib import Path
from typing import Any

import psycopg
import pytest
import redis
from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect
from websockets.typing import Subprotocol

from scripts.machine import Missing
from tests.conftest import lacking
from tests.people import PASSWORD
from tests.project.production import (
    DEADLINE_SECONDS,
    DOMAIN,
    ONION,
    STAFF_DOMAIN,
    VARIABLES,
    WEBS,
    Answer,
    House,
    Production,
    compose,
    prepared,
    shipped_proxy,
    shipped_redis,
)
from tests.tab import open_conversation, tab

ROUND_SECONDS = 3.0
"""Longer than a round of housekeeping with nothing to do."""
OPEN_HELPLINE = """import django
django.setup()
from counsellor.models import Membership
from tests.people import PASSWORD, make_counsellor, make_helpline
make_counsellor("kari", "Kari", (make_helpline("line", "Linje"), Membership.Role.COUNSELLOR), password=PASSWORD)
"""
TELL_CODE = """import django
django.setup()
from django.utils import timezone
from counsellor.models import SecondFactor
print(SecondFactor.objects.get(user__username="kari").code_at(timezone.now()))
"""
STAFF_PAGES = ["/counsellor/login/", "/counsellor/", "/admin/", "/stats/"]
DOORS_OF_STAFF = [*STAFF_PAGES, "/ws/counsellor/"]

pytestmark = [pytest.mark.once, pytest.mark.processes]


@pytest.fixture(scope="module")
def production(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Production]:
    try:
        with ExitStack() as stack:
            installation = prepared(stack, tmp_path_factory.mktemp("production"))
            installation.run(sys.executable, "-c", OPEN_HELPLINE)
            yield installation
    except Missing as missing:
        lacking(missing)


@pytest.fixture(scope="module")
def house(production: Production) -> Iterator[House]:
    try:
        with (
            production.running(webs=WEBS) as webs,
            shipped_proxy(production, webs, production.folder / "proxy") as opened,
        ):
            yield opened
    except Missing as missing:
        lacking(missing)


@pytest.fixture(scope="module")
def two_names(production: Production, tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """The same installation with a name for staff alone in its `.env`."""
    folder = tmp_path_factory.mktemp("two_names")
    variables = {**VARIABLES, "CHATLINE_STAFF_DOMAIN": STAFF_DOMAIN}
    installation = production.named(folder, variables)
    try:
        with (
            installation.running(webs=WEBS) as webs,
            shipped_proxy(installation, webs, folder / "proxy", variables) as opened,
        ):
            yield opened
    except Missing as missing:
        lacking(missing)


def test_shipped_configuration_passes_its_own_checks(house: House, two_names: House) -> None:
    for installation in (house.installation, two_names.installation):
        assert "no issues" in installation.manage("check", "--deploy", "--fail-level", "WARNING")


def test_page_over_https_is_safe_and_its_files_are_hashed(house: House) -> None:
    status, headers, body = house.ask("/privacy/")
    style = re.search(rb'href="(/static/[^"]+\.[0-9a-f]{8,}\.css)"', body)

    assert status == 200
    assert str(headers["strict-transport-security"]).startswith("max-age=31536000")
    assert headers["onion-location"] == f"http://{ONION}/privacy/"
    assert "server" not in headers
    assert "via" not in headers
    assert "alt-svc" not in headers, "nothing listens for HTTP/3"
    assert style is not None
    assert house.ask(style[1].decode())[0] == 200


def test_login_sets_cookies_for_https_alone(house: House) -> None:
    status, headers, _ = house.ask("/counsellor/login/")

    assert status == 200
    assert str(headers["set-cookie"]).startswith("__Host-csrf=")
    assert "Secure" in str(headers["set-cookie"])


def test_figures_are_not_told_outside(house: House) -> None:
    assert house.ask("/metrics")[0] == 404


def test_readiness_is_told_on_inner_networks_alone(house: House, tmp_path: Path) -> None:
    with shipped_proxy(house.installation, house.webs, tmp_path / "proxy", inner="192.0.2.0/24") as from_outside:
        outside = {path: from_outside.ask(path)[0] for path in ("/readyz", "/healthz")}

    assert outside == {"/readyz": 404, "/healthz": 200}
    assert house.ask("/readyz")[0] == 200


def test_onion_has_the_visitors_pages_and_no_door_for_staff(house: House) -> None:
    closed = [*DOORS_OF_STAFF, "/metrics", "/readyz"]
    answers = {path: house.ask_as_tor(path) for path in ("/privacy/", *closed)}

    page = answers.pop("/privacy/")
    assert page[0] == 200
    assert {"strict-transport-security", "set-cookie"} & {name.lower() for name in page[1]} == set()
    assert {path: answer[0] for path, answer in answers.items()} == dict.fromkeys(closed, 404)


def test_host_that_is_not_ours_gets_nothing(house: House) -> None:
    assert house.ask_as_tor("/privacy/", host="elsewhere.example")[0] == 400


def last_round(server: psycopg.Connection[Any]) -> Any:
    return server.execute("SELECT max(kept_at) FROM intake_serviceclock").fetchone()


def is_held_up(server: psycopg.Connection[Any], table: str) -> bool:
    """Whether a query waits for a table that another has locked."""
    waiting = "SELECT 1 FROM pg_locks WHERE NOT granted AND relation = %s::regclass"
    return server.execute(waiting, [table]).fetchone() is not None


def wait_for(condition: Callable[[], bool], *, process: subprocess.Popen[bytes], log: Path) -> None:
    give_up_at = time.monotonic() + DEADLINE_SECONDS
    while not condition():
        assert process.poll() is None, log.read_text()
        assert time.monotonic() < give_up_at, log.read_text()
        time.sleep(0.1)


def database_of(house: House) -> psycopg.Connection[Any]:
    return psycopg.connect(Path(house.installation.environment["DATABASE_URL_FILE"]).read_text())


def test_housekeeping_as_it_is_shipped_finishes_its_round_when_asked_to_stop(house: House, tmp_path: Path) -> None:
    log = tmp_path / "housekeeping.log"

    with database_of(house) as server, house.installation.serving("housekeeping", log=log) as process:
        before = last_round(server)
        server.execute("LOCK TABLE django_session")  # what a round comes to near its end
        wait_for(lambda: is_held_up(server, "django_session"), process=process, log=log)
        process.send_signal(signal.SIGTERM)
        with pytest.raises(subprocess.TimeoutExpired):
            process.wait(timeout=1)
        after = last_round(server)
        server.rollback()
        code = process.wait(timeout=DEADLINE_SECONDS)

    assert after != before
    # One round alone would have said what it did, and a query cut short that its connection is broken.
    assert (code, log.read_text()) == (0, "")


def test_housekeeping_as_it_is_shipped_stops_at_once_between_two_rounds(house: House, tmp_path: Path) -> None:
    log = tmp_path / "housekeeping.log"

    with database_of(house) as server, house.installation.serving("housekeeping", log=log) as process:
        server.autocommit = True
        before = last_round(server)
        wait_for(lambda: last_round(server) != before, process=process, log=log)
        time.sleep(ROUND_SECONDS)
        process.send_signal(signal.SIGTERM)
        code = process.wait(timeout=ROUND_SECONDS)

    assert (code, log.read_text()) == (0, "")


def test_backup_runs_as_it_is_shipped(house: House, tmp_path: Path) -> None:
    assert compose()["services"]["backup"]["command"] == ["python", "manage.py", "backup", "/backups"]
    house.installation.manage("backup", str(tmp_path))

    (written,) = tmp_path.iterdir()
    assert written.stat().st_mode & 0o077 == 0


# -- a conversation by each way in ----------------------------------------------------------------------------


def test_conversation_goes_over_wss_through_the_proxy(house: House) -> None:
    token = open_conversation(house.address, helpline="line", certificate=house.certificate)
    by_tls: dict[str, Any] = {"origin": f"https://{DOMAIN}", "certificate": house.certificate}

    with tab(house.address, token, **by_tls) as first, tab(house.address, token, **by_tls) as second:
        origin_id = first.write("hei")
        assert first.wait_for("ack", origin_id=origin_id)["seq"] == 1
        second.wait_for("message", origin_id=origin_id)

    assert second.bodies() == [(1, "hei")]


def test_conversation_goes_by_tor_and_over_wss_at_once(house: House) -> None:
    token = open_conversation(f"http://127.0.0.1:{house.onion_port}", helpline="line", headers={"Host": ONION})

    with (
        socket.create_connection(("127.0.0.1", house.onion_port)) as line,
        tab(f"http://{ONION}", token, origin=f"http://{ONION}", line=line) as first,
        tab(house.address, token, certificate=house.certificate) as second,
    ):
        origin_id = first.write("hei")
        assert first.wait_for("ack", origin_id=origin_id)["seq"] == 1
        second.wait_for("message", origin_id=origin_id)


@pytest.mark.parametrize("origin", ["https://evil.example", f"https://{STAFF_DOMAIN}", "null"])
def test_page_of_somebody_else_opens_no_socket(house: House, origin: str) -> None:
    assert not opens(house, "/ws/visitor/", host=DOMAIN, origin=origin)
    assert opens(house, "/ws/visitor/", host=DOMAIN, origin=f"https://{DOMAIN}")


def opens(house: House, path: str, *, host: str, origin: str = "", cookie: str = "") -> bool:
    """Whether the handshake of a websocket by TLS is taken."""
    options: dict[str, Any] = {"subprotocols": [Subprotocol("helpline.v1")], "ssl": house.certificate}
    options |= {"origin": origin or None, "additional_headers": {"Cookie": cookie} if cookie else None}
    try:
        with plain_line(house) as line, connect(f"wss://{host}:{house.port}{path}", sock=line, **options):
            return True
    except InvalidStatus:
        return False


def plain_line(house: House) -> socket.socket:
    return socket.create_connection(("127.0.0.1", house.port))


# -- a name for staff alone -----------------------------------------------------------------------------------


@dataclass
class Browser:
    """A browser of a member of staff: it keeps cookies, and says which page its forms came from."""

    house: House
    host: str
    cookies: dict[str, str] = field(default_factory=dict)

    @property
    def cookie(self) -> str:
        return "; ".join(f"{name}={value}" for name, value in self.cookies.items())

    @property
    def origin(self) -> str:
        return f"https://{self.host}:{self.house.port}"

    def ask(self, path: str, form: dict[str, str] | None = None) -> Answer:
        headers = {"Cookie": self.cookie, "Origin": self.origin} if form else {"Cookie": self.cookie}
        told = form and {**form, "csrfmiddlewaretoken": self.cookies.get("__Host-csrf", "")}
        status, given, body = self.house.ask(path, host=self.host, headers=headers, form=told)
        for line in given.get_all("set-cookie", []):
            self.cookies |= {name: morsel.value for name, morsel in SimpleCookie(line).items()}
        return status, given, body


def test_pages_answer_at_their_own_name_and_only_there(two_names: House) -> None:
    at_staffs = {path: two_names.ask(path, host=STAFF_DOMAIN)[0] for path in STAFF_PAGES}
    at_visitors = {path: two_names.ask(path)[0] for path in STAFF_PAGES}
    visitors_own = {host: two_names.ask("/line/", host=host)[0] for host in (DOMAIN, STAFF_DOMAIN)}

    assert at_staffs == {"/counsellor/login/": 200, "/counsellor/": 302, "/admin/": 302, "/stats/": 302}
    assert at_visitors == dict.fromkeys(STAFF_PAGES, 404)
    assert visitors_own == {DOMAIN: 200, STAFF_DOMAIN: 404}
    assert two_names.ask("/metrics", host=STAFF_DOMAIN)[0] == 404


def test_staff_sign_in_and_reach_their_socket_at_their_own_name_and_only_there(two_names: House) -> None:
    kari = Browser(two_names, STAFF_DOMAIN)
    kari.ask("/counsellor/login/")

    status, headers, _ = kari.ask("/counsellor/login/", {"username": "kari", "password": PASSWORD, "next": ""})
    assert (status, headers["location"]) == (302, "/counsellor/code/")
    kari.ask("/counsellor/code/")
    code = two_names.installation.run(sys.executable, "-c", TELL_CODE).strip()
    assert kari.ask("/counsellor/code/", {"code": code})[1]["location"] == "/counsellor/"

    assert kari.ask("/counsellor/")[0] == 200
    address = f"https://{STAFF_DOMAIN}:{two_names.port}"
    at_desk = {"Cookie": kari.cookie}
    desk: dict[str, Any] = {"path": "/ws/counsellor/", "origin": kari.origin, "certificate": two_names.certificate}
    with plain_line(two_names) as line, tab(address, None, headers=at_desk, line=line, **desk) as opened:
        assert opened.welcome["state"] == "desk"
    elsewhere = f"https://{DOMAIN}:{two_names.port}"
    assert not opens(two_names, "/ws/counsellor/", host=DOMAIN, origin=elsewhere, cookie=kari.cookie)
    assert not opens(two_names, "/ws/counsellor/", host=STAFF_DOMAIN, origin=elsewhere, cookie=kari.cookie)
    assert not opens(two_names, "/ws/visitor/", host=STAFF_DOMAIN, origin=kari.origin)


def test_visitors_talk_at_their_own_name_when_staff_have_another(two_names: House) -> None:
    token = open_conversation(two_names.address, helpline="line", certificate=two_names.certificate)

    with tab(two_names.address, token, origin=f"https://{DOMAIN}", certificate=two_names.certificate) as first:
        assert first.wait_for("ack", origin_id=first.write("hei"))["seq"] == 1


def test_onion_has_no_door_for_staff_when_they_have_a_name(two_names: House) -> None:
    statuses = {two_names.ask_as_tor(path, host=host)[0] for path in DOORS_OF_STAFF for host in (ONION, STAFF_DOMAIN)}

    assert statuses == {404}
    assert two_names.ask_as_tor("/privacy/")[0] == 200


# -- Redis without persistence --------------------------------------------------------------------------------


def kept_by_redis(folder: Path, *besides: str) -> list[str]:
    """What lies in its directory when it has been written to, asked to stop, and has stopped."""
    try:
        with shipped_redis(folder, *besides) as url, redis.Redis.from_url(url) as client:
            client.mset({f"wake-up {number}": "x" * 100 for number in range(20_000)})
    except Missing as missing:
        lacking(missing)
    return sorted(path.name for path in (folder / "data").iterdir())


def test_shipped_redis_keeps_nothing_on_its_disk(tmp_path: Path) -> None:
    assert kept_by_redis(tmp_path) == []


@pytest.mark.parametrize(
    ("besides", "kept"), [(["--save", "60 1"], ["dump.rdb"]), (["--appendonly", "yes"], ["appendonlydir"])]
)
def test_redis_that_keeps_something_is_found(tmp_path: Path, besides: list[str], kept: list[str]) -> None:
    assert kept_by_redis(tmp_path, *besides) == kept
