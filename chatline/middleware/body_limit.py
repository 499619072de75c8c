"""No request body above `DATA_UPLOAD_MAX_MEMORY_SIZE`: Django would put it on the disk before a view looks at it."""

from __future__ import annotations

from collections.abc import MutableMapping
from typing import Any

from django.conf import settings

from chatline.middleware.no_trace import App, Receive, Scope, Send


class BodyTooLarge(Exception):
    """More has come than anything here needs."""


class BodyLimit:
    """ASGI middleware: answers 413 as soon as too much is announced, or has come."""

    def __init__(self, app: App) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
        elif announced_bytes(scope) > settings.DATA_UPLOAD_MAX_MEMORY_SIZE:
            await refuse(send)
        else:
            await self._count(scope, receive, send)

    async def _count(self, scope: Scope, receive: Receive, send: Send) -> None:
        left = settings.DATA_UPLOAD_MAX_MEMORY_SIZE

        async def counted() -> MutableMapping[str, Any]:
            nonlocal left
            event = await receive()
            left -= len(event.get("body", b""))
            if left < 0:
                raise BodyTooLarge
            return event

        try:
            await self.app(scope, counted, send)
        except BodyTooLarge:
            await refuse(send)


def announced_bytes(scope: Scope) -> int:
    lengths = [value for name, value in scope["headers"] if name.lower() == b"content-length"]
    return max((int(value) for value in lengths if value.isdigit()), default=0)


async def refuse(send: Send) -> None:
    headers = [
        (b"content-type", b"text/plain; charset=utf-8"),
        (b"connection", b"close"),
        (b"cache-control", b"no-store"),
    ]
    await send({"type": "http.response.start", "status": 413, "headers": headers})
    await send({"type": "http.response.body", "body": b"Too much at once.\n"})
