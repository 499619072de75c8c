from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest
from asgiref.sync import sync_to_async
from django.db import connections

from chatline.serving import turns
from chatline.serving.turns import TURNS, Turns
from intake.models import Helpline
from tests.chatline.conftest import ask

pytestmark = [pytest.mark.django_db(transaction=True, databases=["default", "keys"]), pytest.mark.asyncio]


@pytest.fixture
async def busy() -> AsyncIterator[Turns]:
    """A handler that is making as many pages as it makes at a time."""
    handler = Turns()
    for _ in range(TURNS):
        await handler._turns.acquire()
    yield handler
    await sync_to_async(connections.close_all)()


async def test_who_comes_while_all_are_busy_waits_for_a_turn(busy: Turns, helpline: Helpline) -> None:
    waiting = asyncio.create_task(ask(f"/{helpline.slug}/", host="testserver", app=busy))
    await asyncio.sleep(0.2)
    assert not waiting.done()

    busy._turns.release()
    status, _, page = await waiting

    assert status == 200
    assert str(helpline).encode() in page


async def test_a_turn_is_given_back_whatever_became_of_the_page(busy: Turns) -> None:
    busy._turns.release()

    answers = [await ask("/nobody/", host="testserver", app=busy) for _ in range(3)]

    assert [status for status, _, _ in answers] == [404] * 3
    assert busy._turns._value == 1


async def test_who_has_waited_too_long_is_asked_to_come_back(
    busy: Turns, helpline: Helpline, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(turns, "WAIT_SECONDS", 0.1)

    status, headers, page = await ask(f"/{helpline.slug}/", host="testserver", app=busy)

    assert status == 503
    assert headers[b"Retry-After"] == b"3"
    assert headers[b"Cache-Control"] == b"no-store"
    assert headers[b"Referrer-Policy"] == b"no-referrer"
    assert b"Content-Security-Policy" in headers
    assert b"116 123" in page


async def test_static_files_wait_for_nobody(busy: Turns) -> None:
    status, _, _ = await asyncio.wait_for(ask("/static/css/none.css", host="testserver", app=busy), timeout=5)

    assert status == 404
