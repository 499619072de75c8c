"""What cannot be broken here is skipped with a sentence, and fails under CI=true. No server is started for it."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from scripts.machine import ROOT
from tests.faults.means import DISKS, NETWORKS, lacking

pytestmark = pytest.mark.once

# Root without its rights, as in a container; who is not root has none to begin with.
NO_RIGHTS = ["setpriv", "--bounding-set=-sys_admin,-net_admin", "--inh-caps=-sys_admin,-net_admin", "--"]
AS_NOBODY_MUCH = NO_RIGHTS if os.geteuid() == 0 else []
SECONDS = 60


def faults(*arguments: str, ci: str, path: str = "", prefix: list[str] | None = None) -> tuple[int, str]:
    environment = {**os.environ, "CI": ci, "PATH": path or os.environ["PATH"]}
    command = [*(prefix or []), sys.executable, "-m", "tests.faults", "--short", *arguments]
    answer = subprocess.run(
        command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=SECONDS, check=False
    )
    return answer.returncode, answer.stdout + answer.stderr


NAMES = ["clients cut off one way", "the logs' disk is full"]
CHOSEN = [part for name in NAMES for part in ("--only", name)]


def test_without_root_s_rights_faults_are_skipped_with_a_sentence() -> None:
    code, said = faults(*CHOSEN, ci="", prefix=AS_NOBODY_MUCH)

    assert code == 0, said
    assert f"clients cut off one way: skipped, it needs {NETWORKS}" in said
    assert f"the logs' disk is full: skipped, it needs {DISKS}" in said
    assert "faults: 0 passed, 0 failed, 3 skipped" in said


def test_without_root_s_rights_faults_fail_under_ci() -> None:
    code, said = faults(*CHOSEN, ci="true", prefix=AS_NOBODY_MUCH)

    assert code == 1, said
    assert f"clients cut off one way (): needs {NETWORKS}" in said
    assert "faults: 0 passed, 3 failed, 0 skipped" in said


@pytest.mark.parametrize(("ci", "code", "counts"), [("", 0, "0 failed, 1 skipped"), ("true", 1, "1 failed, 0 skipped")])
def test_without_a_program_a_fault_is_skipped_and_fails_under_ci(
    tmp_path: Path, ci: str, code: int, counts: str
) -> None:
    ended, said = faults("--only", "the proxy is killed", ci=ci, path=str(tmp_path))

    assert ended == code, said
    assert "the proxy is killed: skipped, it needs caddy" in said
    assert counts in said


def test_a_fault_of_no_name_is_an_error() -> None:
    assert faults("--only", "a meteor", ci="")[0] == 1


def test_only_what_is_missing_is_lacking() -> None:
    assert lacking(["sh", "a-program-that-nobody-has"]) == ["a-program-that-nobody-has"]
    assert lacking([]) == []
