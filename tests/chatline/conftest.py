"""An operator's questions, asked of the whole ASGI application."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest
from asgiref.sync import sync_to_async
from django.db import connections

from chatline.operating.asker import stop_askers
from intake.delivery.hub import Hub, current_hub, stop_hub

DEADLINE_SECONDS = 20.0

Asked = tuple[int, dict[bytes, bytes], bytes]


async def ask(
    path: str,
    *,
    method: str = "GET",
    headers: Any = (),
    host: str = "whatever.example",
    app: Any = None,
    gone: asyncio.Event | None = None,
) -> Asked:
    """Of the whole application, or of `app` alone. Whoever asks hangs up when `gone` is set."""
    from chatline.asgi import application

    said: list[dict[str, Any]] = []

    async def send(event: Any) -> None:
        said.append(event)

    body = iter([{"type": "http.request", "body": b"", "more_body": False}])

    async def receive() -> Any:
        if event := next(body, None):
            return event
        await (gone or asyncio.Event()).wait()
        return {"type": "http.disconnect"}

    scope = {
        "type": "http",
        "method": method,
        "path": path,
        "query_string": b"",
        "headers": [(b"host", host.encode()), *headers],
        "client": ("203.0.113.7", 4711),
    }
    await (app or application)(scope, receive, send)
    return said[0]["status"], dict(said[0]["headers"]), b"".join(event.get("body", b"") for event in said[1:])


@pytest.fixture
async def hub() -> AsyncIterator[Hub]:
    yield await current_hub()
    await stop_hub()
    # Where `sync_to_async` of the test itself ran.
    await sync_to_async(connections.close_all)()


@pytest.fixture(autouse=True)
def own_askers() -> Iterator[None]:
    stop_askers()
    yield
    askers = [thread for thread in threading.enumerate() if thread.name.startswith("asker of")]
    stop_askers()
    for thread in askers:
        thread.join(DEADLINE_SECONDS)
