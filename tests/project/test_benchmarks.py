"""The benchmarks still run, and what they check holds. How fast it was is no test's business."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from scripts.machine import ROOT, Missing
from tests.conftest import lacking

pytestmark = [pytest.mark.once, pytest.mark.processes]

MISSING = 2


def run_quickly(module: str, found: Path) -> Any:
    command = [sys.executable, "-m", module, "--quick", "--json", str(found)]
    answer = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=180, check=False)
    if answer.returncode == MISSING:
        lacking(Missing(answer.stderr.strip()))
    assert answer.returncode == 0, answer.stdout + answer.stderr
    return json.loads(found.read_text())


def test_delivery_loses_doubles_and_reorders_nothing(tmp_path: Path) -> None:
    played = run_quickly("benchmarks.delivery", tmp_path / "found.json")

    rounds = [one for entry in played if entry["server"] == "chatline" for one in entry["rounds"]]
    assert {entry["server"] for entry in played} == {"chatline", "storeless", "textbook", "pooled"}
    assert len(rounds) == 2
    for one in rounds:
        assert one["acked"] == one["stored"] > 50
        assert (one["lost"], one["doubled"], one["reordered"], one["database_faults"]) == (0, 0, 0, 0)


def test_waiting_visitors_know_their_place(tmp_path: Path) -> None:
    crowd = run_quickly("benchmarks.idle", tmp_path / "found.json")

    assert crowd["visitors"] == 100
    assert (crowd["misplaced"], crowd["missed_beats"], crowd["surprises"]) == (0, 0, 0)
