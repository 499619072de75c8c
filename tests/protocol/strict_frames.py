"""What docs/protocol.md says a client's frame is, read off the page itself, and not with the decoder's own library."""

from __future__ import annotations

import json
import re
from functools import cache
from typing import Any

from scripts.machine import ROOT

PAGE = "docs/protocol.md"
BODY_CHARACTERS = 4000
KINDS: dict[str, type] = {
    "token": str,
    "conversation": str,
    "epoch": int,
    "after": int,
    "origin_id": str,
    "body": str,
    "seq": int,
}
UUIDS = ("conversation", "origin_id")
UUID_TEXT = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}|[0-9a-fA-F]{32}", re.ASCII)


class NoFrame(ValueError):
    """Why it is none."""


class Pairs(list[tuple[str, Any]]):
    """An object as it was written, with what is there twice."""


@cache
def fields_told() -> dict[str, dict[str, bool]]:
    """By type of frame: its fields, and whether each may be left out or null."""
    page = (ROOT / PAGE).read_text()
    table = page.split("### From the client", 1)[1].split("\n### ", 1)[0]
    rows = re.findall(r"^\| `(\w+)` \| \w+ \| (.*?) \|", table, flags=re.MULTILINE)
    told = {kind: {name: bool(mark) for name, mark in re.findall(r"`(\w+)(\??)`", fields)} for kind, fields in rows}
    assert told
    assert {name for fields in told.values() for name in fields} == set(KINDS)
    return told


def read_strictly(text: str) -> tuple[dict[str, Any], bool]:
    """The fields of a frame, `type` too, and whether one was there twice (the last counts). Raises `NoFrame`."""
    try:
        text.encode()
        pairs = json.loads(text, object_pairs_hook=Pairs, parse_constant=_refuse)
    except (ValueError, RecursionError) as error:
        raise NoFrame("no JSON") from error
    if not isinstance(pairs, Pairs):
        raise NoFrame("no object")
    fields = dict(pairs)
    kind = fields.get("type")
    if not isinstance(kind, str) or kind not in fields_told():
        raise NoFrame("a type that does not exist")
    _check_fields(fields, fields_told()[kind])
    return fields, len(fields) < len(pairs)


def _check_fields(fields: dict[str, Any], told: dict[str, bool]) -> None:
    if unknown := set(fields) - set(told) - {"type"}:
        raise NoFrame(f"fields too many: {sorted(unknown)}")
    for name, optional in told.items():
        value = fields.get(name)
        if value is None and optional and (name != "after" or name not in fields):
            continue
        if type(value) is not KINDS[name]:
            raise NoFrame(f"{name} is of another kind")
        if isinstance(value, str):
            _check_text(name, value)


def _check_text(name: str, value: str) -> None:
    if name in UUIDS and not UUID_TEXT.fullmatch(value):
        raise NoFrame(f"{name} is no UUID")
    try:
        value.encode()
    except UnicodeEncodeError as half:
        raise NoFrame(f"{name} has half a surrogate") from half


def may_be_stored(body: str) -> bool:
    """At most 4,000 characters, and not only blanks."""
    return bool(body.strip()) and len(body) <= BODY_CHARACTERS


def _refuse(word: str) -> None:
    raise NoFrame(f"{word} is no JSON")
