"""Nothing of a visitor is left anywhere: a marked visit to the servers as they are shipped, and then a search.

The same search must find what was planted on purpose, in every place and in every form.
"""

from __future__ import annotations

import base64
import hashlib
import json
import re
import sqlite3
from collections.abc import Iterator
from contextlib import ExitStack, closing, nullcontext
from dataclasses import dataclass
from pathlib import Path

import psycopg
import pytest
import redis

from counsellor.demo import PASSWORD, seed_of
from scripts.machine import Missing
from tests.conftest import lacking
from tests.project.leak_places import (
    Monitor,
    Places,
    backup_contents,
    compose_flags,
    files_under,
    postgres_dump,
    postgres_files,
    redis_dump,
    sqlite_dump,
)
from tests.project.leak_scan import (
    ROOT_WORD,
    Leak,
    Mark,
    find_leaks,
    forms_of,
    marked_address,
    marked_secret,
    marked_word,
)
from tests.project.leak_trail import COUNSELLOR, FORWARDED, FORWARDED_6, HOUSEHOLD, PEER, Trail, walk
from tests.servers import PostgresAddresses, running_postgres, running_redis
from tests.web import Installation, Web

pytestmark = [pytest.mark.once, pytest.mark.processes]

# As shipped: one proxy in front, and every temporary file where it can be found.
PROXY = {"CHATLINE_TRUSTED_PROXIES": "1", "CHATLINE_MESSAGE_BURST": "50", "CHATLINE_DRAIN_SECONDS": "0.2"}


@dataclass
class Visit:
    """What a marked visit has left behind: the places to search, and what must not be in them."""

    installation: Installation
    servers: dict[str, str]
    trails: list[Trail]
    public_id: str
    places: Places
    marks: list[Mark]

    @property
    def heads(self) -> Places:
        return {
            f"{number} {answer.what}": answer.head.encode()
            for number, answer in enumerate(answer for trail in self.trails for answer in trail.answers)
        }


def marks_of(tokens: list[str]) -> list[Mark]:
    secrets = {f"token {number}": token.encode() for number, token in enumerate(tokens)}
    secrets |= {"password": PASSWORD.encode(), "second factor": seed_of(COUNSELLOR)}
    addresses = [marked_address(address) for address in (FORWARDED, FORWARDED_6, PEER)]
    return [
        marked_word(),
        marked_word(HOUSEHOLD),
        *addresses,
        *(marked_secret(name, secret) for name, secret in secrets.items()),
    ]


@pytest.fixture(scope="module", params=["SQLite", "PostgreSQL and Redis"])
def visit(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Visit]:
    """The visit has been made, and every server of it still runs."""
    folder = tmp_path_factory.mktemp("installation")
    with ExitStack() as stack:
        servers = real_servers(stack) if request.param != "SQLite" else {}
        temporary = folder / "temporary"
        temporary.mkdir()
        installation = Installation(folder, {**servers, **PROXY, "TMPDIR": str(temporary)})
        installation.manage("demo")
        monitor = Monitor(servers["REDIS_URL"]) if servers else None
        webs = stack.enter_context(installation.running(webs=2 if servers else 1))
        trails = [Trail(webs[0]), Trail(webs[-1])]
        with monitor.listening() if monitor else nullcontext():
            public_id = walk(trails[0], trails[1], installation)
        said = installation.manage("housekeeping")
        said += installation.manage("backup", str(temporary / "night.chatline"))
        places = {**places_of(installation, servers), "what commands say": said.encode()}
        places |= backup_contents(temporary / "night.chatline")
        if monitor is not None:
            places["Redis while it ran"] = monitor.heard
        tokens = [token for trail in trails for token in trail.tokens]
        yield Visit(installation, servers, trails, public_id, places, marks_of(tokens))


def real_servers(stack: ExitStack) -> dict[str, str]:
    """PostgreSQL with the flags of docker-compose.yml, and Redis."""
    try:
        addresses = stack.enter_context(running_postgres(flags=compose_flags("database")))
        return {**addresses.environment(), "REDIS_URL": stack.enter_context(running_redis())}
    except Missing as missing:
        lacking(missing)


def places_of(installation: Installation, servers: dict[str, str]) -> Places:
    """Everywhere, as it is now."""
    places = files_under(installation.folder)
    if not servers:
        dumps = {path.name: sqlite_dump(path) for path in sorted(installation.folder.glob("*.sqlite3"))}
        return places | {f"dump of {name}": dump for name, dump in dumps.items()}
    for name in ("DATABASE_URL", "KEYS_DATABASE_URL"):
        places[f"dump of {name}"] = postgres_dump(servers[name])
    return {**places, **postgres_files(servers["DATABASE_URL"]), "Redis": redis_dump(servers["REDIS_URL"])}


def places_with(leaks: list[Leak]) -> set[str]:
    return {leak.place for leak in leaks}


# -- the search -------------------------------------------------------------------------------------------


def test_visit_leaves_nothing_behind(visit: Visit) -> None:
    assert [str(leak) for leak in find_leaks(visit.places, visit.marks)] == []


def test_search_has_seen_the_visit(visit: Visit) -> None:
    """What may be there is there: the search looked at the right places, after the visit."""
    dumps = {place: content.decode(errors="replace") for place, content in visit.places.items() if "dump of" in place}
    (text,) = [dump for place, dump in dumps.items() if "keys" not in place.lower()]
    (keys,) = [dump for place, dump in dumps.items() if "keys" in place.lower()]

    assert visit.public_id.replace("-", "") in text.replace("-", "")
    assert visit.public_id.replace("-", "") in keys.replace("-", "")
    assert re.search(r"\bfd[0-9a-f]{2}:[0-9a-f:]{20,}", text), "the pseudonym of the failed logins"
    assert "intake_message" in text
    assert b"event at" in visit.places["file web-0.log"], "the errors that were provoked"
    assert b"A batch failed." in visit.places["file web-0.log"]
    if visit.servers:
        assert b"helpline.wake" in visit.places["Redis while it ran"], "one process has woken the other"


def test_answers_carry_nothing_of_the_device(visit: Visit) -> None:
    # An address that a page leads back to after the login is its own.
    heads = {what: head for what, head in visit.heads.items() if "/login/" not in what}
    device = [mark for mark in visit.marks if mark.name.startswith(("the address", "token"))]

    assert find_leaks(heads, [marked_word(), *device]) == []
    assert len(heads) > 20


def test_visitor_is_given_no_cookie(visit: Visit) -> None:
    answers = [answer for trail in visit.trails for answer in trail.answers]
    given = {answer.what for answer in answers if answer.cookies()}

    assert {what for what in given if "/counsellor/" not in what} == set()
    assert any("/counsellor/login/" in what for what in given)


# -- positive controls: the same search must find what is planted -----------------------------------------


@pytest.mark.parametrize("form", [*forms_of(ROOT_WORD.encode()), "upper case"])
def test_mark_is_found_in_every_form(form: str) -> None:
    written = {**forms_of(f"{ROOT_WORD} melding".encode()), "upper case": ROOT_WORD.upper().encode()}[form]

    assert find_leaks({"somewhere": b"\x00before" + written + b"after"}, [marked_word()])


@pytest.mark.parametrize("shift", range(3))
def test_mark_inside_encoded_text_is_found(shift: int) -> None:
    text = b"x" * shift + f"{ROOT_WORD} melding".encode()

    assert find_leaks({"somewhere": base64.b64encode(text)}, [marked_word()])


@pytest.mark.parametrize("address", [FORWARDED, FORWARDED_6, PEER])
def test_address_and_its_hash_are_found(address: str) -> None:
    hashed = hashlib.sha256(address.encode())
    places = {"itself": address.encode(), "hex": hashed.hexdigest().upper().encode(), "bytes": hashed.digest()}

    assert places_with(find_leaks(places, [marked_address(address)])) == set(places)


def test_nothing_is_found_in_what_is_clean() -> None:
    clean = {"somewhere": json.dumps({"body": "hei", "address": "fd12::1"}).encode() * 100}

    assert find_leaks(clean, marks_of(["A" * 43])) == []


def test_row_in_clear_is_found_in_a_backup(visit: Visit, tmp_path: Path) -> None:
    plant(visit, "chatline", f"{ROOT_WORD} melding".encode())
    try:
        visit.installation.manage("backup", str(tmp_path / "planted.chatline"))
    finally:
        plant(visit, "chatline", None)

    contents = backup_contents(tmp_path / "planted.chatline")
    assert places_with(find_leaks(contents, [marked_word()])) == {"backup database"}


@pytest.mark.parametrize("alias", ["chatline", "keys"])
@pytest.mark.parametrize("column", ["text", "blob"])
def test_row_in_clear_is_found(visit: Visit, alias: str, column: str) -> None:
    words = f"{ROOT_WORD} melding"
    value = words if column == "text" else words.encode()
    plant(visit, alias, value)
    try:
        found = places_with(find_leaks(places_of(visit.installation, visit.servers), [marked_word()]))
    finally:
        plant(visit, alias, None)

    assert any(place.startswith("dump of") for place in found)
    assert any(place.startswith(("file", "PostgreSQL file")) for place in found)


def plant(visit: Visit, alias: str, value: str | bytes | None) -> None:
    """A table with the value in a database; with None, the table is taken away."""
    if visit.servers:
        url = visit.servers["KEYS_DATABASE_URL" if alias == "keys" else "DATABASE_URL"]
        with psycopg.connect(url) as server:
            server.execute("DROP TABLE IF EXISTS planted")
            if value is not None:
                server.execute(f"CREATE TABLE planted (value {'text' if isinstance(value, str) else 'bytea'})")
                server.execute("INSERT INTO planted VALUES (%s)", [value])
        return
    with closing(sqlite3.connect(visit.installation.folder / f"{alias}.sqlite3")) as file:
        file.execute("PRAGMA secure_delete=ON")
        file.execute("DROP TABLE IF EXISTS planted")
        if value is not None:
            file.execute("CREATE TABLE planted (value)")
            file.execute("INSERT INTO planted VALUES (?)", [value])
        file.commit()


def test_server_that_logs_requests_is_found(visit: Visit, tmp_path: Path) -> None:
    """Not a line that was written by hand: the web command with an access log, as uvicorn writes it."""
    talkative = tmp_path / "logging.json"
    handlers = {"console": {"class": "logging.StreamHandler"}}
    loggers = {"uvicorn.access": {"handlers": ["console"], "level": "INFO"}}
    talkative.write_text(json.dumps({"version": 1, "handlers": handlers, "loggers": loggers}))
    web = Web(visit.installation, name="talkative", extra=["--access-log", "--log-config", str(talkative)])
    with web:
        Trail(web).ask("GET", f"/{ROOT_WORD}/")
        web.stop()
    leaks = find_leaks(files_under(visit.installation.folder), [marked_word(), marked_address(PEER)])
    web.log.unlink()

    found = {leak.mark for leak in leaks if leak.place == "file talkative.log"}
    assert found == {marked_word().name, marked_address(PEER).name}


def test_statement_in_the_log_of_postgres_is_found(postgres: PostgresAddresses) -> None:
    """A server without the flags of docker-compose.yml writes the statement that failed."""
    with psycopg.connect(postgres.database_url) as server, pytest.raises(psycopg.errors.UndefinedTable):
        server.execute(f"SELECT * FROM planted WHERE value = '{ROOT_WORD}'")

    found = find_leaks({"PostgreSQL log": postgres_files(postgres.database_url)["PostgreSQL log"]}, [marked_word()])

    assert places_with(found) == {"PostgreSQL log"}


def test_text_in_redis_is_found(redis_url: str) -> None:
    monitor = Monitor(redis_url)
    with monitor.listening(), redis.Redis.from_url(redis_url) as client:
        client.publish("planted", f"{ROOT_WORD} melding")
        client.set("planted", f"{ROOT_WORD} melding")
        kept = redis_dump(redis_url)
        client.delete("planted")

    places = {"Redis": kept, "Redis while it ran": monitor.heard}
    assert places_with(find_leaks(places, [marked_word()])) == set(places)


def test_address_in_a_header_is_found(visit: Visit) -> None:
    what, head = next(iter(visit.heads.items()))

    assert places_with(find_leaks({what: head + f"\nX-Client: {PEER}".encode()}, visit.marks)) == {what}
