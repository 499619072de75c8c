from __future__ import annotations

from typing import Any

import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed
from websockets.frames import Frame, Opcode

from chatline.serving.web_writing import HELD_BYTES, GroupedWrites, frame_head
from tests.chatline.web_sockets import serving

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


async def test_everything_said_before_a_close_arrives_in_order() -> None:
    heard: list[str | bytes] = []
    async with serving(say_everything_and_close, GroupedWrites) as address, connect(address, max_size=None) as client:
        heard += [await client.recv() for _ in TEXTS]
        with pytest.raises(ConnectionClosed) as closed:
            await client.recv()

    assert heard == TEXTS
    assert closed.value.rcvd is not None
    assert closed.value.rcvd.code == 4410


async def test_answers_keep_their_order_beside_pings() -> None:
    async with serving(answer_until_closed, GroupedWrites) as address, connect(address) as client:
        for number in range(50):
            await client.send(f"{number}")
            await client.ping()
        heard = [await client.recv() for _ in range(100)]

    assert heard == [text for number in range(50) for text in (f"{number}", "once more")]
