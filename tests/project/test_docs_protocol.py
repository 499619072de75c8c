"""docs/protocol.md says what the code does: frames, close codes, errors, limits, addresses."""

from __future__ import annotations

import ast
import importlib
import inspect
import pkgutil
import re
from collections.abc import Iterable, Iterator
from typing import Any, get_args

import msgspec
import pytest
from django.urls import URLPattern, URLResolver, get_resolver

from intake.delivery import frames
from intake.errors import Refusal
from intake.models import Conversation, Message
from intake.rules import queue
from scripts.machine import ROOT
from tests.project.documents import document, names, one_name, rows, section

pytestmark = pytest.mark.once

TEXT = document("protocol.md")
Shape = tuple[str, str, tuple[str, ...]]


def documented_frames(text: str, heading: str) -> set[Shape]:
    return {
        (one_name(row["type"]), row["struct"], tuple(sorted(names(row["fields"]))))
        for row in rows(section(text, heading))
    }


def coded_frames(union: Any) -> set[Shape]:
    return {(str(struct.__struct_config__.tag), struct.__name__, fields_of(struct)) for struct in get_args(union)}


def fields_of(struct: type[msgspec.Struct]) -> tuple[str, ...]:
    optional = {field.encode_name for field in msgspec.structs.fields(struct) if not is_required(struct, field)}
    fields = [field.encode_name for field in msgspec.structs.fields(struct)]
    return tuple(sorted(name + "?" * (name in optional) for name in fields))


def is_required(struct: type[msgspec.Struct], field: msgspec.structs.FieldInfo) -> bool:
    return field.default is msgspec.NODEFAULT and field.default_factory is msgspec.NODEFAULT


def every_refusal(family: type[Refusal] = Refusal) -> Iterator[type[Refusal]]:
    yield family
    for child in family.__subclasses__():
        yield from every_refusal(child)


def import_everything() -> None:
    for package in ("intake", "stats", "counsellor"):
        found = importlib.import_module(package)
        for module in pkgutil.walk_packages(found.__path__, f"{package}."):
            if ".migrations" not in module.name:
                importlib.import_module(module.name)


def documented_refusals(text: str) -> set[tuple[str, int]]:
    return {(one_name(row["code"]), int(row["status"])) for row in rows(section(text, "Errors"))}


def documented_close_codes(text: str) -> dict[str, int]:
    return {row["name"]: int(row["code"]) for row in rows(section(text, "Close codes"))}


def documented_addresses(text: str, heading: str) -> set[tuple[str, str]]:
    return {(one_name(row["name"]), one_name(row["address"])) for row in rows(section(text, heading)) if "name" in row}


def addresses(patterns: Iterable[Any] | None = None, prefix: str = "/", space: str = "") -> Iterator[tuple[str, str]]:
    """Every named address of the installation: its full name and its path."""
    for pattern in get_resolver().url_patterns if patterns is None else patterns:
        path = prefix + re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", str(pattern.pattern)).replace("{slug}", "{helpline}")
        if isinstance(pattern, URLResolver):
            inner = f"{space}{pattern.namespace}:" if pattern.namespace else space
            yield from addresses(pattern.url_patterns, path, inner)
        elif isinstance(pattern, URLPattern) and pattern.name:
            yield f"{space}{pattern.name}", path


def words(text: str) -> dict[str, set[str]]:
    return {one_name(row["field"]): set(names(row["words"])) for row in rows(section(text, "Words in fields"))}


def test_frames_from_the_client_are_those_of_the_code() -> None:
    assert documented_frames(TEXT, "From the client") == coded_frames(frames.ClientFrame)


def test_frames_from_the_server_are_those_of_the_code() -> None:
    struct_rows = {row["struct"] for row in rows(section(TEXT, "From the server")) if "struct" in row}
    text = re.sub(r"`limits` in `welcome`:.*?(?=### )", "", TEXT, flags=re.DOTALL)

    assert documented_frames(text, "From the server") == coded_frames(frames.ServerFrame)
    assert len(struct_rows) == len(get_args(frames.ServerFrame))


def test_limits_in_welcome_are_those_of_the_code() -> None:
    told = re.search(r"`limits` in `welcome`:(.*?)### ", TEXT, flags=re.DOTALL)

    assert told is not None
    assert tuple(sorted(one_name(row["field"]) for row in rows(told[1]))) == fields_of(frames.Limits)


def test_frame_that_nobody_told_of_is_found() -> None:
    class Surprise(msgspec.Struct, tag="surprise"):
        body: str

    assert coded_frames(frames.Ack | Surprise) - documented_frames(TEXT, "From the client") >= {
        ("surprise", "Surprise", ("body",))
    }


def test_field_that_is_gone_is_found() -> None:
    planted = TEXT.replace("`origin_id` `body` |", "`origin_id` `body` `mood` |")

    assert planted != TEXT
    assert documented_frames(planted, "From the client") != coded_frames(frames.ClientFrame)


def test_close_codes_are_those_of_the_code() -> None:
    coded = {name: value for name, value in vars(frames).items() if name.startswith("CLOSE_")}

    assert documented_close_codes(TEXT) == coded
    assert documented_close_codes(TEXT.replace("| 4410 |", "| 4411 |")) != coded


def test_errors_are_those_of_the_code() -> None:
    import_everything()
    coded = {
        (refusal.code, refusal.status) for refusal in every_refusal() if refusal.__module__.split(".")[0] != "tests"
    }

    assert documented_refusals(TEXT) == coded


def test_error_that_nobody_told_of_is_found() -> None:
    without = TEXT.replace("| `queue_full` | 503 |", "| `queue_is_full` | 503 |")

    assert ("queue_full", 503) in documented_refusals(TEXT) - documented_refusals(without)


def test_words_in_fields_are_those_of_the_code() -> None:
    tree = ast.parse(inspect.getsource(queue._notices))
    notices = {
        key.value
        for node in ast.walk(tree)
        if isinstance(node, ast.Dict)
        for key in node.keys
        if isinstance(key, ast.Constant)
    }

    assert words(TEXT) == {
        "state": {*Conversation.State.values, "desk"},
        "reason": set(Conversation.EndReason.values),
        "role": {str(label) for label in Message.Role.labels},
        "notices": notices,
    }


def test_limits_are_those_of_the_code() -> None:
    for row in rows(section(TEXT, "Limits")):
        module, _, constant = one_name(row["constant"]).rpartition(".")
        holder = (
            importlib.import_module("django.conf").settings
            if module == "django.conf.settings"
            else importlib.import_module(module)
        )

        assert float(row["value"]) == getattr(holder, constant), constant


def test_every_address_of_visitors_is_told() -> None:
    of_visitors = {(name, path) for name, path in addresses() if name.startswith("visitor:") or ":" not in name}

    assert documented_addresses(TEXT, "HTTP") - documented_addresses(TEXT, "Staff") == of_visitors


def test_addresses_of_staff_that_are_told_are_there() -> None:
    told = documented_addresses(TEXT, "Staff")

    assert len(told) > 5
    assert told <= set(addresses())


def test_errors_of_the_code_have_a_code_of_their_own() -> None:
    import_everything()
    codes = [
        refusal.code for refusal in every_refusal() if refusal.__module__.startswith(("intake", "stats", "counsellor"))
    ]

    assert sorted(codes) == sorted(set(codes))


def test_protocol_is_named_as_in_the_code() -> None:
    script = (ROOT / "static/js/lib/connection.js").read_text()

    assert f"Version: `{frames.SUBPROTOCOL}`." in TEXT
    assert f'SUBPROTOCOL = "{frames.SUBPROTOCOL}"' in script
