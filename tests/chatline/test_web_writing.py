from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
import uvicorn
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed
from websockets.frames import Frame, Opcode

from chatline.web_writing import HELD_BYTES, GroupedWrites, frame_head

pytestmark = pytest.mark.once

TEXTS = ["", "a", "å" * 62, "b" * 125, "c" * 126, "d" * HELD_BYTES, "e" * 65_535, "f" * 65_536, "last"]


@pytest.mark.parametrize("text", TEXTS)
def test_frame_is_what_the_library_would_make(text: str) -> None:
    payload = text.encode()

    assert frame_head(len(payload)) + payload == Frame(Opcode.TEXT, payload).serialize(mask=False)


async def say_everything_and_close(scope: Any, receive: Any, send: Any) -> None:
    await receive()
    await send({"type": "websocket.accept"})
    for text in TEXTS:
        await send({"type": "websocket.send", "text": text})
    await send({"type": "websocket.close", "code": 4410})


async def answer_until_closed(scope: Any, receive: Any, send: Any) -> None:
    await receive()
    await send({"type": "websocket.accept"})
    while (event := await receive())["type"] == "websocket.receive":
        for text in (event["text"], "once more"):
            await send({"type": "websocket.send", "text": text})


@asynccontextmanager
async def serving(application: Any) -> AsyncIterator[str]:
    config = uvicorn.Config(application, host="127.0.0.1", port=0, ws=GroupedWrites, lifespan="off", log_config=None)
    server = uvicorn.Server(config)
    running = asyncio.create_task(server._serve())
    async with asyncio.timeout(10):
        while not server.started:  # noqa: ASYNC110 - uvicorn tells in no other way
            await asyncio.sleep(0.01)
    try:
        yield f"ws://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    finally:
        server.should_exit = True
        await running


async def test_everything_said_before_a_close_arrives_in_order() -> None:
    heard: list[str | bytes] = []
    async with serving(say_everything_and_close) as address, connect(address, max_size=None) as client:
        heard += [await client.recv() for _ in TEXTS]
        with pytest.raises(ConnectionClosed) as closed:
            await client.recv()

    assert heard == TEXTS
    assert closed.value.rcvd is not None
    assert closed.value.rcvd.code == 4410


async def test_answers_keep_their_order_beside_pings() -> None:
    async with serving(answer_until_closed) as address, connect(address) as client:
        for number in range(50):
            await client.send(f"{number}")
            await client.ping()
        heard = [await client.recv() for _ in range(100)]

    assert heard == [text for number in range(50) for text in (f"{number}", "once more")]
