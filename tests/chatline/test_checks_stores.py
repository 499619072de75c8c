"""Each number of PostgreSQL, SQLite and Redis: a server that must fail, and one that must pass
(docs/configuration.md, "Checks").
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import psycopg
import pytest
import redis
from django.db.utils import ConnectionHandler, OperationalError
from django.utils import timezone
from psycopg import sql

from chatline.checks import configuration, start_up
from chatline.checks.databases import Facts, check_databases, judge, judge_apart, judge_stores, read_facts
from chatline.checks.findings import finding
from chatline.checks.redis_server import check_redis
from chatline.settings import SQLITE_KEY_PRAGMAS, SQLITE_PRAGMAS, database
from scripts.machine import Missing
from tests.conftest import lacking
from tests.project.leak_places import compose_flags
from tests.servers import PostgresAddresses, PostgresCluster, free_port, running_cluster

PUBLIC = "8.8.8.8"


@pytest.fixture
def own_settings(settings: Any) -> Any:
    return settings


@pytest.fixture(autouse=True)
def open_doors(django_db_blocker: Any) -> Iterator[None]:
    """These tests ask databases that are not the test database."""
    with django_db_blocker.unblock():
        yield


def numbers(messages: list[Any]) -> set[str]:
    return {message.id for message in messages}


# -- PostgreSQL ----------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def shipped() -> Iterator[dict[str, PostgresCluster]]:
    """The two servers with the flags of docker-compose.yml."""
    try:
        with (
            running_cluster(durable=True, flags=compose_flags("database")) as text,
            running_cluster(durable=True, flags=compose_flags("key-store")) as keys,
        ):
            yield {"default": text, "keys": keys}
    except Missing as missing:
        lacking(missing)


def facts_from(url: str, alias: str = "default") -> Facts:
    connection = ConnectionHandler({"default": database(url, pragmas="")})["default"]
    connection.settings_dict["OPTIONS"].pop("pool")
    try:
        return read_facts(alias, connection)
    finally:
        connection.close()


@pytest.mark.once
@pytest.mark.parametrize("alias", ["default", "keys"])
def test_shipped_servers_pass_once_they_have_their_tables(shipped: dict[str, PostgresCluster], alias: str) -> None:
    facts = facts_from(shipped[alias].new_databases().database_url, alias)

    assert set(judge(facts)) == {"chatline.E037"}
    assert set(judge(replace(facts, is_older=False))) == set()


@pytest.mark.once
@pytest.mark.parametrize(
    ("number", "setting", "value"),
    [
        ("chatline.E020", "log_statement", "ddl"),
        ("chatline.E021", "log_min_error_statement", "error"),
        ("chatline.E022", "log_min_duration_statement", "250ms"),
        ("chatline.E022", "log_min_duration_sample", "0"),
        ("chatline.E022", "log_transaction_sample_rate", "0.1"),
        ("chatline.E022", "auto_explain.log_min_duration", "1s"),
        ("chatline.E023", "log_parameter_max_length_on_error", "-1"),
        ("chatline.E025", "log_error_verbosity", "default"),
        ("chatline.E026", "synchronous_commit", "off"),
    ],
)
def test_setting_of_postgres_is_found(
    shipped: dict[str, PostgresCluster], number: str, setting: str, value: str
) -> None:
    url = shipped["default"].new_databases().database_url
    with psycopg.connect(url, autocommit=True) as connection:
        change = sql.SQL("ALTER DATABASE {} SET {} = {}")
        name = sql.SQL(".").join(map(sql.Identifier, setting.split(".")))
        connection.execute(change.format(sql.Identifier(url.rpartition("/")[2]), name, sql.Literal(value)))

    facts = facts_from(url)

    assert set(judge(replace(facts, is_older=False))) == {number}


def found_together(text: Facts, keys: Facts) -> list[str]:
    return list(judge_apart(text, keys))


@pytest.mark.once
def test_two_servers_of_text_and_keys_pass(shipped: dict[str, PostgresCluster]) -> None:
    """Whatever their databases are called."""
    text, keys = (facts_from(f"{cluster.address}/postgres") for cluster in shipped.values())

    assert text.database == keys.database == "postgres"
    assert found_together(text, keys) == []


@pytest.mark.once
def test_one_server_is_found_however_it_is_spelled(shipped: dict[str, PostgresCluster]) -> None:
    address = shipped["default"].address
    text, same = facts_from(f"{address}/postgres"), facts_from(f"{address.replace('127.0.0.1', 'localhost')}/postgres")

    assert found_together(text, same) == ["chatline.E005"]
    assert found_together(text, facts_from(f"{address}/template1")) == ["chatline.W040"]


@pytest.mark.once
def test_copy_of_a_server_is_another_server(shipped: dict[str, PostgresCluster]) -> None:
    text = facts_from(f"{shipped['default'].address}/postgres")
    identifier, _, started_at = text.server.partition("/")

    assert int(identifier) > 0
    assert datetime.fromisoformat(started_at) < timezone.now()
    assert found_together(text, replace(text, server=f"{identifier}/{started_at[:-1]}")) == []


@pytest.mark.once
def test_account_that_may_not_ask_who_the_server_is_is_judged_by_the_rest(shipped: dict[str, PostgresCluster]) -> None:
    url = shipped["default"].new_databases().database_url
    plain = sql.Identifier(f"plain_{url.rpartition('/')[2]}")
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(sql.SQL("CREATE ROLE {} LOGIN PASSWORD 'x'").format(plain))
        asks = facts_from(url_of(url, user=plain.as_string().strip('"'), password="x"))
        connection.execute("REVOKE EXECUTE ON FUNCTION pg_control_system() FROM PUBLIC")
        may_not = facts_from(url_of(url, user=plain.as_string().strip('"'), password="x"))

    assert asks.server == facts_from(url).server
    assert may_not.server == ""
    assert found_together(may_not, may_not) == []
    assert set(judge(may_not)) == set(judge(asks)) == {"chatline.E037"}


def url_of(url: str, *, user: str, password: str) -> str:
    return f"postgres://{user}:{password}@{url.rpartition('@')[2]}"


@pytest.mark.once
def test_one_place_is_said_once_and_one_that_gave_no_answer_is_not_compared(
    monkeypatch: pytest.MonkeyPatch, shipped: dict[str, PostgresCluster]
) -> None:
    text, keys = ({"ENGINE": "django.db.backends.postgresql", "HOST": host, "NAME": "x"} for host in ("one", "two"))
    facts = replace(facts_from(f"{shipped['default'].address}/postgres"), is_older=False)

    monkeypatch.setattr(configuration, "settings", SimpleNamespace(DATABASES={"default": text, "keys": keys}))
    assert numbers(judge_stores({"default": facts, "keys": facts})) == {"chatline.E005"}
    assert numbers(judge_stores({"default": facts, "keys": None})) == {"chatline.W038"}
    monkeypatch.setattr(configuration, "settings", SimpleNamespace(DATABASES={"default": text, "keys": text}))
    assert numbers(judge_stores({"default": facts, "keys": facts})) == set()


@pytest.mark.once
def test_careless_server_is_found(postgres: PostgresAddresses) -> None:
    """PostgreSQL as it comes, and without writing through to the disk."""
    found = set(judge(facts_from(postgres.database_url)))

    assert {"chatline.E021", "chatline.E025", "chatline.E026"} <= found


@pytest.mark.once
def test_what_a_server_cannot_be_made_to_do_here_is_judged_by_what_it_would_say(
    shipped: dict[str, PostgresCluster],
) -> None:
    facts = replace(facts_from(shipped["keys"].new_databases().database_url, "keys"), is_older=False)
    values = dict(facts.values)
    now = timezone.now()

    assert facts.address == "127.0.0.1"
    assert set(judge(replace(facts, values={**values, "archive_mode": "on"}))) == {"chatline.E030"}
    assert set(judge(replace(facts, alias="default", values={**values, "archive_mode": "on"}))) == set()
    assert set(judge(replace(facts, values={**values, "log_connections": "on"}))) == {"chatline.W024"}
    assert set(judge(replace(facts, address=PUBLIC))) == {"chatline.E031"}
    assert set(judge(replace(facts, address=PUBLIC, has_tls=True))) == set()
    for apart, found in ((5, set()), (60, {"chatline.W036"}), (86400, {"chatline.W035"})):
        for sign in (-1, 1):
            clock = now + sign * timedelta(seconds=apart)
            assert set(judge(replace(facts, clock=clock, asked_at=now))) == found


# -- SQLite --------------------------------------------------------------------------------------------------


@pytest.mark.once
@pytest.mark.parametrize(
    ("alias", "pragmas", "found"),
    [
        ("default", SQLITE_PRAGMAS, set()),
        ("keys", SQLITE_KEY_PRAGMAS, set()),
        ("default", SQLITE_PRAGMAS.replace("FULL", "NORMAL"), {"chatline.E028"}),
        ("keys", SQLITE_KEY_PRAGMAS.replace("FULL", "OFF"), {"chatline.E028"}),
        ("keys", SQLITE_PRAGMAS, {"chatline.E029"}),
        ("keys", SQLITE_KEY_PRAGMAS.replace("secure_delete=ON", "secure_delete=OFF"), {"chatline.E029"}),
    ],
)
def test_pragmas_of_sqlite_are_found(tmp_path: Path, alias: str, pragmas: str, found: set[str]) -> None:
    given = database(f"sqlite:///{tmp_path / 'x.sqlite3'}", pragmas=pragmas)
    connection = ConnectionHandler({"default": given})["default"]
    facts = read_facts(alias, connection)
    connection.close()

    assert set(judge(replace(facts, is_older=False))) == found


@pytest.mark.django_db(transaction=True)
def test_migrated_databases_are_not_older_than_the_code() -> None:
    found = check_databases()

    assert {"chatline.E037", "chatline.W038"} & numbers(found) == set()


@pytest.mark.django_db(transaction=True)
async def test_later_look_says_what_the_first_could_not(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Test databases are careless ones, so there is something to say; what was said already is not said again."""
    monkeypatch.setattr(start_up, "AGAIN_SECONDS", 0)
    known = await asyncio.to_thread(check_databases)
    unasked = finding("chatline.W038", of="database")

    await start_up.look_again([unasked])
    said = [record.getMessage() for record in caplog.records]
    caplog.clear()
    await start_up.look_again([unasked, *known])
    await start_up.look_again(known)

    assert said == [message.msg for message in known] != []
    assert caplog.records == []


@pytest.mark.once
def test_database_that_is_away_is_told_and_refuses_nothing() -> None:
    with pytest.raises(OperationalError):
        facts_from(f"postgres://nobody:x@127.0.0.1:{free_port()}/nothing")

    assert not finding("chatline.W038", of="database").is_serious()


# -- Redis ---------------------------------------------------------------------------------------------------


@pytest.mark.once
def test_redis_without_persistence_on_this_machine_passes(own_settings: Any, redis_url: str) -> None:
    own_settings.REDIS_URL = redis_url
    assert numbers(check_redis()) == set()
    own_settings.REDIS_URL = ""
    assert numbers(check_redis()) == set()


@pytest.mark.once
@pytest.mark.parametrize(("name", "value", "before"), [("save", "60 1", ""), ("appendonly", "yes", "no")])
def test_redis_that_writes_to_its_disk_is_found(
    own_settings: Any, redis_url: str, name: str, value: str, before: str
) -> None:
    own_settings.REDIS_URL = redis_url
    with redis.Redis.from_url(redis_url) as client:
        client.config_set(name, value)
        try:
            found = numbers(check_redis())
        finally:
            client.config_set(name, before)

    assert found == {"chatline.W034"}


@pytest.mark.once
@pytest.mark.parametrize(
    ("url", "found"),
    [
        (f"redis://{PUBLIC}:6379/0", {"chatline.E032", "chatline.E033"}),
        (f"redis://:word@{PUBLIC}:6379/0", {"chatline.E032"}),
        (f"rediss://{PUBLIC}:6379/0", {"chatline.E033"}),
        (f"rediss://:word@{PUBLIC}:6379/0", set()),
        ("redis://10.0.0.4:6379/0", set()),
    ],
)
def test_redis_on_a_public_address_is_found(own_settings: Any, url: str, found: set[str]) -> None:
    from chatline.checks.redis_server import judge_address

    own_settings.REDIS_URL = url

    assert set(judge_address(redis.Redis.from_url(url))) == found


@pytest.mark.once
def test_redis_that_is_away_is_told(own_settings: Any) -> None:
    own_settings.REDIS_URL = f"redis://127.0.0.1:{free_port()}/0"

    assert numbers(check_redis()) == {"chatline.W038"}
