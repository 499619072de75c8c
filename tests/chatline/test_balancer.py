"""The shipped proxy in front of processes that are not ready (deploy/Caddyfile)."""

from __future__ import annotations

import os
import subprocess
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import ClassVar

import pytest

from scripts.machine import ROOT, Missing, find_program, missing_sentence
from tests.conftest import lacking
from tests.servers import free_port

pytestmark = [pytest.mark.once, pytest.mark.processes]

SORRY = b"Noe gikk galt hos oss: 113"
DEADLINE_SECONDS = 20.0


class Unready(BaseHTTPRequestHandler):
    """A process without its database: not ready, and with a page that says so."""

    asked: ClassVar[set[int]] = set()

    def do_GET(self) -> None:
        self.answer(503 if self.path == "/readyz" else 500)
        if self.path == "/readyz":
            self.asked.add(self.connection.getsockname()[1])

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        self.answer(500)

    def answer(self, status: int) -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(len(SORRY)))
        self.end_headers()
        self.wfile.write(SORRY)

    def log_request(self, *args: object) -> None:
        pass


@contextmanager
def process_at(port: int) -> Iterator[None]:
    server = ThreadingHTTPServer(("127.0.0.1", port), Unready)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield
    finally:
        server.shutdown()
        server.server_close()


@pytest.fixture(scope="module")
def proxy(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    caddy = find_program("caddy")
    if not caddy:
        lacking(Missing(missing_sentence("caddy")))
    ports = [free_port(), free_port()]
    address = f"http://127.0.0.1:{free_port()}"
    environment = {
        **os.environ,
        "HOME": str(tmp_path_factory.mktemp("caddy")),
        "CHATLINE_DOMAIN": address,
        "CHATLINE_ONION_PORT": str(free_port()),
        "CHATLINE_UPSTREAMS": " ".join(f"127.0.0.1:{port}" for port in ports),
    }
    with ExitStack() as stack:
        for port in ports:
            stack.enter_context(process_at(port))
        command = [caddy, "run", "--adapter", "caddyfile", "--config", str(ROOT / "deploy" / "Caddyfile")]
        process = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        stack.callback(process.wait)
        stack.callback(process.kill)
        wait_until_known(ports)
        yield address


def wait_until_known(ports: list[int]) -> None:
    """Until the proxy has heard from each that it is not ready."""
    give_up_at = time.monotonic() + DEADLINE_SECONDS
    while not set(ports) <= Unready.asked:
        assert time.monotonic() < give_up_at
        time.sleep(0.1)


def ask(address: str, path: str, body: bytes | None = None) -> tuple[int, bytes]:
    try:
        with urllib.request.urlopen(urllib.request.Request(f"{address}{path}", data=body), timeout=20) as answer:
            return answer.status, answer.read()
    except urllib.error.HTTPError as error:
        return error.code, error.read()


def test_visitor_sees_our_own_page_when_no_process_is_ready(proxy: str) -> None:
    assert ask(proxy, "/ffp/") == (500, SORRY)
    assert ask(proxy, "/ffp/conversations/", b"{}") == (500, SORRY)


def test_figures_stay_inside(proxy: str) -> None:
    assert ask(proxy, "/metrics") == (404, b"")
