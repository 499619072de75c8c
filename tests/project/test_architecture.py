"""The house keeps its one direction, and the contracts that say so can fail."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from scripts.machine import ROOT

PACKAGES = ["chatline", "counsellor", "stats", "intake"]

pytestmark = pytest.mark.once


def lint_imports(folder: Path) -> subprocess.CompletedProcess[str]:
    program = Path(sys.executable).with_name("lint-imports")
    command = [str(program), "--no-cache", "--config", str(folder / "pyproject.toml")]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)


@pytest.fixture
def copy_of_the_house(tmp_path: Path) -> Path:
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    for package in PACKAGES:
        shutil.copytree(ROOT / package, tmp_path / package, ignore=shutil.ignore_patterns("__pycache__", "*.mo"))
    return tmp_path


def test_contracts_are_kept(copy_of_the_house: Path) -> None:
    answer = lint_imports(copy_of_the_house)

    assert answer.returncode == 0, answer.stdout


@pytest.mark.parametrize(
    ("path", "line", "contract"),
    [
        ("intake/models/planted.py", "from counsellor import apps", "The house has one direction"),
        ("stats/rules/planted.py", "import chatline.settings", "The house has one direction"),
        ("intake/models/planted.py", "import intake.rules", "Inside intake"),
        ("intake/sealing/planted.py", "import intake.delivery", "Inside intake"),
        ("counsellor/pages/planted.py", "import intake.visitor", "never the visitor's pages"),
        ("counsellor/models/planted.py", "import counsellor.pages", "Inside counsellor"),
        ("stats/models/planted.py", "import stats.pages", "Inside stats"),
        ("chatline/operating/planted.py", "import chatline.middleware", "Inside chatline"),
    ],
)
def test_planted_violation_is_found(copy_of_the_house: Path, path: str, line: str, contract: str) -> None:
    (copy_of_the_house / path).write_text(line + "\n")

    answer = lint_imports(copy_of_the_house)

    assert answer.returncode == 1
    assert any(contract in name for name in broken_contracts(answer.stdout)), answer.stdout


@pytest.mark.parametrize("package", ["chatline", "counsellor", "stats", "intake"])
def test_module_without_a_layer_is_found(copy_of_the_house: Path, package: str) -> None:
    (copy_of_the_house / package / "utils.py").write_text("")

    answer = lint_imports(copy_of_the_house)

    assert answer.returncode == 1
    assert f"- {package}.utils" in answer.stdout


def broken_contracts(output: str) -> list[str]:
    return [line.partition(" BROKEN")[0] for line in output.splitlines() if " BROKEN" in line]
