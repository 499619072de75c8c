"""The page of the proxy itself, where no process can make one (deploy/Caddyfile)."""

from __future__ import annotations

import re
import socketserver
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from email.message import Message
from pathlib import Path

import pytest

from scripts.machine import ROOT
from tests.project.test_two_processes import running_proxy, shipped_configuration

OPENING, READINESS = "/ffp/conversations/", "GET /readyz"
READY = b'HTTP/1.1 200 OK\r\nContent-Length: 15\r\nConnection: close\r\n\r\n{"ready": true}'
PATIENCE = "response_header_timeout 30s"
DEADLINE_SECONDS = 20.0
NUMBERS = re.compile(r'href="tel:(\d+)"><strong>[\d ]+</strong>')

pytestmark = [pytest.mark.once, pytest.mark.processes]


class Process(socketserver.ThreadingTCPServer):
    """A web process that is well until it goes wrong: `stuck`, or `dying` in the middle of each answer."""

    daemon_threads = True
    allow_reuse_address = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Answer)
        self.port: int = self.server_address[1]
        self.wrong = ""
        self.asked: list[str] = []
        self.stopped = threading.Event()
        threading.Thread(target=self.serve_forever, daemon=True).start()

    def die(self) -> None:
        self.stopped.set()
        self.shutdown()
        self.server_close()

    def is_known_to_be_stuck(self) -> bool:
        """The proxy asks again when it has given up to wait."""
        return self.asked.count(READINESS) > 1


class Answer(socketserver.BaseRequestHandler):
    server: Process

    def handle(self) -> None:
        asked = self.request.recv(65536).decode().partition(" HTTP/")[0]
        if self.server.wrong:
            self.server.asked.append(asked)
        if self.server.wrong == "stuck":
            self.server.stopped.wait()
        elif asked == READINESS:
            self.request.sendall(READY)


@contextmanager
def proxy_before_two(wrong: str, folder: Path) -> Iterator[tuple[str, list[Process]]]:
    """The address of the shipped proxy, and the two processes behind it, which have just gone wrong in that way."""
    both = [Process(), Process()]
    assert PATIENCE in shipped_configuration()
    configuration = shipped_configuration().replace(PATIENCE, "response_header_timeout 1s")
    try:
        with running_proxy(both, folder, configuration=configuration) as (address, _):
            for process in both:
                process.wrong = wrong
                if wrong == "dead":
                    process.die()
            yield address, both
    finally:
        for process in both:
            if wrong != "dead":
                process.die()


def ask(address: str, path: str, body: bytes | None = None) -> tuple[int, Message, str]:
    request = urllib.request.Request(f"{address}{path}", data=body)
    with pytest.raises(urllib.error.HTTPError) as refused:
        urllib.request.urlopen(request, timeout=30)
    return refused.value.code, refused.value.headers, refused.value.read().decode()


def numbers_of_our_own() -> list[str]:
    return NUMBERS.findall((ROOT / "templates" / "intake" / "error_numbers.html").read_text())


def assert_last_page(answer: tuple[int, Message, str]) -> None:
    status, headers, page = answer
    assert status == 503
    assert headers["Content-Type"] == "text/html; charset=utf-8"
    assert (headers["Retry-After"], headers["Cache-Control"]) == ("5", "no-store")
    assert headers.get_all("Server", []) + headers.get_all("Via", []) == []
    assert NUMBERS.findall(page) == numbers_of_our_own()


def test_visitor_sees_the_numbers_when_every_process_is_dead(tmp_path: Path) -> None:
    with proxy_before_two("dead", tmp_path) as (address, _):
        just_now = ask(address, OPENING, b"{}"), ask(address, "/ffp/")
        when_all_are_known_to_be_dead = ask(address, "/ffp/")

    for answer in (*just_now, when_all_are_known_to_be_dead):
        assert_last_page(answer)


def test_visitor_sees_the_numbers_when_every_process_is_stuck(tmp_path: Path) -> None:
    with proxy_before_two("stuck", tmp_path) as (address, both):
        just_now = ask(address, "/ffp/")
        give_up_at = time.monotonic() + DEADLINE_SECONDS
        while not all(process.is_known_to_be_stuck() for process in both):
            assert time.monotonic() < give_up_at
            time.sleep(0.1)
        when_all_are_known_to_be_stuck = ask(address, "/ffp/")

    assert_last_page(just_now)
    assert_last_page(when_all_are_known_to_be_stuck)


def test_visitor_sees_the_numbers_when_processes_die_while_they_answer(tmp_path: Path) -> None:
    with proxy_before_two("dying", tmp_path) as (address, _):
        assert_last_page(ask(address, "/ffp/"))


def test_what_may_have_been_done_is_asked_of_one_process_alone(tmp_path: Path) -> None:
    with proxy_before_two("dying", tmp_path) as (address, both):
        assert_last_page(ask(address, OPENING, b"{}"))

    assert [asked for process in both for asked in process.asked if asked != READINESS] == [f"POST {OPENING}"]


def test_last_page_has_the_numbers_and_words_of_our_own() -> None:
    page = shipped_configuration()
    own = (ROOT / "templates" / "500.html").read_text()

    assert NUMBERS.findall(page) == numbers_of_our_own()
    assert len(numbers_of_our_own()) >= 5
    for sentence in re.findall(r'{% translate "([^"]+)" %}', own):
        assert sentence in page
