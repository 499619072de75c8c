"""Frames that nobody may send: each is refused or ends its socket as docs/protocol.md says, and nobody else notices."""

from __future__ import annotations

import asyncio
import json
import uuid
from collections.abc import Sequence
from dataclasses import dataclass

from tests.faults.checker import canary
from tests.faults.fault import Fault, Scene
from tests.faults.history import End
from tests.faults.party import Entrance
from tests.faults.rude import BINARY, CLOSE, CONTINUATION, PING, Rude, frame, say
from tests.web import Web

CONVERSATIONS = 2
ANSWER_SECONDS = 10.0
MALFORMED_FRAMES = 5
BROKEN, NO_TEXT, POLICY, TOO_BIG, RESET = 1002, 1007, 1008, 1009, 1006


@dataclass(frozen=True)
class Shape:
    """`codes`: how its socket may be closed; none: it is told `malformed`, and may go on."""

    name: str
    data: bytes
    codes: Sequence[int] = ()


def message(**fields: object) -> bytes:
    return json.dumps({"type": "message", "origin_id": str(uuid.uuid4()), "body": "hei"} | fields).encode()


def shapes(secret: str) -> list[Shape]:
    """`secret` is in as many of them as can carry it: it must be found nowhere afterwards."""
    body = message(body=secret)
    start, goes_on = frame(body[:10], fin=False), frame(body[10:], CONTINUATION)
    return [
        Shape("60 kB", frame(message(body=secret * 6000)[:60_000]), [TOO_BIG, RESET]),
        Shape("20 kB in parts", frame(b"x" * 10_000, fin=False) + frame(b"x" * 10_000, CONTINUATION), [TOO_BIG, RESET]),
        Shape("a length of exabytes", b"\x81\xff" + (1 << 62).to_bytes(8, "big") + bytes(4), [TOO_BIG, RESET]),
        Shape("a length without end", b"\x81\xff" + b"\xff" * 8 + bytes(4), [TOO_BIG, BROKEN, RESET]),
        Shape("no UTF-8", frame(body + b"\xff"), [NO_TEXT]),
        Shape("no UTF-8 in parts", frame(body, fin=False) + frame(b"\xc3", CONTINUATION), [NO_TEXT]),
        Shape("overlong UTF-8", frame(b"\xc0\xaf"), [NO_TEXT]),
        Shape("a surrogate as UTF-8", frame(b'"\xed\xa0\x80"'), [NO_TEXT]),
        Shape("reserved bits", frame(body, reserved=4), [BROKEN, RESET]),
        Shape("an opcode that does not exist", frame(body, 3), [BROKEN, RESET]),
        Shape("unmasked", frame(body, masked=False), [BROKEN, RESET]),
        Shape("a part of nothing", goes_on, [BROKEN, RESET]),
        Shape("a text within a text", start + frame(body), [BROKEN, RESET]),
        Shape("a PING in parts", frame(b"", PING, fin=False), [BROKEN, RESET]),
        Shape("a PING too long", frame(bytes(126), PING), [BROKEN, RESET]),
        Shape("a goodbye of one byte", frame(b"\x03", CLOSE), [BROKEN, RESET]),
        Shape("a goodbye with a code that may not be sent", frame((1005).to_bytes(2, "big"), CLOSE), [BROKEN, RESET]),
        Shape("a goodbye that is no text", frame(b"\x03\xe8\xff", CLOSE), [NO_TEXT, BROKEN, RESET]),
        Shape("five that are malformed", frame(b"{}") * MALFORMED_FRAMES, [POLICY]),
        Shape("binary", frame(body, BINARY)),
        Shape("empty", frame(b"")),
        Shape("no JSON", frame(secret.encode())),
        Shape("half a JSON", frame(body[:-1])),
        Shape("deep JSON", frame(b"[" * 16_000)),
        Shape("deep JSON in a field", frame(body[:-1] + b',"x":' + b"[" * 8000 + b"]" * 8000 + b"}")),
        Shape("NaN", frame(b'{"type":"sync","after":NaN}')),
        Shape("infinity", frame(b'{"type":"sync","after":1e999}')),
        Shape("a number of 5,000 digits", frame(b'{"type":"sync","after":' + b"9" * 5000 + b"}")),
        Shape("half a surrogate", frame(body.replace(b"hemmelig", b"\\ud800"))),
        Shape("a field too many", frame(message(body=secret, seq=1))),
        Shape("a field of another kind", frame(message(body=[secret]))),
        Shape("a type that does not exist", frame(json.dumps({"type": secret}).encode())),
        Shape("an origin id that is none", frame(message(body=secret, origin_id=secret))),
        Shape("a second hello", say(type="hello", token=secret)),
    ]


def enter(web: Web, entrance: Entrance) -> Rude:
    rude = Rude(web.socket_address, entrance.path, cookie=entrance.cookie)
    rude.socket.sendall(say(type="hello", **entrance.hello, after=0))
    rude.read_until(lambda told: told["type"] == "state", seconds=ANSWER_SECONDS)
    return rude


def try_shape(web: Web, entrance: Entrance, shape: Shape) -> str | None:
    """What was not as promised."""
    rude = enter(web, entrance)
    try:
        rude.socket.sendall(shape.data)
        if shape.codes:
            _, code = rude.read_until_closed(seconds=ANSWER_SECONDS)
            return None if code in shape.codes else f"{shape.name}: closed with {code}, not {shape.codes}"
        told, code = rude.read_until(lambda told: told["type"] == "error", seconds=ANSWER_SECONDS)
        if code is not None or not told or told[-1]["code"] != "malformed":
            return f"{shape.name}: told {told[-1:]} and closed with {code}, not `malformed`"
        rude.socket.sendall(say(type="sync", after=0))
        _, code = rude.read_until(lambda told: told["type"] in ("head", "message"), seconds=ANSWER_SECONDS)
        return None if code is None else f"{shape.name}: after it the socket was closed with {code}"
    except OSError as error:
        return f"{shape.name}: {type(error).__name__}" if RESET not in shape.codes else None
    finally:
        rude.leave()


def speak_in_parts(scene: Scene, web: Web, entrance: Entrance) -> None:
    """What is allowed, though nobody does it: it is stored as any other."""
    text = f"{canary(entrance.conversation)} i deler"
    operation = scene.load.history.invoke(
        conversation=entrance.conversation,
        role=entrance.role,
        sender=f"parts-{uuid.uuid4()}",
        origin_id=str(uuid.uuid4()),
        body=text,
    )
    data = message(origin_id=operation.origin_id, body=text)
    rude = enter(web, entrance)
    rude.socket.sendall(frame(data[:20], fin=False) + frame(b"", PING) + frame(data[20:], CONTINUATION))
    told, _ = rude.read_until(lambda told: told["type"] == "ack", seconds=ANSWER_SECONDS)
    if told and told[-1]["type"] == "ack":
        operation.finish(End.OK, seq=told[-1]["seq"])
    else:
        scene.fail(f"a message in parts was answered with {told[-1:]}")
        operation.finish(End.UNKNOWN)
    rude.leave()


async def badly_formed(scene: Scene) -> None:
    """Every shape at every web process; then the logs must have as many lines as before."""
    lines = [len(web.log.read_text().splitlines()) for web in scene.stage.webs]
    for web, entrance in zip(scene.stage.webs, scene.apart, strict=False):
        for shape in shapes(f"{canary(entrance.conversation)} hemmelig"):
            if wrong := await asyncio.to_thread(try_shape, web, entrance, shape):
                scene.fail(wrong)
        await asyncio.to_thread(speak_in_parts, scene, web, entrance)
    for web, before in zip(scene.stage.webs, lines, strict=True):
        if more := web.log.read_text().splitlines()[before:]:
            scene.fail(f"a process wrote to its log, first: {more[0]}")


FAULTS = [
    Fault("bad frames", badly_formed, databases=("postgres", "sqlite"), apart=CONVERSATIONS, short=True, replaced=0)
]
