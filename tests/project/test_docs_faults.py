"""docs/faults.md names every fault there is, and no other."""

from __future__ import annotations

import re

import pytest

from scripts.machine import ROOT
from tests.faults.catalogue import FAULTS, MODULES
from tests.faults.checker import KINDS
from tests.faults.planted.bugs import BUGS

pytestmark = pytest.mark.once

PAGE = (ROOT / "docs/faults.md").read_text()
ROWS = dict(re.findall(r"^\| `(\w+)\.py` \| (.+) \|$", PAGE, flags=re.MULTILINE))


def test_every_fault_is_named() -> None:
    told = [name.strip() for row in ROWS.values() for name in re.split(r";|: |\. ", row)]

    assert [fault.name for fault in FAULTS if fault.name not in told] == []


def test_every_file_of_faults_is_named_and_no_other() -> None:
    assert set(ROWS) == {module.rpartition(".")[2] for module in MODULES}


def test_every_kind_of_finding_is_named() -> None:
    assert [kind for kind in KINDS if kind not in PAGE] == []


def test_as_many_bugs_are_planted_as_are_told() -> None:
    assert len(BUGS) == 5
    assert "Five bugs" in PAGE


@pytest.mark.parametrize("part", ["a worker is killed", "rolling restart"])
def test_names_are_found_in_the_table(part: str) -> None:
    assert part in ROWS["workers"]
