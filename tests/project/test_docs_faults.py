"""docs/faults.md names every fault there is, and no other."""

from __future__ import annotations

import re
from importlib import import_module

import pytest

from scripts.machine import ROOT
from tests.faults.catalogue import MODULES
from tests.faults.checker import KINDS
from tests.faults.planted.bugs import BUGS

pytestmark = pytest.mark.once

PAGE = (ROOT / "docs/faults.md").read_text()
ROWS = dict(re.findall(r"^\| `(\w+)\.py` \| (.+) \|$", PAGE, flags=re.MULTILINE))


def names_in(row: str) -> list[str]:
    """They stand first in a row; what explains them comes after a colon or a full stop."""
    return [name.strip() for name in re.split(r": |\. ", row)[0].split(";")]


@pytest.mark.parametrize("module", MODULES)
def test_faults_of_each_file_are_named_and_no_other(module: str) -> None:
    row = ROWS[module.rpartition(".")[2]]

    assert sorted(names_in(row)) == sorted(fault.name for fault in import_module(module).FAULTS)


def test_every_file_of_faults_is_named_and_no_other() -> None:
    assert set(ROWS) == {module.rpartition(".")[2] for module in MODULES}


def test_every_kind_of_finding_is_named() -> None:
    assert [kind for kind in KINDS if kind not in PAGE] == []


def test_as_many_bugs_are_planted_as_are_told() -> None:
    assert len(BUGS) == 5
    assert "Five bugs" in PAGE
