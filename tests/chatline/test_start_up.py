"""The set-up as it is shipped starts; a dangerous one does not, and says its number."""

from __future__ import annotations

import json
import shutil
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack

import psycopg
import pytest
from psycopg import sql

from scripts.machine import ROOT, Missing
from tests.conftest import lacking
from tests.project.leak_places import compose_flags
from tests.servers import PostgresAddresses, free_port, running_cluster, running_redis
from tests.web import SERVERS, Installation, Web

pytestmark = [pytest.mark.once, pytest.mark.processes]


@pytest.fixture(scope="module")
def production(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    """Servers with the flags of docker-compose.yml, the master key apart, collected files, one proxy in front."""
    folder = tmp_path_factory.mktemp("production")
    with ExitStack() as stack:
        try:
            text = stack.enter_context(running_cluster(durable=True, flags=compose_flags("database")))
            keys = stack.enter_context(running_cluster(durable=True, flags=compose_flags("key-store")))
            redis_url = stack.enter_context(running_redis())
        except Missing as missing:
            lacking(missing)
        addresses = {
            "DATABASE_URL": text.new_databases().database_url,
            "KEYS_DATABASE_URL": keys.new_databases().keys_database_url,
            "REDIS_URL": redis_url,
        }
        installation = Installation(folder / "data", addresses)
        (folder / "secrets").mkdir()
        shutil.move(folder / "data" / "master_key", folder / "secrets" / "master_key")
        installation.environment |= {
            "CHATLINE_DEMO": "0",
            "CHATLINE_MASTER_KEY_FILE": str(folder / "secrets" / "master_key"),
            "CHATLINE_HOSTS": "chat.example.org,localhost",
            "CHATLINE_ORIGINS": "https://chat.example.org",
            "CHATLINE_TRUSTED_PROXIES": "1",
        }
        installation.manage("collectstatic", "--no-input", "--verbosity", "0")
        yield installation


def start(installation: Installation, *extra: str, server: str = "uvicorn", **changed: str) -> tuple[Web, bool]:
    """Whether it started; one that did is stopped again, one that did not has ended by itself. `extra` are options."""
    before = dict(installation.environment)
    installation.environment |= changed
    name = f"web-{len(list(installation.folder.glob('*.log')))}"
    web = Web(installation, name=name, server=server, extra=extra)
    try:
        with web:
            return web, True
    except Missing:
        assert not web.is_alive(), "It has neither started nor ended."
        return web, False
    finally:
        web.kill()
        installation.environment.clear()
        installation.environment |= before


def lines_of(web: Web) -> list[dict[str, str]]:
    return [json.loads(line) for line in web.log.read_text().splitlines()]


def loggers_of(web: Web) -> list[str]:
    """What of our own was said, in its order."""
    return [line["logger"] for line in lines_of(web) if line["logger"].startswith("chatline.")]


def test_shipped_configuration_passes_every_check(production: Installation) -> None:
    answer = production.manage("check", "--deploy", "--fail-level", "WARNING")

    assert "no issues" in answer


@pytest.mark.parametrize("server", SERVERS)
def test_shipped_configuration_starts_and_says_nothing(production: Installation, server: str) -> None:
    web, started = start(production, server=server)

    assert started
    assert lines_of(web) == []


@pytest.mark.parametrize(
    ("number", "changed"),
    [
        ("chatline.E004", {"CHATLINE_DEBUG": "1"}),
        ("chatline.E006", {"CHATLINE_SECRET_KEY": "guess me"}),
        ("chatline.E008", {"CHATLINE_HOSTS": "*"}),
        ("chatline.E001", {"CHATLINE_MASTER_KEY_FILE": "/nowhere/master_key"}),
    ],
)
def test_dangerous_configuration_does_not_start_and_says_its_number(
    production: Installation, number: str, changed: dict[str, str]
) -> None:
    web, started = start(production, **changed)

    said = lines_of(web)
    assert not started
    assert [line["logger"] for line in said if line["logger"].startswith("chatline.")] == [number]
    assert said[0]["event"]
    assert said[0]["level"] == "ERROR"


OPENLY = {
    "the last host": ("uvicorn", ["--host", "0.0.0.0"]),  # noqa: S104 - what must be found
    "no host": ("uvicorn", ["--host="]),
    "bind": ("daphne", ["--bind", "::"]),
    "endpoint": ("daphne", ["--endpoint", "tcp:{port}:interface=0.0.0.0"]),
    "endpoint of all": ("daphne", ["-etcp:{port}"]),
}


@pytest.mark.parametrize(("server", "options"), OPENLY.values(), ids=OPENLY)
def test_server_that_listens_openly_does_not_start(production: Installation, server: str, options: list[str]) -> None:
    given = [option.format(port=free_port()) for option in options]
    web, started = start(production, *given, server=server, CHATLINE_TRUSTED_PROXIES="0")

    assert not started
    assert "chatline.E013" in loggers_of(web)


@pytest.mark.parametrize("server", SERVERS)
def test_server_without_a_proxy_that_listens_on_this_machine_alone_starts(
    production: Installation, server: str
) -> None:
    """What refuses the others is the address, not the missing proxy."""
    web, started = start(production, server=server, CHATLINE_TRUSTED_PROXIES="0")

    assert started
    assert loggers_of(web) == ["chatline.W012"]


def test_uvicorn_that_writes_an_access_log_does_not_start(production: Installation) -> None:
    """With the log of uvicorn's own, in lines that are built as ours are: nothing else is wrong with it."""
    shipped = json.loads((ROOT / "deploy" / "logging.json").read_text())
    shipped["loggers"]["uvicorn.access"] = {"handlers": ["console"], "level": "INFO", "propagate": False}
    talkative = production.folder / "logging.json"
    talkative.write_text(json.dumps(shipped))

    web, started = start(production, "--access-log", "--log-config", str(talkative))

    assert not started
    assert loggers_of(web) == ["chatline.E010"]


@pytest.mark.parametrize("options", [["--verbosity", "1"], ["--access-log", "-"]], ids=" ".join)
def test_daphne_that_writes_an_access_log_does_not_start(production: Installation, options: list[str]) -> None:
    web, started = start(production, *options, server="daphne")

    assert not started
    assert '"logger": "chatline.E010"' in web.log.read_text()


def test_text_and_keys_in_one_database_do_not_start(production: Installation) -> None:
    web, started = start(production, KEYS_DATABASE_URL=production.environment["DATABASE_URL"])

    assert not started
    assert "chatline.E005" in {line["logger"] for line in lines_of(web)}


def test_warning_is_said_and_keeps_nobody_from_starting(production: Installation) -> None:
    web, started = start(production, CHATLINE_HTTPS="0")

    assert started
    assert [line["logger"] for line in lines_of(web)] == ["chatline.W011"]


def test_careless_postgres_does_not_start(production: Installation, postgres: PostgresAddresses) -> None:
    """One that does not write through to its disk, as the other tests use it."""
    web, started = start(production, **postgres.environment())

    assert not started
    assert {"chatline.E026.database", "chatline.E026.key_store", "chatline.E021.database", "chatline.W040"} <= {
        line["logger"] for line in lines_of(web)
    }


def test_demo_starts_whatever_it_is(production: Installation) -> None:
    _, started = start(production, CHATLINE_DEMO="1", CHATLINE_HOSTS="*")

    assert started


def test_server_that_starts_without_its_database_waits_for_it(production: Installation) -> None:
    """It says that it is not ready, and why; one that crashed would tell nobody."""
    web = Web(production, name="waiting")
    nowhere = {"DATABASE_URL": f"postgres://nobody:x@127.0.0.1:{free_port()}/nothing"}
    with web.log.open("wb") as log:
        process = subprocess.Popen(
            web.command(), cwd=ROOT, env={**production.environment, **nowhere}, stdout=log, stderr=log
        )
    try:
        told = answer_of(web)
    finally:
        process.kill()
        process.wait()

    loggers = {line["logger"] for line in lines_of(web)}
    assert told == {"ready": False, "database": False, "key_store": True, "wake_ups": True}
    assert "chatline.W038.database" in loggers
    assert not [name for name in loggers if name.startswith("chatline.E")]


@pytest.fixture
def other_text(production: Installation) -> Iterator[tuple[str, psycopg.Connection]]:
    """A copy of the shipped database, away for everybody but the operator, and the operator's line to its server."""
    server, _, original = production.environment["DATABASE_URL"].rpartition("/")
    name = f"{original}_later"
    with psycopg.connect(f"{server}/postgres", autocommit=True) as operator:
        operator.execute(sql.SQL("CREATE DATABASE {} TEMPLATE {}").format(*map(sql.Identifier, (name, original))))
        operator.execute(sql.SQL("ALTER DATABASE {} ALLOW_CONNECTIONS false").format(sql.Identifier(name)))
        yield f"{server}/{name}", operator
        operator.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))


@pytest.mark.parametrize("server", SERVERS)
def test_database_that_comes_later_is_judged_by_its_first_answer(
    production: Installation, other_text: tuple[str, psycopg.Connection], server: str
) -> None:
    """What is wrong with it is said by its number, once; the server goes on."""
    url, operator = other_text
    name = sql.Identifier(url.rpartition("/")[2])
    web = Web(production, name=f"later-{server}", server=server)
    with web.log.open("wb") as log:
        process = subprocess.Popen(
            web.command(), cwd=ROOT, env={**production.environment, "DATABASE_URL": url}, stdout=log, stderr=log
        )
    try:
        assert answer_of(web) == {"ready": False, "database": False, "key_store": True, "wake_ups": True}
        operator.execute(sql.SQL("ALTER DATABASE {} SET synchronous_commit = off").format(name))
        operator.execute(sql.SQL("ALTER DATABASE {} ALLOW_CONNECTIONS true").format(name))
        said = line_of(web, "chatline.E026.database")
        ready = urllib.request.urlopen(f"{web.address}/readyz", timeout=5).status
    finally:
        process.kill()
        process.wait()

    assert said["level"] == "ERROR"
    assert ready == 200
    assert [name for name in loggers_of(web) if ".E" in name or ".W" in name] == [
        "chatline.W038.database",
        "chatline.E026.database",
    ]


def line_of(web: Web, logger: str) -> dict[str, str]:
    """The first line of `logger`, as soon as it is there."""
    give_up_at = time.monotonic() + 40
    while time.monotonic() < give_up_at:
        # The last line may be half written.
        whole, _, _ = web.log.read_text().rpartition("\n")
        for line in map(json.loads, whole.splitlines()):
            if line["logger"] == logger:
                found: dict[str, str] = line
                return found
        time.sleep(0.1)
    raise AssertionError(web.log.read_text())


def answer_of(web: Web) -> object:
    """What it says of itself, as soon as it says anything."""
    give_up_at = time.monotonic() + 40
    while time.monotonic() < give_up_at:
        try:
            urllib.request.urlopen(f"{web.address}/readyz", timeout=5)
        except urllib.error.HTTPError as error:
            return json.load(error)
        except OSError:
            time.sleep(0.1)
    raise AssertionError(web.log.read_text())
