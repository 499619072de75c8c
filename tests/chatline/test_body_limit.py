from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest

from chatline.middleware.body_limit import LARGE_AT_ONCE, SMALL_BYTES, BodyLimit
from intake.models import IntroQuestion
from intake.rules.intro import ANSWER_CHARACTERS

OPENING = "/ffp/conversations/"
STAFF = "/counsellor/team/"
SMALL, LARGE, TOO_LARGE = SMALL_BYTES, SMALL_BYTES + 1, 2 * 1024 * 1024 + 1


class Site:
    """The application behind the limit: it reads all of a body, and answers when `is_quick` or told to `go_on`."""

    def __init__(self, *, is_quick: bool = True) -> None:
        self.limit = BodyLimit(self._app)
        self.taken = 0
        self.read = asyncio.Semaphore(0)
        """Can be had once for each body that was read to its end."""
        self.go_on = asyncio.Event()
        if is_quick:
            self.go_on.set()

    async def status(self, path: str, chunks: list[bytes], *, announced: int = 0) -> int:
        sent: list[Any] = []
        headers = [(b"Content-Length", str(announced).encode())] if announced else []
        events = [{"type": "http.request", "body": chunk, "more_body": True} for chunk in chunks]

        async def receive() -> Any:
            return events.pop(0) if events else {"type": "http.request", "body": b"", "more_body": False}

        async def send(event: Any) -> None:
            sent.append(event)

        await self.limit({"type": "http", "path": path, "headers": headers}, receive, send)
        answer: int = sent[0]["status"]
        return answer

    async def _app(self, scope: Any, receive: Any, send: Any) -> None:
        while (event := await receive())["more_body"]:
            self.taken += len(event["body"])
        self.read.release()
        await self.go_on.wait()
        await send({"type": "http.response.start", "status": 200})


@pytest.mark.parametrize("path", [OPENING, STAFF])
async def test_body_within_the_limit_passes(path: str) -> None:
    site = Site()

    assert await site.status(path, [b"x" * (SMALL // 2)] * 2, announced=SMALL) == 200
    assert site.taken == SMALL


@pytest.mark.parametrize("path", ["/counsellor/", "/stats/contacts/", "/admin/intake/helpline/1/change/"])
async def test_staff_forms_may_be_larger(path: str) -> None:
    assert await Site().status(path, [b"x" * LARGE], announced=LARGE) == 200


@pytest.mark.parametrize(("path", "size"), [(OPENING, LARGE), ("/", LARGE), ("/static/x", LARGE), (STAFF, TOO_LARGE)])
async def test_announced_body_above_the_limit_is_refused_unread(path: str, size: int) -> None:
    site = Site()

    assert await site.status(path, [b"x" * size], announced=size) == 413
    assert site.taken == 0


@pytest.mark.parametrize(("path", "most"), [(OPENING, SMALL), (STAFF, TOO_LARGE - 1)])
async def test_body_that_grows_above_the_limit_is_refused(path: str, most: int) -> None:
    site = Site()

    assert await site.status(path, [b"x" * (most // 4)] * 100) == 413
    assert site.taken == most


async def test_large_bodies_are_a_few_at_a_time_and_small_ones_pass_beside_them() -> None:
    """Whoever sends them needs no account: a body is read before anybody asks who she is."""
    site = Site(is_quick=False)
    held = [asyncio.create_task(site.status(STAFF, [b"x" * LARGE])) for _ in range(LARGE_AT_ONCE)]
    for _ in held:
        await asyncio.wait_for(site.read.acquire(), 10)

    one_more = await asyncio.wait_for(site.status(STAFF, [b"x" * LARGE]), 10)
    small = asyncio.create_task(site.status(STAFF, [b"x" * SMALL]))
    site.go_on.set()

    assert one_more == 503
    assert await small == 200
    assert set(await asyncio.gather(*held)) == {200}
    assert await site.status(STAFF, [b"x" * LARGE]) == 200


async def test_large_body_that_was_refused_or_given_up_leaves_its_place() -> None:
    site = Site(is_quick=False)
    for _ in range(LARGE_AT_ONCE + 1):
        given_up = asyncio.create_task(site.status(STAFF, [b"x" * LARGE]))
        await asyncio.wait_for(site.read.acquire(), 10)
        given_up.cancel()
        await asyncio.gather(given_up, return_exceptions=True)
        assert await site.status(STAFF, [b"x" * LARGE, b"x" * TOO_LARGE]) == 413

    site.go_on.set()
    assert await site.status(STAFF, [b"x" * LARGE]) == 200


def test_opening_with_sixteen_full_answers_fits() -> None:
    """Of characters that take the most bytes, under the longest keys that a question may have."""
    key_characters = IntroQuestion._meta.get_field("key").max_length or 0
    intro = {f"{number:0{key_characters}}": "\N{GRINNING FACE}" * ANSWER_CHARACTERS for number in range(16)}
    opening = json.dumps({"language": "nb", "intro": intro}, ensure_ascii=False).encode()

    assert SMALL_BYTES - ANSWER_CHARACTERS * 4 < len(opening) <= SMALL_BYTES
