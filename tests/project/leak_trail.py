"""A visit in which everything that could be kept is marked: words, addresses, device, page before, mistakes."""

from __future__ import annotations

import http.client
import json
import re
import socket
import sqlite3
import uuid
from collections import deque
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

import psycopg
import pytest
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import ClientConnection, connect
from websockets.typing import Subprotocol

from counsellor.demo import PASSWORD
from tests.project.leak_scan import ROOT_WORD
from tests.web import Installation, Web

FORWARDED = "203.0.113.77"
HOUSEHOLD = "2001:db8:77:55:"
FORWARDED_6 = f"{HOUSEHOLD}1234:5678:9abc:def0"
PEER = "127.77.66.55"
HELPLINE = "foreldresupport"
COUNSELLOR, OTHER_COUNSELLOR = "mona", "per"
DEADLINE_SECONDS = 10.0

DEVICE = {
    "User-Agent": f"Mozilla/5.0 ({ROOT_WORD} agent)",
    "Referer": f"https://{ROOT_WORD}-referrer.example/page",
    "X-Forwarded-For": FORWARDED,
    "Forwarded": f'for="{FORWARDED}"',
    "X-Real-IP": FORWARDED,
    "Via": f"1.1 {ROOT_WORD}-proxy",
    "Sec-CH-UA-Model": f'"{ROOT_WORD} phone"',
    "X-Request-ID": f"{ROOT_WORD}-request",
    "Accept": f"text/html, application/{ROOT_WORD}-accept",
    "Cookie": f"{ROOT_WORD}=cookie",
}


@dataclass
class Answer:
    """What came back: `head` is the status line and headers as text."""

    what: str
    status: int
    headers: list[tuple[str, str]]
    body: bytes

    @property
    def head(self) -> str:
        return "\n".join(f"{name}: {value}" for name, value in self.headers)

    def cookies(self) -> list[str]:
        return [value for name, value in self.headers if name.lower() == "set-cookie"]


@dataclass
class Trail:
    """A visitor who leaves marks at `web`. `tokens` are those she was given, and the keys she got them with."""

    web: Web
    answers: list[Answer] = field(default_factory=list)
    tokens: list[str] = field(default_factory=list)

    def ask(
        self, method: str, path: str, *, body: str | None = None, headers: Mapping[str, str | None] | None = None
    ) -> Answer:
        """A request with every mark of a device, from a marked peer. A header of None is left out."""
        sent = {name: value for name, value in {**DEVICE, **(headers or {})}.items() if value is not None}
        connection = http.client.HTTPConnection(
            "127.0.0.1", self.web.port, timeout=DEADLINE_SECONDS, source_address=(PEER, 0)
        )
        with closing(connection):
            connection.request(method, path, body=body and body.encode(), headers=sent)
            response = connection.getresponse()
            answer = Answer(f"{method} {path}", response.status, response.getheaders(), response.read())
        self.answers.append(answer)
        return answer

    @contextmanager
    def socket(self, path: str, **headers: str) -> Iterator[ClientConnection]:
        sent = {name: value for name, value in DEVICE.items() if name != "User-Agent"} | headers
        options: dict[str, Any] = {"source_address": (PEER, 0), "user_agent_header": DEVICE["User-Agent"]}
        with connect(
            f"{self.web.socket_address}{path}",
            subprotocols=[Subprotocol("helpline.v1")],
            additional_headers=sent,
            compression=None,
            **options,
        ) as link:
            yield link

    def open(self, *, forwarded: str | None = FORWARDED) -> str:
        """A conversation with a marked intro answer; its public id."""
        intro, key = {"topic": f"{ROOT_WORD} svar"}, str(uuid.uuid4())
        answer = self.ask(
            "POST",
            f"/{HELPLINE}/conversations/",
            body=json.dumps({"language": "nb", "intro": intro}),
            headers={"Content-Type": "application/json", "X-Forwarded-For": forwarded, "Idempotency-Key": f'"{key}"'},
        )
        assert answer.status == 201, answer.body
        opened = json.loads(answer.body)
        self.tokens += [key, opened["token"]]
        return str(opened["conversation"])


def say(link: ClientConnection, **frame: object) -> None:
    link.send(json.dumps(frame))


def hear(link: ClientConnection, kind: str, **wanted: object) -> dict[str, Any]:
    """The next frame of `kind` that has what is wanted. Raises `TimeoutError`."""
    while True:
        frame: dict[str, Any] = json.loads(link.recv(timeout=DEADLINE_SECONDS))
        if frame["type"] == kind and wanted.items() <= frame.items():
            return frame


def post(link: ClientConnection, body: str, *, origin_id: str | None = None) -> str:
    origin_id = origin_id or str(uuid.uuid4())
    say(link, type="message", origin_id=origin_id, body=body)
    return origin_id


def walk(trail: Trail, other: Trail, installation: Installation) -> str:
    """The whole visit; the public id of the conversation that is left open at its end."""
    look_around(trail)
    public_id = trail.open()
    write(trail)
    session = sign_in(trail, installation)
    answer_as_staff(other, session, public_id)
    fail_to_sign_in(trail)
    make_mistakes(trail)
    break_the_database(trail, installation)
    erased = trail.open(forwarded=FORWARDED_6)
    assert erased != public_id
    authorised = {"Authorization": f"Bearer {trail.tokens[-1]}"}
    assert trail.ask("DELETE", f"/{HELPLINE}/conversations/current/", headers=authorised).status == 204
    trail.open(forwarded=None)
    authorised = {"Authorization": f"Bearer {trail.tokens[-1]}"}
    assert trail.ask("POST", f"/{HELPLINE}/conversations/current/end/", headers=authorised).status == 204
    return public_id


def look_around(trail: Trail) -> None:
    pages = [
        "/",
        "/privacy/",
        f"/{HELPLINE}/",
        f"/{HELPLINE}/chat/",
        f"/{HELPLINE}/accent.css",
        f"/{HELPLINE}/status.json",
    ]
    for path in pages:
        assert trail.ask("GET", f"{path}?{ROOT_WORD}=query").status == 200
    assert trail.ask("GET", "/static/css/tokens.css").status == 200


def write(trail: Trail) -> None:
    with trail.socket("/ws/visitor/") as link:
        say(link, type="hello", token=trail.tokens[1])
        hear(link, "welcome")
        first = post(link, f"{ROOT_WORD} melding " + "æøå " * 40)
        hear(link, "ack", origin_id=first)
        post(link, f"{ROOT_WORD} melding " + "æøå " * 40, origin_id=first)
        hear(link, "ack", origin_id=first)
        post(link, f"{ROOT_WORD} en annen", origin_id=first)
        hear(link, "error", code="conflicting_retry")
        post(link, ROOT_WORD * 400)
        hear(link, "error", code="too_long")
        say(link, type="composing")
        say(link, type=f"{ROOT_WORD}-type", token=f"{ROOT_WORD}-token")
        hear(link, "error", code="malformed")
        link.send(f"{ROOT_WORD} is no JSON")
        hear(link, "error", code="malformed")


def sign_in(trail: Trail, installation: Installation) -> str:
    """The Cookie header of a counsellor who has given both factors."""
    cookie, form = half_login(trail, COUNSELLOR)
    code = re.findall(r"\d{6}", installation.manage("totp", COUNSELLOR))[0]
    whole = submit(trail, "/counsellor/code/", {**form, "code": code}, cookie)
    assert whole.status == 302
    return cookie_header(whole, before=cookie)


def half_login(trail: Trail, name: str) -> tuple[str, dict[str, str]]:
    """Cookies and form after a right password."""
    cookie, form = login_door(trail)
    half = submit(trail, "/counsellor/login/", {**form, "username": name, "password": PASSWORD}, cookie)
    assert half.status == 302
    return cookie_header(half, before=cookie), form


def login_door(trail: Trail) -> tuple[str, dict[str, str]]:
    door = trail.ask("GET", f"/counsellor/login/?next=/{ROOT_WORD}-next")
    return cookie_header(door), {"csrfmiddlewaretoken": form_token(door)}


def fail_to_sign_in(trail: Trail) -> None:
    """A wrong name, a wrong password, a wrong code and a forged form, all of them marked."""
    cookie, form = login_door(trail)
    for name in (f"{ROOT_WORD}-name", COUNSELLOR):
        wrong = {**form, "username": name, "password": f"{ROOT_WORD}-password"}
        assert submit(trail, "/counsellor/login/", wrong, cookie).status == 403
    assert submit(trail, "/counsellor/login/", {"username": f"{ROOT_WORD}-forged"}, "").status == 403
    cookie, form = half_login(trail, OTHER_COUNSELLOR)
    wrong_code = submit(trail, "/counsellor/code/", {**form, "code": f"{ROOT_WORD}-code"}, cookie)
    assert wrong_code.status != 302


def answer_as_staff(trail: Trail, cookie: str, public_id: str) -> None:
    desk = trail.ask("GET", "/counsellor/", headers={"Cookie": cookie})
    assert desk.status == 200, desk.head
    path = f"/counsellor/conversations/{public_id}/claim/"
    claimed = submit(trail, path, {"csrfmiddlewaretoken": form_token(desk)}, cookie)
    assert claimed.status < 400, claimed.status
    with trail.socket("/ws/counsellor/", Cookie=cookie) as link:
        say(link, type="hello", conversation=public_id)
        hear(link, "welcome")
        hear(link, "message", role="visitor")
        hear(link, "ack", origin_id=post(link, f"{ROOT_WORD} svar fra rådgiver"))


def make_mistakes(trail: Trail) -> None:
    assert trail.ask("GET", f"/{ROOT_WORD}-helpline/").status == 404
    assert trail.ask("GET", f"/{HELPLINE}/{ROOT_WORD}-path?{ROOT_WORD}=query").status == 404
    assert trail.ask("GET", f"/static/{ROOT_WORD}.css").status == 404
    assert trail.ask("PUT", f"/{HELPLINE}/conversations/", body=ROOT_WORD).status == 405
    assert trail.ask("GET", "/", headers={"Host": f"{ROOT_WORD}-host.example"}).status == 400
    for body in (ROOT_WORD, json.dumps({ROOT_WORD: 1}), json.dumps({"intro": {ROOT_WORD: ROOT_WORD}})):
        headers = {"Content-Type": "application/json"}
        assert trail.ask("POST", f"/{HELPLINE}/conversations/", body=body, headers=headers).status == 400
    wrong = {"Authorization": f"Bearer {ROOT_WORD}-token"}
    assert trail.ask("POST", f"/{HELPLINE}/conversations/current/end/", headers=wrong).status == 404
    mistakes_on_sockets(trail)
    with closing(socket.create_connection(("127.0.0.1", trail.web.port), source_address=(PEER, 0))) as raw:
        raw.sendall(f"{ROOT_WORD} is no HTTP\r\n\r\n".encode())
        raw.settimeout(DEADLINE_SECONDS)
        assert b"400" in raw.recv(1000)


def mistakes_on_sockets(trail: Trail) -> None:
    with trail.socket("/ws/visitor/") as link:
        say(link, type="hello", token=f"{ROOT_WORD}-token")
        hear(link, "error", code="unknown_conversation")
    with trail.socket("/ws/visitor/") as link:
        link.send(ROOT_WORD * 3000)
        assert closed_with(link) == 1009
    for path, headers in ((f"/ws/{ROOT_WORD}/", {}), ("/ws/visitor/", {"Origin": f"https://{ROOT_WORD}.example"})):
        with pytest.raises(InvalidStatus) as refused, trail.socket(path, **headers):
            pass
        assert refused.value.response.status_code == 403


def closed_with(link: ClientConnection) -> int | None:
    with pytest.raises(ConnectionClosed):
        deque(link, maxlen=0)
    return link.close_code


def break_the_database(trail: Trail, installation: Installation) -> None:
    """A server error in a page, and one in the middle of storing a marked message."""
    # To SQLite a table that is missing is trouble with its file, to PostgreSQL a wrong statement.
    expected = 500 if "DATABASE_URL" in installation.environment else 503
    with without_table(installation, "intake_helpline"):
        assert trail.ask("GET", f"/{HELPLINE}/?{ROOT_WORD}=query").status == expected
    with trail.socket("/ws/visitor/") as link:
        say(link, type="hello", token=trail.tokens[1])
        hear(link, "welcome")
        with without_table(installation, "intake_message"):
            lost = post(link, f"{ROOT_WORD} mens databasen var borte")
            hear(link, "error", code="unavailable")
        post(link, f"{ROOT_WORD} mens databasen var borte", origin_id=lost)
        hear(link, "ack", origin_id=lost)


@contextmanager
def without_table(installation: Installation, table: str) -> Iterator[None]:
    rename(installation, table, f"{table}_away")
    try:
        yield
    finally:
        rename(installation, f"{table}_away", table)


def rename(installation: Installation, old: str, new: str) -> None:
    if url := installation.environment.get("DATABASE_URL"):
        with psycopg.connect(url) as connection:
            connection.execute(f'ALTER TABLE "{old}" RENAME TO "{new}"')
        return
    with closing(sqlite3.connect(installation.folder / "chatline.sqlite3", timeout=DEADLINE_SECONDS)) as file:
        # Without this, SQLite would rename the table in the foreign keys of the others too.
        file.execute("PRAGMA legacy_alter_table=ON")
        file.execute(f'ALTER TABLE "{old}" RENAME TO "{new}"')


def submit(trail: Trail, path: str, form: dict[str, str], cookie: str) -> Answer:
    headers = {"Content-Type": "application/x-www-form-urlencoded", "Cookie": cookie or DEVICE["Cookie"]}
    return trail.ask("POST", path, body=urlencode(form), headers=headers)


def cookie_header(answer: Answer, *, before: str = "") -> str:
    """What a browser would send back: the cookies it had, with those it was given."""
    jar = dict(part.split("=", 1) for part in before.split("; ") if part)
    jar |= dict(cookie.partition(";")[0].split("=", 1) for cookie in answer.cookies())
    return "; ".join(f"{name}={value}" for name, value in jar.items())


def form_token(answer: Answer) -> str:
    found = re.search(rb'name="csrfmiddlewaretoken" value="(\w+)"', answer.body)
    assert found is not None, answer.body
    return found[1].decode()
