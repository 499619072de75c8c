from __future__ import annotations

from typing import Any

import pytest

from chatline.middleware.body_limit import BodyLimit


async def answer(chunks: list[bytes], headers: list[tuple[bytes, bytes]]) -> tuple[int, int]:
    """The status, and how many bytes the application was given."""
    taken = 0
    sent: list[Any] = []
    events = [{"type": "http.request", "body": chunk, "more_body": True} for chunk in chunks]

    async def receive() -> Any:
        return events.pop(0) if events else {"type": "http.request", "body": b"", "more_body": False}

    async def send(event: Any) -> None:
        sent.append(event)

    async def app(scope: Any, receive: Any, send: Any) -> None:
        nonlocal taken
        while (event := await receive())["more_body"]:
            taken += len(event["body"])
        await send({"type": "http.response.start", "status": 200})

    await BodyLimit(app)({"type": "http", "headers": headers}, receive, send)
    return sent[0]["status"], taken


@pytest.fixture(autouse=True)
def small(settings: Any) -> None:
    settings.DATA_UPLOAD_MAX_MEMORY_SIZE = 10


async def test_body_within_the_limit_passes() -> None:
    assert await answer([b"12345", b"12345"], []) == (200, 10)


async def test_announced_body_above_the_limit_is_refused_unread() -> None:
    assert await answer([b"x" * 11], [(b"Content-Length", b"11")]) == (413, 0)


async def test_body_that_grows_above_the_limit_is_refused() -> None:
    assert await answer([b"x" * 8] * 100, []) == (413, 8)
