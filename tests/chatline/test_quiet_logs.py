"""No log line carries what a visitor said or who she is, however it was put there (docs/privacy.md, "Logs")."""

from __future__ import annotations

import ast
import json
import logging
import os
import re
import subprocess
import sys

import pytest

from chatline.logs.quiet_logs import FIELDS, JsonFormatter, PlainFormatter, fields_of
from scripts.machine import ROOT
from tests.chatline.planted_errors import ADDRESS, CASES, HARMLESS, TEXT

NAMES = [case.__name__ for case in CASES]
MARKS = [TEXT, ascii(TEXT)[1:-1], ADDRESS, TEXT.encode().hex()]

logger = logging.getLogger("intake.tests")


def what_is_said(**environment: str) -> dict[str, str]:
    """What a process of its own writes in each case."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("CHATLINE_")}
    answer = subprocess.run(
        [sys.executable, "-m", "tests.chatline.planted_errors"],
        cwd=ROOT,
        env={**inherited, "DJANGO_SETTINGS_MODULE": "chatline.settings", **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    assert answer.returncode == 1, "the last error is not caught"
    parts = re.split(r"^--- (\w+)\n", answer.stdout, flags=re.MULTILINE)
    return dict(zip(parts[1::2], parts[2::2], strict=True))


def leaks_in(text: str) -> list[str]:
    return [mark for mark in MARKS if mark in text]


@pytest.fixture(scope="module")
def json_lines() -> dict[str, str]:
    return what_is_said()


@pytest.fixture(scope="module")
def plain_lines() -> dict[str, str]:
    return what_is_said(CHATLINE_LOG_FORMAT="plain")


@pytest.fixture(scope="module")
def loud_lines() -> dict[str, str]:
    return what_is_said(LOUD="1")


@pytest.mark.once
@pytest.mark.parametrize("case", NAMES)
def test_planted_text_or_address_is_not_in_json(json_lines: dict[str, str], case: str) -> None:
    assert leaks_in(json_lines[case]) == []


@pytest.mark.once
@pytest.mark.parametrize("case", NAMES)
def test_planted_text_or_address_is_not_in_plain_lines(plain_lines: dict[str, str], case: str) -> None:
    assert leaks_in(plain_lines[case]) == []


@pytest.mark.once
@pytest.mark.parametrize("case", [name for name in NAMES if name not in HARMLESS])
def test_planted_text_or_address_is_found_without_us(loud_lines: dict[str, str], case: str) -> None:
    assert leaks_in(loud_lines[case])


@pytest.mark.once
@pytest.mark.parametrize("case", [name for name in NAMES if name != "in_a_dump_of_all_threads"])
def test_that_something_happened_is_said_in_one_line_of_json(json_lines: dict[str, str], case: str) -> None:
    lines = [json.loads(line) for line in json_lines[case].splitlines()]

    assert lines
    assert {name for line in lines for name in line} <= set(FIELDS)
    assert all({"time", "level", "logger"} <= set(line) for line in lines)


@pytest.mark.once
def test_what_was_printed_is_said_to_have_been(json_lines: dict[str, str]) -> None:
    line, *_ = map(json.loads, json_lines["on_the_error_stream"].splitlines())

    assert line["event"] == "Something was printed, and is not shown."
    assert line["place"].startswith("tests/chatline/planted_errors.py:")


@pytest.mark.once
def test_types_and_places_of_a_chain_are_said(json_lines: dict[str, str]) -> None:
    (line,) = map(json.loads, json_lines["in_a_cause"].splitlines())

    assert line["event"] == "It failed."
    assert [link["type"] for link in line["exception"]] == ["RuntimeError", "ValueError"]
    assert all(place.startswith("tests/chatline/planted_errors.py:") for place in line["exception"][1]["places"])


@pytest.mark.once
def test_exception_with_a_made_up_name_goes_by_its_parents(json_lines: dict[str, str]) -> None:
    (line,) = map(json.loads, json_lines["in_the_name_of_an_exception"].splitlines())

    assert [link["type"] for link in line["exception"]] == ["LookupError"]


def test_numbers_are_said_and_nothing_else_that_is_extra(caplog: pytest.LogCaptureFixture) -> None:
    logger.warning("Some were removed.", extra={"count": 3, "seconds": 0.12345, "status_code": 503, "who": TEXT})

    said = fields_of(caplog.records[-1])

    assert said["event"] == "Some were removed."
    assert (said["count"], said["seconds"], said["status"]) == (3, 0.123, 503)
    assert set(said) <= set(FIELDS)
    assert "Some were removed. at tests/chatline/test_quiet_logs.py:" in PlainFormatter().format(caplog.records[-1])


def test_sentence_is_said_only_by_the_file_it_stands_in(caplog: pytest.LogCaptureFixture) -> None:
    logger.warning(MARKS[0] + "!")  # noqa: G003 - the mistake that is planted
    logger.warning("It stands here.")

    first, second = (json.loads(JsonFormatter().format(record)) for record in caplog.records[-2:])
    assert "event" not in first
    assert second["event"] == "It stands here."


def test_servers_log_as_quietly_as_we_do() -> None:
    told = json.loads((ROOT / "deploy/logging.json").read_text())

    assert told["formatters"] == {"quiet": {"()": "chatline.logs.quiet_logs.chosen_formatter"}}
    assert {handler["formatter"] for handler in told["handlers"].values()} == {"quiet"}


def unsayable(source: str) -> list[str]:
    """Calls of our loggers whose sentence does not stand there as such, or that pass it arguments."""
    calls = [node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Call) and is_logged(node.func)]
    return [ast.unparse(call) for call in calls if len(call.args) != 1 or not is_sentence(call.args[0])]


def is_logged(function: ast.expr) -> bool:
    levels = {"debug", "info", "warning", "error", "critical", "exception"}
    return isinstance(function, ast.Attribute) and function.attr in levels and ast.unparse(function.value) == "logger"


def is_sentence(said: ast.expr) -> bool:
    either = isinstance(said, ast.IfExp) and is_sentence(said.body) and is_sentence(said.orelse)
    return either or (isinstance(said, ast.Constant) and isinstance(said.value, str) and "%" not in said.value)


def test_every_sentence_of_ours_can_be_said() -> None:
    packages = ("chatline", "counsellor", "stats", "intake")
    ours = [path for package in packages for path in (ROOT / package).rglob("*.py")]

    assert {path.name: found for path in ours if (found := unsayable(path.read_text()))} == {}


@pytest.mark.parametrize(
    "planted", ['logger.error(f"She wrote {text}")', "logger.error(text)", 'logger.info("She wrote %s", text)']
)
def test_sentence_that_cannot_be_said_is_found(planted: str) -> None:
    assert unsayable(planted) == [ast.unparse(ast.parse(planted).body[0])]
