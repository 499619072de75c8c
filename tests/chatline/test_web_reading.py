from __future__ import annotations

import asyncio
import json
import time
from contextlib import AbstractAsyncContextManager
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from websockets.frames import Frame
from websockets.protocol import OPEN
from websockets.server import ServerProtocol
from websockets.utils import apply_mask

from chatline.serving.web_protocol import BoundedWebSocket
from chatline.serving.web_reading import IDLE_BURST, PIECE_BYTES, WHOLE_BYTES, plain_text
from tests.chatline.web_sockets import serving
from tests.faults.rude import CLOSE, CONTINUATION, PING, PONG, TEXT, Rude, frame
from tests.protocol.bytes_fuzzer import MOST_WAITING, SMALLEST_FRAME

pytestmark = pytest.mark.once

MANY = 20_000


class Watched(BoundedWebSocket):
    most_waiting = 0
    most_unwritten = 0
    handled = 0

    def handle_events(self) -> None:
        Watched.handled += len(self.conn.events)
        super().handle_events()
        Watched.most_waiting = max(Watched.most_waiting, self.queue.qsize())
        Watched.most_unwritten = max(Watched.most_unwritten, self.transport.get_write_buffer_size())


@pytest.fixture(autouse=True)
def nothing_seen() -> None:
    Watched.most_waiting = Watched.most_unwritten = Watched.handled = 0


async def echo(scope: Any, receive: Any, send: Any) -> None:
    await receive()
    await send({"type": "websocket.accept", "subprotocol": "helpline.v1"})
    while (event := await receive())["type"] == "websocket.receive":
        await send({"type": "websocket.send", "text": json.dumps(event["text"])})


async def take_nothing(scope: Any, receive: Any, send: Any) -> None:
    await receive()
    await send({"type": "websocket.accept", "subprotocol": "helpline.v1"})
    await asyncio.Event().wait()


def watched(application: Any, **more: Any) -> AbstractAsyncContextManager[str]:
    return serving(application, Watched, timeout_graceful_shutdown=1, **more)


def texts_after(rude: Rude, data: bytes, *, number: int) -> list[Any]:
    """What comes back of it, until there are so many texts."""
    rude.socket.sendall(data)
    told: list[Any] = []
    give_up_at = time.monotonic() + 30
    while len(told) < number and time.monotonic() < give_up_at:
        rude.socket.settimeout(5)
        rude._read()
        told += [json.loads(payload) for opcode, payload in rude.arrived() if opcode == TEXT]
    return told


def write_what_fits(rude: Rude, data: bytes, *, seconds: float) -> None:
    rude.socket.setblocking(False)
    give_up_at = time.monotonic() + seconds
    while time.monotonic() < give_up_at:
        try:
            rude.socket.send(data)
        except BlockingIOError:
            rude.socket.setblocking(False)


def read_by_library(data: bytes) -> list[str] | None:
    """The texts of the whole messages that it reads; None when it finds a fault or anything else."""
    conn = ServerProtocol(state=OPEN, max_size=None)
    conn.receive_data(data)
    read = [event for event in conn.events_received() if isinstance(event, Frame)]
    texts = [event for event in read if event.opcode == TEXT and event.fin]
    try:
        return None if conn.parser_exc else [bytes(event.data).decode() for event in texts]
    except UnicodeDecodeError:
        return None


SIZES = [0, 1, 124, 125, 126, 127, PIECE_BYTES, WHOLE_BYTES, 65_535]
SOME_FRAMES = st.one_of(
    st.builds(frame, st.binary(max_size=200), st.sampled_from([TEXT, PING, CONTINUATION]), fin=st.booleans()),
    st.sampled_from([frame(b"x" * size) for size in (*SIZES, 65_536)]),
    st.binary(max_size=20),
)


@pytest.mark.parametrize("size", SIZES)
def test_whole_text_alone_is_plain(size: int) -> None:
    assert plain_text(frame(b"x" * size)) == "x" * size
    assert plain_text(frame("å".encode() * (size // 2))) == "å" * (size // 2)


@given(st.lists(SOME_FRAMES, max_size=2).map(b"".join), st.integers(0, 10))
def test_what_is_plain_reads_as_by_the_library(data: bytes, cut: int) -> None:
    data = data[: len(data) - cut]
    text = plain_text(data)

    assert text is None or read_by_library(data) == [text]


async def test_plain_text_passes_the_library_by() -> None:
    async with watched(echo) as address:
        rude = await asyncio.to_thread(Rude, address, "/")

        Watched.handled = 0
        told = await asyncio.to_thread(texts_after, rude, frame(b"hei"), number=1)

        rude.leave()
    assert (told, Watched.handled) == (["hei"], 0)


LOOKS_WHOLE = bytes((0x81, 0x84, 0x40, 0x40, 0x81, 0x81)) + apply_mask(b"inne", bytes((0x40, 0x40, 0x81, 0x81)))
UNDER = bytes((0xC1, 0xC1, 0x20, 0x20))
"""Under this mask it is ASCII."""


@pytest.mark.parametrize("begins", [b"", apply_mask(b"fire", UNDER)], ids=["all", "rest"])
async def test_part_of_a_frame_that_looks_like_a_whole_one_is_a_part(begins: bytes) -> None:
    assert plain_text(LOOKS_WHOLE) is not None
    head = bytes((0x81, 0x80 | len(begins + LOOKS_WHOLE))) + UNDER + begins
    async with watched(echo) as address:
        rude = await asyncio.to_thread(Rude, address, "/")
        await asyncio.to_thread(rude.socket.sendall, frame(b"", PING) + head)
        assert await asyncio.to_thread(next_opcode, rude) == PONG  # what came with it has been read

        told = await asyncio.to_thread(texts_after, rude, LOOKS_WHOLE, number=1)

        rude.leave()
    assert told == [apply_mask(begins + LOOKS_WHOLE, UNDER).decode()]


async def test_whole_text_between_the_parts_of_a_message_is_a_fault() -> None:
    async with watched(echo) as address:
        rude = await asyncio.to_thread(Rude, address, "/")
        await asyncio.to_thread(rude.socket.sendall, frame(b"ett", fin=False) + frame(b"", PING))
        assert await asyncio.to_thread(next_opcode, rude) == PONG

        rude.socket.sendall(frame(b"to"))
        told, code = await asyncio.to_thread(rude.read_until_closed, seconds=5)

        rude.leave()
    assert (told, code) == ([], 1002)


async def test_texts_of_any_size_arrive_whole_and_in_order() -> None:
    long = ["c" * PIECE_BYTES, "å" * PIECE_BYTES, "d" * WHOLE_BYTES, "e" * 60_000]
    texts = ["a", "b" * 125, *long, *map(str, range(2000)), *long, "last"]
    async with watched(echo) as address:
        rude = await asyncio.to_thread(Rude, address, "/")

        told = await asyncio.to_thread(
            texts_after, rude, b"".join(frame(text.encode()) for text in texts), number=len(texts)
        )

        rude.leave()
    assert told == texts


async def test_message_in_parts_with_a_ping_between_arrives_whole() -> None:
    parts = (
        frame(b"ett", fin=False)
        + frame(b"hjerte", PING)
        + frame(b" to", CONTINUATION, fin=False)
        + frame(b" tre", CONTINUATION)
    )
    async with watched(echo) as address:
        rude = await asyncio.to_thread(Rude, address, "/")

        told = await asyncio.to_thread(texts_after, rude, parts, number=1)

        rude.leave()
    assert told == ["ett to tre"]


async def test_frames_nobody_takes_wait_as_bytes() -> None:
    async with watched(take_nothing) as address:
        rude = await asyncio.to_thread(Rude, address, "/")

        await asyncio.to_thread(write_what_fits, rude, frame(b"") * MANY, seconds=1)

        rude.leave()
    assert 0 < Watched.most_waiting <= MOST_WAITING


@pytest.mark.parametrize(
    "idle",
    [frame(b"", PING), frame(b"", PONG), frame(b"", CONTINUATION, fin=False)],
    ids=["pings", "pongs", "empty parts"],
)
async def test_frames_without_a_message_have_a_rate(idle: bytes) -> None:
    async with watched(echo) as address:
        rude, other = [await asyncio.to_thread(Rude, address, "/") for _ in range(2)]
        await asyncio.to_thread(rude.socket.sendall, frame(b"", fin=False) if idle[0] == CONTINUATION else idle)
        flooding = asyncio.create_task(asyncio.to_thread(write_what_fits, rude, idle * MANY, seconds=2))

        told = await asyncio.to_thread(texts_after, other, frame(b"er noen der?"), number=1)
        await flooding

        assert told == ["er noen der?"]
        assert Watched.handled < 2 * PIECE_BYTES / SMALLEST_FRAME
        rude.leave()
        other.leave()


async def test_pings_within_the_burst_are_answered_at_once_and_more_of_them_later() -> None:
    async with watched(echo) as address:
        rude = await asyncio.to_thread(Rude, address, "/")
        await asyncio.to_thread(rude.socket.sendall, frame(b"", PING) * IDLE_BURST)
        first = [await asyncio.to_thread(next_opcode, rude) for _ in range(IDLE_BURST)]

        await asyncio.to_thread(rude.socket.sendall, frame(b"", PING) * 10 + frame(b"etterp\xc3\xa5"))
        began_at = time.monotonic()
        told = await asyncio.to_thread(texts_after, rude, b"", number=1)

        assert first == [PONG] * IDLE_BURST
        assert told == ["etterpå"]
        assert time.monotonic() - began_at < 5
        rude.leave()


def next_opcode(rude: Rude) -> int:
    while True:
        for opcode, _ in rude.arrived():
            return opcode
        rude.socket.settimeout(5)
        rude._read()


async def test_pings_of_one_who_does_not_read_are_not_kept() -> None:
    async with watched(take_nothing) as address:
        rude = await asyncio.to_thread(Rude, address, "/", receive_bytes=4096)

        await asyncio.to_thread(write_what_fits, rude, frame(bytes(125), PING) * 1000, seconds=1)

        rude.leave()
    assert Watched.most_unwritten <= 200_000


async def test_text_that_is_none_ends_its_socket_without_a_line_in_the_log(caplog: pytest.LogCaptureFixture) -> None:
    async with watched(echo) as address:
        rude = await asyncio.to_thread(Rude, address, "/")
        rude.socket.sendall(frame(b"hemmelig \xff"))

        told, code = await asyncio.to_thread(rude.read_until_closed, seconds=5)

        rude.leave()
    assert (told, code) == ([], 1007)
    assert [record for record in caplog.records if record.name.startswith("uvicorn")] == []


async def test_text_that_is_none_with_a_goodbye_behind_it_ends_its_socket_without_a_line_in_the_log(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async with watched(echo) as address:
        rude = await asyncio.to_thread(Rude, address, "/")
        rude.socket.sendall(frame(b"hemmelig \xff") + frame((1000).to_bytes(2, "big"), CLOSE))

        told, code = await asyncio.to_thread(rude.read_until_closed, seconds=5)

        rude.leave()
    assert (told, code) == ([], 1000)
    assert caplog.records == []


async def say_much(scope: Any, receive: Any, send: Any) -> None:
    await receive()
    await send({"type": "websocket.accept", "subprotocol": "helpline.v1"})
    for _ in range(100):
        await send({"type": "websocket.send", "text": "x" * 16_000})
    await asyncio.Event().wait()


async def test_one_who_never_reads_is_reset_so_that_the_system_forgets_her_too() -> None:
    async with watched(say_much, ws_ping_interval=0.3, ws_ping_timeout=0.3) as address:
        rude = await asyncio.to_thread(Rude, address, "/", receive_bytes=4096)
        was_open = rude.is_open

        async with asyncio.timeout(10):
            while rude.is_open:  # noqa: ASYNC110 - the system tells in no other way
                await asyncio.sleep(0.05)

        rude.leave()
    assert was_open
