from __future__ import annotations

from typing import Any

import pytest

from chatline.middleware.null_bytes import NullBytes

PASSED = 299


async def ask(path: str, query: bytes = b"") -> int:
    said: list[dict[str, Any]] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": PASSED})

    async def send(event: Any) -> None:
        said.append(event)

    await NullBytes(app)({"type": "http", "path": path, "query_string": query}, None, send)  # type: ignore[arg-type]
    return int(said[0]["status"])


@pytest.mark.parametrize(
    ("path", "query"), [("/privacy/\0", b""), ("/privacy/", b"from=%00"), ("/admin/x/", b"q=a&id=1%00")]
)
async def test_address_with_a_null_byte_is_refused(path: str, query: bytes) -> None:
    assert await ask(path, query) == 400


async def test_any_other_address_is_passed_on() -> None:
    assert await ask("/privacy/", b"from=ffp&x=%0A%200") == PASSED
