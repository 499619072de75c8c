from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from typing import Any

import pytest
from django.conf import settings

from chatline.logs.log_pace import LINES_PER_MINUTE, Pace
from chatline.logs.quiet_logs import JsonFormatter
from scripts.machine import ROOT

logger = logging.getLogger("chatline.tests.pace")


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def said(clock: Clock) -> Iterator[list[dict[str, object]]]:
    """What a handler with a pace of its own has let through."""
    lines: list[dict[str, object]] = []

    class Handler(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            lines.append(json.loads(JsonFormatter().format(record)))

    handler = Handler()
    handler.addFilter(Pace(clock))
    logger.addHandler(handler)
    yield lines
    logger.removeHandler(handler)


def complain(times: int, error: Exception | None = None) -> None:
    for _ in range(times):
        logger.warning("It happened again.", exc_info=error)


def test_same_line_is_said_a_few_times_a_minute_and_then_counted(said: list[dict[str, object]], clock: Clock) -> None:
    complain(1000)
    assert len(said) == LINES_PER_MINUTE

    clock.now += 61
    complain(2)

    assert [line.get("count") for line in said[LINES_PER_MINUTE:]] == [1000 - LINES_PER_MINUTE, None]


def test_another_line_and_another_error_are_heard_through_a_flood(said: list[dict[str, object]]) -> None:
    complain(1000)
    logger.warning("Something else.")
    complain(1, ValueError("nothing of this is said"))

    assert [line["event"] for line in said[LINES_PER_MINUTE:]] == ["Something else.", "It happened again."]


def test_every_handler_of_ours_keeps_the_pace() -> None:
    shipped: dict[str, Any] = json.loads((ROOT / "deploy" / "logging.json").read_text())
    own: dict[str, Any] = settings.LOGGING

    for configuration in (own, shipped):
        assert configuration["filters"] == {"pace": {"()": "chatline.logs.log_pace.Pace"}}
        assert all(handler["filters"] == ["pace"] for handler in configuration["handlers"].values())
