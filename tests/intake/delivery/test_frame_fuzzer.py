"""A short run of the frame fuzzer; `python -m tests.protocol.frame_fuzzer` is the long one."""

from __future__ import annotations

import asyncio
import json
from collections.abc import MutableMapping
from typing import Any

import msgspec
import pytest
from asgiref.sync import sync_to_async

from intake.delivery import frames
from intake.delivery.hub import Hub, stop_hub
from intake.models import Conversation, Message
from intake.rules.openings import Opened
from intake.visitor.socket import VisitorSocket
from tests.protocol.frame_fuzzer import CANARY, Decode, fuzz_parser, inputs

SEED = 20261122
SOCKETS = 150
INPUTS_A_SOCKET = 12
ANSWERS = {"malformed", "too_long", "rate_limited", "conflicting_retry", "unknown_conversation"}
CODES = {frames.CLOSE_POLICY, frames.CLOSE_TOO_BIG, frames.CLOSE_TOKEN_DEAD}


@pytest.mark.once
def test_the_parser_refuses_whatever_is_no_frame() -> None:
    found = fuzz_parser(seed=SEED, count=20_000)

    assert not found.broken, found.broken
    assert 100 < found.frames < 10_000


def take_fields_too_many(text: str) -> object:
    try:
        return frames.decode(text)
    except msgspec.ValidationError as error:
        if "unknown field" in str(error):
            return frames.Composing()
        raise


def take_other_kinds(text: str) -> object:
    return msgspec.json.decode(text, type=frames.ClientFrame, strict=False)


def refuse_some(text: str) -> object:
    if "paused" in text:
        raise msgspec.DecodeError
    return frames.decode(text)


def take_another_number(text: str) -> object:
    frame = frames.decode(text)
    return frames.Sync(after=frame.after + 1) if isinstance(frame, frames.Sync) else frame


def stumble(text: str) -> object:
    if "paused" in text:
        raise IndexError
    return frames.decode(text)


@pytest.mark.once
@pytest.mark.parametrize(
    ("decode", "broken"),
    [
        (take_fields_too_many, "taken, and it is no frame (fields too many"),
        (take_other_kinds, "is of another kind)"),
        (refuse_some, "refused, and it is a frame"),
        (take_another_number, "taken as {'type': 'sync'"),
        (stumble, "IndexError"),
    ],
)
def test_a_decoder_that_does_otherwise_than_the_page_says_is_found(decode: Decode, broken: str) -> None:
    found = fuzz_parser(seed=SEED, count=20_000, decode=decode)

    assert broken in found.broken


class Wire:
    """A socket in memory that says all it has to say at once, leaves, and keeps the answers."""

    def __init__(self, texts: list[str]) -> None:
        self.events: asyncio.Queue[MutableMapping[str, Any]] = asyncio.Queue()
        self.sent: list[dict[str, Any]] = []
        said: list[MutableMapping[str, Any]] = [{"type": "websocket.receive", "text": text} for text in texts]
        for event in [{"type": "websocket.connect"}, *said, {"type": "websocket.disconnect", "code": 1000}]:
            self.events.put_nowait(event)

    async def send(self, event: dict[str, Any]) -> None:
        self.sent.append(event)

    async def play(self) -> None:
        scope = {"type": "websocket", "subprotocols": [frames.SUBPROTOCOL], "headers": [], "cookies": {}}
        await VisitorSocket(scope, self.events.get, self.send).run()

    def answers(self) -> list[dict[str, Any]]:
        return [json.loads(event["text"]) for event in self.sent if event["type"] == "websocket.send"]

    def close_codes(self) -> list[int]:
        return [event["code"] for event in self.sent if event["type"] == "websocket.close"]


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("greeted", [True, False])
async def test_a_socket_keeps_and_tells_nothing_of_what_is_no_frame(
    hub: Hub, visitor: Opened, other_visitor: Opened, caplog: pytest.LogCaptureFixture, greeted: bool
) -> None:
    hello = [json.dumps({"type": "hello", "token": visitor.token})] if greeted else []
    texts = list(inputs(SEED + greeted, SOCKETS * INPUTS_A_SOCKET))
    caplog.set_level("DEBUG")

    wires = [Wire(hello + texts[n::SOCKETS]) for n in range(SOCKETS)]
    for wire in wires:
        await asyncio.wait_for(wire.play(), timeout=20)
    await stop_hub()

    told = [answer for wire in wires for answer in wire.answers()]
    assert {answer["code"] for answer in told if answer["type"] == "error"} <= ANSWERS
    assert {code for wire in wires for code in wire.close_codes()} <= CODES
    assert any(wire.close_codes() for wire in wires)
    heads = await sync_to_async(lambda: dict(Conversation.objects.values_list("pk", "head")))()
    stored = await sync_to_async(lambda: list(Message.objects.values_list("origin_id", flat=True)))()
    assert heads[other_visitor.conversation.pk] == 0
    assert len(stored) == heads[visitor.conversation.pk] == len(set(stored))
    assert CANARY not in caplog.text
    assert greeted or not stored
