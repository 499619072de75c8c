"""The proxy between clients and servers reads frames as they are, and does what it is told to them."""

from __future__ import annotations

import asyncio

import pytest
from websockets.frames import Frame as Written
from websockets.frames import Opcode

from tests.faults.weather import Weather, read_frame

pytestmark = pytest.mark.once


def written(text: str, *, mask: bool, opcode: Opcode = Opcode.TEXT) -> bytes:
    return Written(opcode, text.encode()).serialize(mask=mask)


def fed(*parts: bytes) -> asyncio.StreamReader:
    reader = asyncio.StreamReader()
    for part in parts:
        reader.feed_data(part)
    reader.feed_eof()
    return reader


@pytest.mark.parametrize("mask", [True, False])
@pytest.mark.parametrize("size", [0, 1, 125, 126, 65_535, 65_536])
async def test_frame_is_read_as_it_was_written(size: int, mask: bool) -> None:
    raw = written("x" * size, mask=mask)

    frame = await read_frame(fed(raw, b"rest"))

    assert (frame.raw, frame.text, frame.opcode) == (raw, b"x" * size, Opcode.TEXT)


async def passed_on(weather: Weather, *frames: bytes) -> list[bytes]:
    weather.bad = True
    return [raw async for raw in weather.befall(fed(*frames), to_client=True) if raw]


MESSAGE, ACK, WELCOME = '{"type":"message"}', '{"type":"ack"}', '{"type":"welcome"}'


@pytest.mark.parametrize(
    ("weather", "sent", "passed"),
    [
        (Weather(), [MESSAGE, ACK], [MESSAGE, ACK]),
        (Weather(doubled=1), [MESSAGE, ACK], [MESSAGE, MESSAGE, ACK, ACK]),
        (Weather(dropped=1), [MESSAGE, ACK], [ACK]),
        (Weather(acks_dropped=1), [MESSAGE, ACK], [MESSAGE]),
        (Weather(swapped=1), [MESSAGE, ACK], [ACK, MESSAGE]),
        (Weather(replayed=1), [MESSAGE, ACK], [MESSAGE, ACK, MESSAGE]),
        (Weather(doubled=1, dropped=1), [WELCOME], [WELCOME]),
    ],
    ids=["fine", "doubled", "dropped", "acks dropped", "swapped", "replayed", "welcome spared"],
)
async def test_frames_meet_what_the_weather_says(weather: Weather, sent: list[str], passed: list[str]) -> None:
    frames = [written(text, mask=False) for text in sent]

    assert [raw[2:].decode() for raw in await passed_on(weather, *frames)] == passed


async def test_frame_is_cut_in_the_middle_and_nothing_follows() -> None:
    first, second = written(MESSAGE, mask=False), written(ACK, mask=False)

    (passed,) = await passed_on(Weather(cut=1), first, second)

    assert first.startswith(passed)
    assert 0 < len(passed) < len(first)


async def test_last_frame_is_not_held_for_ever() -> None:
    assert await passed_on(Weather(swapped=1), written(MESSAGE, mask=False)) == [written(MESSAGE, mask=False)]


@pytest.mark.parametrize(("sent", "swapped"), [([MESSAGE], 0), ([MESSAGE, ACK], 1)], ids=["nothing follows", "two"])
async def test_swap_counts_when_there_was_another_to_swap_with(sent: list[str], swapped: int) -> None:
    weather = Weather(swapped=1)

    await passed_on(weather, *(written(text, mask=False) for text in sent))

    assert weather.happened["swapped"] == swapped


async def test_fine_weather_does_nothing_to_frames() -> None:
    weather, frame = Weather(doubled=1, dropped=1), written(MESSAGE, mask=True)

    passed = [raw async for raw in weather.befall(fed(frame), to_client=True) if raw]

    assert passed == [frame]
    assert not weather.happened
