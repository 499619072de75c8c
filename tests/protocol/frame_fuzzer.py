"""Whatever comes over a socket, only `malformed` and its kin go back, and nothing of it is kept or told.

    python -m tests.protocol.frame_fuzzer --inputs 1000000

So many texts through the decoder, each held against what the page of the protocol says (strict_frames.py), and a tenth
as many streams of bytes through the web command's own websocket (bytes_fuzzer.py). Deterministic by its seed. Two lines
at the end; 1 when something else came out, with the seed and the input.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import random
import sys
import time
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from tests.protocol.strict_frames import UUIDS, NoFrame, may_be_stored, read_strictly

SLOWEST_SECONDS = 0.25
"""One input may take this long, on a machine that does other things besides."""
TEXTS_A_STREAM = 10
LONGEST = 20_000
DEEPEST = 3000
CANARY = "kanari-7f3a"

Text = str
Maker = Callable[[random.Random], Text]

NUMBERS = [
    "9" * 5000,
    "NaN",
    "Infinity",
    "-Infinity",
    "1e999",
    "-0",
    "9" * 400,
    "-1",
    "2147483648",
    "9223372036854775808",
    "1.5",
    "0x10",
]
# What a lenient reader takes for a number, or for a text.
NEARLY = ['"3"', "3.0", "1e2", "false", '"true"', "7", '["3"]', f'"{uuid.UUID(int=7).hex}"']
STRANGE = [
    "\x00",
    "\u202e\u2066",
    "\u200b\u200d\ufeff",
    "\ud800",
    "\udfff\ud800",
    "\U0010ffff",
    "\u0130\u017f\ufb01",
    "\u2028\u2029",
    "a\u0301" * 30,
    "'; DROP TABLE intake_message; --",
    "\\u0000",
    "\\ud800",
    "\\",
    '"',
]
FRAMES: list[dict[str, object]] = [
    {"type": "hello", "token": CANARY, "conversation": None, "epoch": 1, "after": 0},
    {"type": "hello", "conversation": str(uuid.UUID(int=7))},
    {"type": "message", "origin_id": str(uuid.UUID(int=9)), "body": CANARY},
    {"type": "sync", "after": 3},
    {"type": "displayed", "seq": 3},
    {"type": "composing"},
    {"type": "paused"},
]


def noise(chance: random.Random) -> Text:
    return chance.randbytes(chance.randrange(200)).decode("latin-1")


def words(chance: random.Random) -> Text:
    return "".join(
        chance.choice([*'{}[]:,"\\truefalsn0123456789.eE+- ', *STRANGE]) for _ in range(chance.randrange(60))
    )


def valid(chance: random.Random) -> Text:
    return json.dumps(chance.choice(FRAMES), ensure_ascii=chance.random() < 0.5)


def mutated(chance: random.Random) -> Text:
    """A valid frame with some of its characters taken out, doubled, replaced."""
    text = valid(chance)
    for _ in range(chance.randrange(1, 4)):
        at = chance.randrange(len(text) + 1)
        text = (
            text[:at]
            + chance.choice(["", *STRANGE, *NUMBERS, text[at : at + 5] * 2])
            + text[at + chance.randrange(4) :]
        )
    return text


def odd_value(chance: random.Random) -> Text:
    """A frame with a field of another kind, or one field more, or one twice."""
    frame = dict(chance.choice(FRAMES))
    name = chance.choice([*frame, "admin", "seq", "type"])
    values = [
        *NUMBERS,
        *NEARLY,
        "null",
        "true",
        "[]",
        "{}",
        json.dumps(chance.choice(STRANGE) * chance.randrange(1, 9)),
    ]
    fields = [
        f"{json.dumps(key)}:{json.dumps(value)}" for key, value in frame.items() if key != name or chance.random() < 0.3
    ]
    fields.append(f"{json.dumps(name)}:{chance.choice(values)}")
    chance.shuffle(fields)
    return "{" + ",".join(fields) + "}"


def strange_text(chance: random.Random) -> Text:
    body = "".join(chance.choice([CANARY, "a", *STRANGE]) for _ in range(chance.randrange(1, 30)))
    field = chance.choice(["body", "token", "origin_id", "conversation"])
    frame = next(dict(frame) for frame in FRAMES if field in frame)
    return json.dumps({**frame, field: body}, ensure_ascii=chance.random() < 0.5)


def oversized(chance: random.Random) -> Text:
    return json.dumps({**FRAMES[2], "body": "å" * chance.randrange(3990, LONGEST)})


def deep(chance: random.Random) -> Text:
    depth = chance.randrange(10, DEEPEST)
    opening, closing = chance.choice([("[", "]"), ('{"a":', "}"), ('{"type":', "}"), ('{"body":[', "]}")])
    return opening * depth + chance.choice(["1", "", CANARY]) + closing * chance.choice([depth, depth - 1])


MAKERS: list[tuple[Maker, int]] = [
    (noise, 15),
    (words, 20),
    (valid, 5),
    (mutated, 30),
    (odd_value, 20),
    (strange_text, 8),
    (oversized, 1),
    (deep, 1),
]


def inputs(seed: int, count: int) -> Iterator[Text]:
    chance = random.Random(seed)
    makers = [maker for maker, weight in MAKERS for _ in range(weight)]
    for _ in range(count):
        yield chance.choice(makers)(chance)


@dataclass
class Found:
    """`frames` could be read, and are frames; `broken` says what came out that must not."""

    inputs: int = 0
    frames: int = 0
    slowest_seconds: float = 0.0
    broken: str = ""


Decode = Callable[[Text], object]


def fuzz_parser(*, seed: int, count: int, decode: Decode | None = None) -> Found:
    """Through the decoder and the check of bodies, as every frame goes."""
    from intake.delivery import frames

    found = Found()
    for text in inputs(seed, count):
        found.inputs += 1
        broken = try_text(text, decode or frames.decode, found)
        if broken:
            found.broken = f"{broken}: input {found.inputs} of seed {seed}: {text[:500]!r}"
            break
    return found


def try_text(text: Text, decode: Decode, found: Found) -> str:
    """What is not as it must be; empty when all is well."""
    import msgspec

    began_at = time.perf_counter()
    frame, broken = None, ""
    try:
        frame = decode(text)
        broken = check_stored(frame)
    except (msgspec.DecodeError, UnicodeError, RecursionError):
        pass
    except BaseException as error:  # noqa: BLE001 - whatever it is, it must be told
        return f"{type(error).__name__}"
    took = time.perf_counter() - began_at
    found.frames += frame is not None
    found.slowest_seconds = max(found.slowest_seconds, took)
    if took > SLOWEST_SECONDS:
        return f"{took:.2f} s"
    return broken or compare(text, frame)


def check_stored(frame: object) -> str:
    """What the check of bodies lets through may be stored."""
    from intake.delivery import frames
    from intake.errors import Refusal
    from intake.rules.messages import check_body

    if not isinstance(frame, frames.Post):
        return ""
    try:
        check_body(frame.body)
    except Refusal:
        return ""
    frame.body.encode()
    return "" if may_be_stored(frame.body) else "a body was taken that may not be stored"


def compare(text: Text, frame: object) -> str:
    """The decoder takes what the page calls a frame, with these fields, and nothing else."""
    try:
        fields, doubled = read_strictly(text)
    except NoFrame as reason:
        return "" if frame is None else f"taken, and it is no frame ({reason})"
    if frame is None:
        return "" if doubled else "refused, and it is a frame"
    told = {name: uuid.UUID(value) if name in UUIDS and value else value for name, value in fields.items()}
    taken = {"type": type(frame).__struct_config__.tag}  # type: ignore[attr-defined]
    taken |= {name: getattr(frame, name) for name in told if name != "type"}
    return "" if taken == told else f"taken as {taken}"


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.protocol.frame_fuzzer", description=__doc__)
    parser.add_argument("--inputs", type=int, default=1_000_000)
    parser.add_argument("--seed", type=int, default=int(time.time()))
    arguments = parser.parse_args()
    import django

    django.setup()
    from tests.protocol.bytes_fuzzer import fuzz_bytes

    seed = arguments.seed
    began_at = time.monotonic()
    texts = fuzz_parser(seed=seed, count=arguments.inputs)
    tell(f"{texts.inputs} texts, {texts.frames} frames", texts.broken, texts.slowest_seconds, seed, began_at)
    began_at = time.monotonic()
    streams = asyncio.run(fuzz_bytes(seed=seed, count=arguments.inputs // TEXTS_A_STREAM))
    told = f"{streams.streams} streams of bytes, {streams.messages} messages, {streams.ended} ended"
    tell(told, streams.broken, streams.slowest_seconds, seed, began_at)
    return 1 if texts.broken or streams.broken else 0


def tell(what: str, broken: str, slowest_seconds: float, seed: int, began_at: float) -> None:
    print(
        f"frame fuzzer: {f'broken: {broken}' if broken else 'held'}, {what}, seed {seed}, "
        f"slowest {slowest_seconds * 1000:.1f} ms, {time.monotonic() - began_at:.0f} s"
    )


if __name__ == "__main__":
    import os

    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "chatline.settings")
    sys.exit(main())
