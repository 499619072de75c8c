"""The frames of `helpline.v1`, as docs/protocol.md tells them. JSON text, unknown fields forbidden."""

from __future__ import annotations

import uuid
from datetime import datetime
from functools import lru_cache

import msgspec
from django.conf import settings

SUBPROTOCOL = "helpline.v1"

# Close codes (RFC 6455 section 7.4; 4400-4499 are our own).
CLOSE_RESTART = 1012
CLOSE_POLICY = 1008
CLOSE_TOO_BIG = 1009
CLOSE_TRY_LATER = 1013
CLOSE_TOKEN_DEAD = 4401
CLOSE_ENDED = 4410


class _Frame(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag_field="type", gc=False):
    pass


# -- from the client --------------------------------------------------------------------------------------
class Hello(_Frame, frozen=True, tag="hello"):
    """First frame. A visitor names her token, staff a conversation; staff without one get the desk feed."""

    token: str | None = None
    conversation: uuid.UUID | None = None
    epoch: int | None = None
    after: int = 0


class Post(_Frame, frozen=True, tag="message"):
    origin_id: uuid.UUID
    body: str


class Sync(_Frame, frozen=True, tag="sync"):
    after: int


class Composing(_Frame, frozen=True, tag="composing"):
    pass


class Paused(_Frame, frozen=True, tag="paused"):
    pass


class Displayed(_Frame, frozen=True, tag="displayed"):
    seq: int


ClientFrame = Hello | Post | Sync | Composing | Paused | Displayed


# -- from the server --------------------------------------------------------------------------------------
class Limits(msgspec.Struct, frozen=True):
    """`body` in characters, `frame` in bytes, `window` and `burst` in messages, `per_second` messages a second."""

    body: int
    frame: int
    window: int
    burst: int
    per_second: float


class Welcome(_Frame, frozen=True, tag="welcome"):
    epoch: int
    head: int
    limits: Limits
    state: str


class Ack(_Frame, frozen=True, tag="ack"):
    origin_id: uuid.UUID
    seq: int


class Delivered(_Frame, frozen=True, tag="message"):
    seq: int
    origin_id: uuid.UUID
    role: str
    body: str
    at: str


class HeadBeat(_Frame, frozen=True, tag="head"):
    head: int


class Gap(_Frame, frozen=True, tag="gap"):
    epoch: int


class OtherComposing(_Frame, frozen=True, tag="composing"):
    role: str


class OtherPaused(_Frame, frozen=True, tag="paused"):
    role: str


class OtherDisplayed(_Frame, frozen=True, tag="displayed"):
    role: str
    seq: int


class Queue(_Frame, frozen=True, tag="queue"):
    """`estimate` in minutes. On the desk feed `place` is 0: fetch the queue again."""

    place: int
    estimate: int | None = None
    notices: tuple[str, ...] = ()


class StateChange(_Frame, frozen=True, tag="state"):
    state: str
    counsellor: str | None = None
    reason: str | None = None


class Error(_Frame, frozen=True, tag="error"):
    """Names as in RFC 9457. `retry_after` in seconds."""

    code: str
    title: str
    origin_id: uuid.UUID | None = None
    retry_after: float | None = None


class Drain(_Frame, frozen=True, tag="drain"):
    """A deploy is under way: reconnect after this many milliseconds."""

    reconnect_in: int


ServerFrame = (
    Welcome
    | Ack
    | Delivered
    | HeadBeat
    | Gap
    | OtherComposing
    | OtherPaused
    | OtherDisplayed
    | Queue
    | StateChange
    | Error
    | Drain
)


def current_limits() -> Limits:
    """The limits in force, as `welcome` tells them."""
    return Limits(
        body=settings.BODY_CHARACTERS,
        frame=settings.FRAME_BYTES,
        window=settings.WINDOW_MESSAGES,
        burst=settings.MESSAGE_BURST,
        per_second=settings.MESSAGES_PER_SECOND,
    )


_decoder = msgspec.json.Decoder(ClientFrame)
_encoder = msgspec.json.Encoder()


def decode(text: str) -> ClientFrame:
    """Raises `msgspec.DecodeError` (its subclass `ValidationError` included) for anything that is not a frame."""
    frame: ClientFrame = _decoder.decode(text)
    return frame


def encode(frame: ServerFrame) -> str:
    return _encoder.encode(frame).decode()


@lru_cache(maxsize=8)
def to_minute(at: datetime) -> str:
    """`2026-11-22T14:03Z`: what is kept of when a message was sent."""
    return f"{at:%Y-%m-%dT%H:%M}Z"
