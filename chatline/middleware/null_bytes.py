"""No NUL byte in an address: PostgreSQL refuses it in any text, and nothing here has a use for it."""

from __future__ import annotations

from chatline.asgi_types import App, Receive, Scope, Send

ENCODED = b"%00"


class NullBytes:
    """ASGI middleware: answers 400 to an address that holds one, instead of an error deep inside a query."""

    def __init__(self, app: App) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and has_null_byte(scope):
            headers = [(b"content-type", b"text/plain; charset=utf-8"), (b"cache-control", b"no-store")]
            await send({"type": "http.response.start", "status": 400, "headers": headers})
            await send({"type": "http.response.body", "body": b"Not an address.\n"})
        else:
            await self.app(scope, receive, send)


def has_null_byte(scope: Scope) -> bool:
    return "\0" in scope["path"] or ENCODED in scope.get("query_string", b"")
