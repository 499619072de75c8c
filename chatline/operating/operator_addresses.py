"""The addresses for whoever runs the installation. They answer at any host name, set no cookie and know no visitor."""

from __future__ import annotations

import json

from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4

from chatline.asgi_types import App, Receive, Scope, Send
from chatline.operating.health import Answer, healthz, readyz
from chatline.operating.metrics import may_read, read_metrics

JSON = b"application/json"
PLAIN = b"text/plain; charset=utf-8"
HEALTH = {"/healthz": healthz, "/readyz": readyz}
METRICS = "/metrics"
PATHS = frozenset({*HEALTH, METRICS})


class OperatorAddresses:
    """ASGI middleware: answers them itself and passes everything else on."""

    def __init__(self, app: App) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["path"] not in PATHS:
            await self.app(scope, receive, send)
        elif scope["path"] == METRICS and not may_read(authorization_of(scope)):
            await answer(scope, send, 404, b"", content_type=PLAIN)
        elif scope["method"] not in ("GET", "HEAD"):
            await answer(scope, send, 405, b"", (b"allow", b"GET, HEAD"))
        elif scope["path"] == METRICS:
            await answer(scope, send, 200, await read_metrics(), content_type=CONTENT_TYPE_PLAIN_0_0_4.encode())
        else:
            await answer(scope, send, *as_json(await HEALTH[scope["path"]]()))


def authorization_of(scope: Scope) -> bytes:
    return next((value for name, value in scope["headers"] if name.lower() == b"authorization"), b"")


def as_json(told: Answer) -> tuple[int, bytes]:
    status, fields = told
    return status, json.dumps(fields).encode()


async def answer(
    scope: Scope, send: Send, status: int, body: bytes, *more: tuple[bytes, bytes], content_type: bytes = JSON
) -> None:
    headers = [
        (b"content-type", content_type),
        (b"content-length", str(len(body)).encode()),
        (b"cache-control", b"no-store"),
        *more,
    ]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": b"" if scope["method"] == "HEAD" else body})
