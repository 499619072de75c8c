from __future__ import annotations

import asyncio
import gc
import threading
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest
from asgiref.sync import sync_to_async
from django.core.handlers.asgi import ASGIRequest
from django.core.signals import request_finished
from django.db import connections
from django.http import HttpRequest
from django.http.response import HttpResponseBase

from chatline.serving import turns
from chatline.serving.turns import LATE_TURNS, STAFF_TURNS, TURNS, Turns
from intake.models import Helpline
from tests.chatline.conftest import Asked, ask

pytestmark = [pytest.mark.django_db(transaction=True, databases=["default", "keys"]), pytest.mark.asyncio]


@pytest.fixture
async def busy() -> AsyncIterator[Turns]:
    """A handler that is making as many pages as it makes at a time."""
    handler = Turns()
    for _ in range(TURNS):
        await handler._pages.wait("somebody")
    yield handler
    await sync_to_async(connections.close_all)()


async def test_who_comes_while_all_are_busy_waits_for_a_turn(busy: Turns, helpline: Helpline) -> None:
    waiting = asyncio.create_task(ask(f"/{helpline.slug}/", host="testserver", app=busy))
    await until(lambda: bool(busy._pages._waiting))
    assert not waiting.done()

    busy._pages.leave()
    status, _, page = await waiting

    assert status == 200
    assert str(helpline).encode() in page


async def test_a_turn_is_given_back_whatever_became_of_the_page(busy: Turns) -> None:
    busy._pages.leave()

    answers = [await ask("/nobody/", host="testserver", app=busy) for _ in range(3)]

    assert [status for status, _, _ in answers] == [404] * 3
    assert busy._pages.free == 1


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


async def test_many_who_have_waited_too_long_are_answered_a_few_at_a_time(
    busy: Turns, helpline: Helpline, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(turns, "WAIT_SECONDS", 0.1)
    fewest = LATE_TURNS
    answer = busy._answer

    async def watched(request: HttpRequest) -> HttpResponseBase:
        nonlocal fewest
        fewest = min(fewest, busy._late.free)
        return await answer(request)

    monkeypatch.setattr(busy, "_answer", watched)
    asked = [ask(f"/{helpline.slug}/", host="testserver", app=busy) for _ in range(4 * LATE_TURNS)]
    answers = await asyncio.gather(*asked)

    assert [status for status, _, _ in answers] == [503] * 4 * LATE_TURNS
    assert fewest == 0
    assert (busy._late.free, len(busy._answering)) == (LATE_TURNS, 0)


async def test_one_address_keeps_no_other_waiting(busy: Turns, helpline: Helpline) -> None:
    def page_for(address: str) -> asyncio.Task[Asked]:
        async def from_there(scope: Any, receive: Any, send: Any) -> None:
            await busy({**scope, "client": (address, 0)}, receive, send)

        return asyncio.create_task(ask(f"/{helpline.slug}/", host="testserver", app=from_there))

    many = [page_for("fd00::1") for _ in range(5)]
    await until(lambda: len(busy._pages._waiting.get("fd00::1", ())) == 5)
    other = page_for("fd00::2")
    await until(lambda: "fd00::2" in busy._pages._waiting)

    busy._pages.leave()
    await other

    assert sum(page.done() for page in many) <= 2
    await asyncio.gather(*many)


async def test_turn_lasts_as_long_as_its_thread(helpline: Helpline, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever hangs up does not stop it."""
    handler, let_go = Turns(), threading.Event()
    answer = handler.get_response
    monkeypatch.setattr(handler, "get_response", lambda request: let_go.wait(20) and answer(request))
    gone = asyncio.Event()
    asking = asyncio.create_task(ask(f"/{helpline.slug}/", host="testserver", app=handler, gone=gone))
    await until(lambda: handler._pages.free == TURNS - 1)

    given_up = asyncio.Event()

    async def note(**_: object) -> None:
        given_up.set()

    request_finished.connect(note)
    gone.set()
    await given_up.wait()
    assert handler._pages.free == TURNS - 1

    let_go.set()
    with pytest.raises(IndexError):  # nothing was said to her
        await asking
    assert handler._pages.free == TURNS


async def until(reached: Callable[[], bool]) -> None:
    async with asyncio.timeout(20):
        while not reached():  # noqa: ASYNC110 - nobody says so
            await asyncio.sleep(0.01)


async def test_static_files_wait_for_no_page(busy: Turns) -> None:
    status, _, _ = await asyncio.wait_for(ask("/static/css/none.css", host="testserver", app=busy), timeout=5)

    assert status == 404


async def test_visitors_who_all_come_at_once_keep_no_counsellor_waiting(busy: Turns, helpline: Helpline) -> None:
    waiting = asyncio.create_task(ask(f"/{helpline.slug}/", host="testserver", app=busy))
    await until(lambda: bool(busy._pages._waiting))

    status, _, _ = await asyncio.wait_for(ask("/counsellor/login/", host="testserver", app=busy), timeout=20)

    assert status == 200
    assert not waiting.done()
    busy._pages.leave()
    await waiting


async def test_staff_at_the_login_keep_no_visitor_waiting(helpline: Helpline) -> None:
    handler = Turns()
    for _ in range(STAFF_TURNS):
        await handler._staff.wait("somebody")
    at_the_login = asyncio.create_task(ask("/counsellor/login/", host="testserver", app=handler))
    await until(lambda: bool(handler._staff._waiting))

    status, _, _ = await asyncio.wait_for(ask(f"/{helpline.slug}/", host="testserver", app=handler), timeout=20)

    assert status == 200
    assert not at_the_login.done()
    handler._staff.leave()
    await at_the_login
    await sync_to_async(connections.close_all)()


async def test_request_that_was_answered_leaves_nothing_for_the_collector(helpline: Helpline) -> None:
    """Its frames and tasks would hold each other, and it what middleware has hung on it; collections are rare."""
    handler = Turns()

    async def answered() -> int:
        gone = asyncio.Event()

        async def until_answered(scope: Any, receive: Any, send: Any) -> None:
            async def pass_on(event: Any) -> None:
                await send(event)
                if event["type"] == "http.response.body" and not event.get("more_body"):
                    gone.set()  # a connection without keep-alive: the server tells so as soon as all is said

            await handler(scope, receive, pass_on)

        return (await ask("/counsellor/login/", host="testserver", app=until_answered, gone=gone))[0]

    await answered()
    gc.collect()
    gc.disable()
    try:
        status = await answered()
        # Not isinstance(): some of all the objects there are stand for others that are no more.
        tasks = [one for one in gc.get_objects() if type(one) is asyncio.Task]
        requests = [one for one in gc.get_objects() if type(one) is ASGIRequest]
    finally:
        gc.enable()

    assert status == 200
    # django-otp's own circle holds an empty one.
    assert [one for one in requests if vars(one)] == []
    assert [task for task in tasks if task.done() and "Handler" in repr(task.get_coro())] == []
    await sync_to_async(connections.close_all)()
