from __future__ import annotations

import asyncio
import ipaddress
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from asgiref.sync import sync_to_async
from django.db import connections

from chatline.middleware.no_trace import NoTrace, pseudonymise
from chatline.operating.asker import own_connection

SALT, OTHER_SALT = b"s" * 32, b"t" * 32

TRACES = {
    b"User-Agent": b"Mozilla/5.0 (marked)",
    b"referer": b"https://secret.example/",
    b"X-Forwarded-For": b"203.0.113.7",
    b"forwarded": b"for=203.0.113.7",
    b"x-real-ip": b"203.0.113.7",
    b"cf-connecting-ip": b"203.0.113.7",
    b"sec-ch-ua-platform": b"Android",
    b"via": b"1.1 proxy",
}


async def pass_through(headers: dict[bytes, bytes], client: tuple[str, int] | None = ("203.0.113.7", 4711)) -> Any:
    seen: list[Any] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        seen.append(scope)

    scope = {"type": "http", "client": client, "headers": list(headers.items())}
    await NoTrace(app)(scope, None, None)  # type: ignore[arg-type]
    return seen[0]


@pytest.mark.django_db(transaction=True)
async def test_nothing_inside_sees_address_agent_or_referrer() -> None:
    scope = await pass_through({**TRACES, b"accept-language": b"nn", b"host": b"localhost"})

    assert dict(scope["headers"]) == {b"accept-language": b"nn", b"host": b"localhost"}
    assert "203.0.113.7" not in repr(scope)


@pytest.mark.django_db(transaction=True)
async def test_pseudonym_is_the_same_for_one_address_and_another_for_the_next() -> None:
    first, again, other = [
        (await pass_through({}, (address, 1)))["client"] for address in ("203.0.113.7", "203.0.113.7", "203.0.113.8")
    ]

    assert first == again != other


@pytest.mark.django_db(transaction=True)
async def test_proxys_word_counts_only_when_a_proxy_is_trusted(settings: Any) -> None:
    settings.TRUSTED_PROXIES = 0
    direct = (await pass_through({b"x-forwarded-for": b"198.51.100.9"}))["client"]
    settings.TRUSTED_PROXIES = 1
    proxied = (await pass_through({b"x-forwarded-for": b"10.0.0.1, 198.51.100.9"}))["client"]
    same = (await pass_through({b"x-forwarded-for": b"198.51.100.9"}))["client"]

    assert proxied == same != direct


def test_pseudonym_looks_like_an_address_and_depends_on_the_salt() -> None:
    pseudonym = pseudonymise("203.0.113.7", salt=SALT)

    assert ipaddress.ip_address(pseudonym) in ipaddress.ip_network("fd00::/8")
    assert pseudonym != pseudonymise("203.0.113.7", salt=OTHER_SALT)


def test_one_household_is_one_pseudonym() -> None:
    one, two = (pseudonymise(address, salt=SALT) for address in ("2001:db8::1", "2001:db8::ffff"))

    assert one == two != pseudonymise("2001:db8:0:100::1", salt=SALT)
    assert pseudonymise("203.0.113.7:4711", salt=SALT) == pseudonymise("203.0.113.7", salt=SALT)
    assert pseudonymise("[2001:db8::1]:4711", salt=SALT) == one
    assert pseudonymise("::ffff:203.0.113.7", salt=SALT) == pseudonymise("203.0.113.7", salt=SALT)


async def reading(statement: str) -> None:
    def run() -> None:
        with connections["keys"].cursor() as cursor:
            cursor.execute(statement)

    await sync_to_async(run)()


@pytest.mark.django_db(transaction=True, databases=["default", "keys"])
async def test_without_the_key_store_people_get_in_under_another_pseudonym() -> None:
    """The page that she gets then has the emergency numbers; an error of the server has nothing."""
    seen: list[Any] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        seen.append(scope["client"])

    outermost = NoTrace(app)
    await reading("ALTER TABLE sealing_salt RENAME TO sealing_away")
    try:
        for address in ("203.0.113.7", "203.0.113.7", "203.0.113.8"):
            await outermost({"type": "http", "client": (address, 1), "headers": []}, None, None)  # type: ignore[arg-type]
    finally:
        await reading("ALTER TABLE sealing_away RENAME TO sealing_salt")

    assert seen[0] == seen[1] != seen[2]
    assert "203.0.113" not in repr(seen)


@asynccontextmanager
async def hanging_key_store() -> AsyncIterator[None]:
    """Whoever asks for a salt meanwhile hears nothing."""
    connection = await sync_to_async(own_connection)("keys")

    def lock() -> None:
        statements = {
            "sqlite": ["BEGIN EXCLUSIVE"],
            "postgresql": ["BEGIN", "LOCK TABLE sealing_salt IN ACCESS EXCLUSIVE MODE"],
        }
        with connection.cursor() as cursor:
            for statement in statements[connection.vendor]:
                cursor.execute(statement)

    await sync_to_async(lock)()
    try:
        yield
    finally:
        await sync_to_async(connection.close)()


@pytest.mark.django_db(transaction=True, databases=["default", "keys"])
async def test_key_store_that_hangs_is_not_waited_for_and_holds_nobody_else_up() -> None:
    seen: list[Any] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        seen.append(scope["client"])

    async def come(outermost: NoTrace, address: str) -> None:
        await outermost({"type": "http", "client": (address, 1), "headers": []}, None, None)  # type: ignore[arg-type]

    outermost = NoTrace(app)
    async with hanging_key_store():
        visitors = asyncio.gather(*(come(outermost, address) for address in ("203.0.113.7", "203.0.113.8")))
        async with asyncio.timeout(1):
            await sync_to_async(lambda: None)()  # what everything else of Django's waits for
        async with asyncio.timeout(4):
            await visitors
        async with asyncio.timeout(1):
            await come(outermost, "203.0.113.7")

    assert seen[0] == seen[2] != seen[1]
    assert "203.0.113" not in repr(seen)
