"""What the two databases say of themselves. They are asked by threads of their own, and not waited for."""

from __future__ import annotations

import ipaddress
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any

from django.core.checks import CheckMessage, Tags, register
from django.db import connections
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.migrations.executor import MigrationExecutor
from django.utils import timezone

from chatline.checks.configuration import have_one_address
from chatline.checks.findings import finding
from chatline.operating.asker import asker_of
from intake.sealing.router import ALIAS as KEYS

ASK_SECONDS = 10.0
FAR_SECONDS = 600
NEAR_SECONDS = 10
STORES = {"default": "database", KEYS: "key_store"}
UNASKED = "chatline.W038"

Values = Mapping[str, str | None]

SETTINGS = (
    "log_statement", "log_min_error_statement", "log_min_duration_statement", "log_min_duration_sample",
    "log_transaction_sample_rate", "auto_explain.log_min_duration", "log_parameter_max_length_on_error",
    "log_connections", "log_disconnections", "log_error_verbosity",
    "fsync", "full_page_writes", "synchronous_commit", "archive_mode",
)  # fmt: skip
# The number, and whether the settings of a server are in order.
POSTGRES: list[tuple[str, Callable[[Values], bool]]] = [
    ("chatline.E020", lambda on: on["log_statement"] == "none"),
    ("chatline.E021", lambda on: on["log_min_error_statement"] in ("fatal", "panic")),
    (
        "chatline.E022",
        lambda on: (
            on["log_min_duration_statement"] == "-1"
            and on["log_min_duration_sample"] in ("-1", None)
            and on["log_transaction_sample_rate"] in ("0", None)
            and on["auto_explain.log_min_duration"] in ("-1", "", None)
        ),
    ),
    ("chatline.E023", lambda on: on["log_parameter_max_length_on_error"] in ("0", None)),
    ("chatline.W024", lambda on: {on["log_connections"], on["log_disconnections"]} <= {"off", ""}),
    ("chatline.E025", lambda on: on["log_error_verbosity"] == "terse"),
    (
        "chatline.E026",
        lambda on: on["fsync"] == on["full_page_writes"] == "on" and on["synchronous_commit"] != "off",
    ),
]


@dataclass(frozen=True)
class Facts:
    """What one database said. `values` are PostgreSQL's settings, or SQLite's pragmas."""

    alias: str
    vendor: str
    values: Values
    address: str = ""
    has_tls: bool = False
    clock: datetime | None = None
    asked_at: datetime | None = None
    is_older: bool = False
    server: str = ""
    """Tells this PostgreSQL from every other, its own copies too; empty where it may not be asked."""
    database: str = ""


@register(Tags.security, deploy=True)
def check_databases(**kwargs: Any) -> list[CheckMessage]:
    work = {alias: partial(read_own, alias) for alias in STORES}
    return judge_stores({alias: asker_of(alias).run_now(work[alias], within_seconds=ASK_SECONDS) for alias in STORES})


def judge_stores(told: Mapping[str, Facts | None]) -> list[CheckMessage]:
    """What is wrong with each store by itself, and with the two together. One that gave no answer is W038."""
    found: list[CheckMessage] = []
    for alias, facts in told.items():
        numbers = [UNASKED] if facts is None else judge(facts)
        found += [finding(number, of=STORES[alias]) for number in numbers]
    text, keys = (told[alias] for alias in STORES)
    if text and keys and not have_one_address():
        found += [finding(number) for number in judge_apart(text, keys)]
    return found


def judge_apart(text: Facts, keys: Facts) -> Iterator[str]:
    """Whatever their addresses look like: they are one when they say the same of themselves."""
    if text.server and text.server == keys.server:
        yield "chatline.E005" if text.database == keys.database else "chatline.W040"


def read_own(alias: str) -> Facts:
    # Which connection that is, the asker's thread alone knows.
    return read_facts(alias, connections[alias])


def judge(facts: Facts) -> Iterator[str]:
    yield from judge_postgres(facts) if facts.vendor == "postgresql" else judge_sqlite(facts)
    if facts.is_older:
        yield "chatline.E037"


def judge_postgres(facts: Facts) -> Iterator[str]:
    yield from (number for number, is_in_order in POSTGRES if not is_in_order(facts.values))
    if facts.alias == KEYS and facts.values["archive_mode"] != "off":
        yield "chatline.E030"
    if is_public(facts.address) and not facts.has_tls:
        yield "chatline.E031"
    yield from judge_clock(facts)


def judge_clock(facts: Facts) -> Iterator[str]:
    if facts.clock is None or facts.asked_at is None:
        return
    apart = abs((facts.asked_at - facts.clock).total_seconds())
    if apart > FAR_SECONDS:
        yield "chatline.W035"
    elif apart > NEAR_SECONDS:
        yield "chatline.W036"


def judge_sqlite(facts: Facts) -> Iterator[str]:
    if facts.values["synchronous"] not in ("2", "3"):
        yield "chatline.E028"
    if facts.alias == KEYS and (facts.values["journal_mode"] != "delete" or facts.values["secure_delete"] != "1"):
        yield "chatline.E029"


def is_public(address: str) -> bool:
    """Whether an address leads over networks that are not the installation's own."""
    try:
        return ipaddress.ip_address(address).is_global
    except ValueError:
        return False


def read_facts(alias: str, connection: BaseDatabaseWrapper) -> Facts:
    """Ask now, over this connection."""
    connection.ensure_connection()
    is_older = bool(plan_of(connection))
    if connection.vendor != "postgresql":
        pragmas = ("synchronous", "journal_mode", "secure_delete")
        return Facts(alias, connection.vendor, {name: pragma(connection, name) for name in pragmas}, is_older=is_older)
    with connection.cursor() as cursor:
        asked = ", ".join(["current_setting(%s, true)"] * len(SETTINGS))
        cursor.execute(f"SELECT clock_timestamp(), {asked}", SETTINGS)
        clock, *values = cursor.fetchone()
    asked_at = timezone.now()
    raw: Any = connection.connection
    return Facts(
        alias,
        connection.vendor,
        dict(zip(SETTINGS, values, strict=True)),
        address=raw.info.hostaddr,
        has_tls=bool(raw.pgconn.ssl_in_use),
        clock=clock,
        asked_at=asked_at,
        is_older=is_older,
        server=server_of(connection),
        database=raw.info.dbname,
    )


def server_of(connection: BaseDatabaseWrapper) -> str:
    """What only one running server says: a copy of its files has the same identifier, and another start."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT has_function_privilege('pg_control_system()', 'EXECUTE')")
        if not cursor.fetchone()[0]:
            return ""
        cursor.execute("SELECT system_identifier, pg_postmaster_start_time() FROM pg_control_system()")
        return "/".join(map(str, cursor.fetchone()))


def plan_of(connection: BaseDatabaseWrapper) -> list[Any]:
    """The migrations that this version has and the database has not."""
    executor = MigrationExecutor(connection)
    return list(executor.migration_plan(executor.loader.graph.leaf_nodes()))


def pragma(connection: BaseDatabaseWrapper, name: str) -> str:
    with connection.cursor() as cursor:
        cursor.execute(f"PRAGMA {name}")
        return str(cursor.fetchone()[0])
