"""A short run of the bytes' fuzzer, and faults of a websocket that it must find; the long run is `frame_fuzzer`'s."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol

from chatline.serving.web_protocol import BoundedWebSocket
from chatline.serving.web_reading import PIECE_BYTES, QUEUED_EVENTS
from tests.faults.rude import frame
from tests.protocol.bytes_fuzzer import MOST_WAITING, Heard, Server, compare, fuzz_bytes, write_frame
from tests.protocol.strict_bytes import CLOSE, PING, TEXT, read_stream

pytestmark = pytest.mark.once

SEED = 20261122
STREAMS = 2000
MORE_STREAMS = 4000


def test_whatever_bytes_come_the_socket_does_as_it_must() -> None:
    found = asyncio.run(fuzz_bytes(seed=SEED, count=STREAMS))

    assert not found.broken, found.broken
    assert found.messages > STREAMS / 2
    assert STREAMS / 4 < found.ended < STREAMS


def test_as_many_wait_as_can_and_no_more() -> None:
    empty = frame(b"")
    few, begun = empty * (QUEUED_EVENTS - 1), empty[:-1]
    pieces = [few + begun, (empty[-1:] + empty * PIECE_BYTES)[:PIECE_BYTES]]

    async def hear() -> Heard:
        return await Server().hear(iter(pieces))

    heard = asyncio.run(hear())
    assert heard.most_waiting == MOST_WAITING
    assert compare(b"".join(pieces), heard, longest=PIECE_BYTES) == ""


class TakesAllAtOnce(BoundedWebSocket):
    data_received = WebSocketsSansIOProtocol.data_received


class ClosesWithoutCode(BoundedWebSocket):
    def handle_parser_exception(self) -> None:
        self.transport.close()


class LosesParts(BoundedWebSocket):
    def handle_cont(self, event: Any) -> None:
        if event.data:
            super().handle_cont(event)


class ForgetsToReadOn(BoundedWebSocket):
    def go_on(self) -> None:
        super().go_on()
        self._rest = b""


class DoesNotAnswer(BoundedWebSocket):
    def handle_ping(self) -> None:
        self.conn.data_to_send()


@pytest.mark.parametrize(
    ("protocol", "broken"),
    [
        (TakesAllAtOnce, "messages waited"),
        (ClosesWithoutCode, "closed with []"),
        (LosesParts, "messages that are not"),
        (ForgetsToReadOn, ""),
        (DoesNotAnswer, "PINGs"),
        (WebSocketsSansIOProtocol, ""),
    ],
)
def test_a_socket_that_does_otherwise_is_found(protocol: Any, broken: str) -> None:
    found = asyncio.run(fuzz_bytes(seed=SEED, count=MORE_STREAMS, protocol=protocol))

    assert found.broken
    assert broken in found.broken


def test_the_stricter_reader_reads_what_was_written() -> None:
    class Still:
        """No chance: a mask of zeros."""

        def randbytes(self, size: int) -> bytes:
            return bytes(size)

    chance: Any = Still()
    data = b"".join(
        [
            write_frame(chance, b"e", TEXT, fin=False),
            write_frame(chance, b"p", PING),
            write_frame(chance, b"n", 0),
            write_frame(chance, b"x" * 300, TEXT),
            write_frame(chance, (4000).to_bytes(2, "big"), CLOSE),
        ]
    )

    stream = read_stream(data, most_bytes=1000)

    assert stream.messages == ["en", "x" * 300]
    assert stream.pings == [b"p"]
    assert (stream.codes, stream.left_by_client) == ({4000}, True)
