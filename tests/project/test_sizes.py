"""The machines that docs/operations.md names ("How big") against the memory that docker-compose.yml allows."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

import pytest

from scripts.machine import ROOT
from tests.project.production import compose

UNITS_MB = {"m": 1.048576, "MiB": 1.048576, "g": 1073.741824}
COUNSELLORS_LINES = 2
"""A counsellor has her dashboard open, and perhaps a second one."""

pytestmark = pytest.mark.once


@dataclass(frozen=True)
class Cost:
    """What a process takes before anybody is there, and for each who is."""

    base_mb: float
    each_kb: float

    def of(self, lines: int) -> float:
        return self.base_mb + self.each_kb * lines / 1000


def page() -> str:
    return (ROOT / "docs" / "operations.md").read_text().partition("## How big")[2].partition("\n## ")[0]


def told(row: str) -> Cost:
    """What the row that begins so tells."""
    (line,) = re.findall(rf"^\| {re.escape(row)} \|.*$", page(), flags=re.MULTILINE)
    (each,) = re.findall(r"\| about (\d+) kB", line)
    (base,) = re.findall(r"beside the (\d+) MB", line)
    return Cost(float(base), float(each))


def told_lines() -> list[int]:
    """The lines that each size of machine must hold."""
    found = re.findall(r"^\| up to (\d+) counsellors, ([\d,]+) (?:visitors )?waiting", page(), flags=re.MULTILINE)
    return [int(waiting.replace(",", "")) + COUNSELLORS_LINES * int(staff) for staff, waiting in found]


def megabytes(size: str) -> float:
    number, unit = re.fullmatch(r"(\d+)(\w+)", size).groups()  # type: ignore[union-attr]
    return float(number) * UNITS_MB[unit]


def services() -> dict[str, Any]:
    found: dict[str, Any] = compose()["services"]
    return found


def test_proxy_may_take_what_the_lines_cost() -> None:
    allowed = megabytes(services()["proxy"]["environment"]["GOMEMLIMIT"])

    assert len(told_lines()) == 2
    for lines in told_lines():
        assert told("… and her line in the proxy").of(lines) < allowed


def test_proxy_tidies_up_before_the_kernel_ends_it() -> None:
    proxy = services()["proxy"]

    assert megabytes(proxy["environment"]["GOMEMLIMIT"]) < 0.95 * megabytes(proxy["mem_limit"])


def test_one_web_process_may_take_all_lines_while_the_other_restarts() -> None:
    for lines in told_lines():
        for name in ("web-a", "web-b"):
            assert told("a visitor who waits").of(lines) < megabytes(services()[name]["mem_limit"])


def test_every_line_may_be_an_open_file() -> None:
    for lines in told_lines():
        # The proxy has one to the browser and one to the web process.
        for name, each in {"proxy": 2, "web-a": 1, "web-b": 1}.items():
            assert lines * each < services()[name]["ulimits"]["nofile"]["soft"] / 2


def test_sums_of_the_page_are_right() -> None:
    rows = re.findall(r"about (\d+) kB[^|]*\| ([\d,]+) are (\d+) MB", page())

    assert len(rows) == 2
    for each, lines, sum_mb in rows:
        assert int(each) * int(lines.replace(",", "")) / 1000 == int(sum_mb)
