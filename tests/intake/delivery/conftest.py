"""A chat over real frames: the whole ASGI application, the hub of the test's own event loop, a real database."""

from __future__ import annotations

import json
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import pytest
from asgiref.sync import sync_to_async
from channels.testing import WebsocketCommunicator
from django.db import connections
from django.test import Client

from intake.delivery.frames import SUBPROTOCOL
from intake.delivery.hub import Hub, current_hub, stop_hub

SECONDS = 8.0


class Chat:
    """One side's socket. `read(kind)` waits for the next frame of that kind and passes over the others."""

    def __init__(
        self, path: str, *, cookie: str = "", subprotocol: str = SUBPROTOCOL, origin: str = "", host: str = ""
    ) -> None:
        from chatline.asgi import application

        headers = [(b"cookie", cookie.encode())] if cookie else []
        headers += [(b"origin", origin.encode())] if origin else []
        headers += [(b"host", host.encode())] if host else []
        self.socket = WebsocketCommunicator(application, path, headers, subprotocols=[subprotocol])

    async def open(self) -> bool:
        accepted, _ = await self.socket.connect(timeout=SECONDS)
        return bool(accepted)

    async def hello(self, **fields: Any) -> dict[str, Any]:
        assert await self.open()
        await self.say(type="hello", **fields)
        return await self.read("welcome")

    async def say(self, **frame: Any) -> None:
        await self.socket.send_to(text_data=json.dumps(frame, ensure_ascii=False))

    async def post(self, body: str, *, origin_id: uuid.UUID | None = None) -> str:
        origin = str(origin_id or uuid.uuid4())
        await self.say(type="message", origin_id=origin, body=body)
        return origin

    async def next(self) -> dict[str, Any]:
        event = await self.socket.receive_output(timeout=SECONDS)
        if event["type"] == "websocket.close":
            return {"type": "closed", "code": event["code"]}
        frame: dict[str, Any] = json.loads(event["text"])
        return frame

    async def read(self, kind: str) -> dict[str, Any]:
        while True:
            frame = await self.next()
            if frame["type"] == kind:
                return frame
            assert frame["type"] != "closed", frame

    async def closed(self) -> int:
        """Read to the end; the close code."""
        while True:
            frame = await self.next()
            if frame["type"] == "closed":
                return int(frame["code"])

    async def silent(self) -> bool:
        return bool(await self.socket.receive_nothing(timeout=0.3))

    async def silent_but_for_control(self) -> bool:
        """Whether no message comes."""
        while not await self.silent():
            if (await self.next())["type"] == "message":
                return False
        return True

    async def leave(self) -> None:
        await self.socket.disconnect(timeout=SECONDS)


@pytest.fixture
async def hub() -> AsyncIterator[Hub]:
    yield await current_hub()
    await stop_hub()
    # Where `sync_to_async` of the test itself ran.
    await sync_to_async(connections.close_all)()


@pytest.fixture
async def visitor_chat(hub: Hub) -> AsyncIterator[Callable[[], Chat]]:
    made: list[Chat] = []

    def make(**options: Any) -> Chat:
        made.append(Chat("/ws/visitor/", **options))
        return made[-1]

    yield make
    for chat in made:
        if not chat.socket.future.done():
            await chat.leave()


@pytest.fixture
async def staff_chat(hub: Hub) -> AsyncIterator[Callable[[Client], Chat]]:
    made: list[Chat] = []

    def make(client: Client) -> Chat:
        cookie = "; ".join(f"{name}={morsel.value}" for name, morsel in client.cookies.items())
        made.append(Chat("/ws/counsellor/", cookie=cookie))
        return made[-1]

    yield make
    for chat in made:
        if not chat.socket.future.done():
            await chat.leave()


Make = Callable[..., Chat]
Waiter = Callable[[], Awaitable[None]]
