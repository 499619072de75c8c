"""The two commands: what they say when something is missing, on a machine with nothing but Python."""

from __future__ import annotations

import ast
import fcntl
import io
import re
import shutil
import socket
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from scripts import faulting, groups, machine, testing
from scripts.machine import ROOT
from tests.faults.catalogue import FAULTS

pytestmark = pytest.mark.once


@pytest.fixture
def fresh_copy(tmp_path: Path) -> Path:
    """The scripts in a folder without a virtual environment."""
    shutil.copytree(ROOT / "scripts", tmp_path / "scripts", ignore=shutil.ignore_patterns("__pycache__"))
    for lock in ROOT.glob("requirements*.txt"):
        shutil.copy(lock, tmp_path)
    return tmp_path


def dev(folder: Path, *arguments: str, before: str = "pass") -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        dev_command(*arguments, before=before), cwd=folder, capture_output=True, text=True, timeout=60, check=False
    )


def dev_command(*arguments: str, before: str = "pass") -> list[str]:
    """scripts/dev.py as the machine's Python would run it, after the statement `before`."""
    start = f"import runpy, sys; {before}; sys.argv = {['dev.py', *arguments]!r}; sys.path.insert(0, ''); "
    return [sys.executable, "-c", start + "runpy.run_path('scripts/dev.py', run_name='__main__')"]


def test_missing_venv_is_said_in_one_sentence(fresh_copy: Path) -> None:
    answer = dev(fresh_copy, "setup", before="sys.modules['ensurepip'] = None")

    assert answer.stderr == "python3-venv is missing: apt install python3-venv\n"
    assert answer.returncode == 1


def test_two_set_ups_of_a_folder_wait_for_each_other(fresh_copy: Path) -> None:
    command = dev_command("setup", before="sys.modules['ensurepip'] = None")
    pipe = subprocess.PIPE
    with (fresh_copy / "requirements.txt").open() as other:
        fcntl.flock(other, fcntl.LOCK_EX)
        with subprocess.Popen(command, cwd=fresh_copy, stdout=pipe, stderr=pipe, text=True) as process:
            assert process.stdout is not None
            said = process.stdout.readline()
            other.close()
            _, problem = process.communicate(timeout=60)

    assert said == "Waiting for another set-up of this folder to end ...\n"
    assert problem == "python3-venv is missing: apt install python3-venv\n"


def test_old_python_is_said_in_one_sentence(fresh_copy: Path) -> None:
    answer = dev(fresh_copy, "setup", before="sys.version_info = (3, 9, 2); sys.version = '3.9.2 (main)'")

    assert answer.stderr == "Python 3.11 or newer is needed, and this is 3.9.2: apt install python3\n"
    assert answer.returncode == 1


@pytest.mark.parametrize("name", ["dev.py", "machine.py"])
def test_old_python_can_read_as_far_as_the_sentence(name: str) -> None:
    source = (ROOT / "scripts" / name).read_text()

    assert ast.parse(source, feature_version=(3, 8)).body


def test_port_in_use_is_said_in_one_sentence(fresh_copy: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]

        answer = dev(fresh_copy, "run", "--port", str(port))

    assert f"Port {port} on 127.0.0.1 cannot be used (Address already in use)" in answer.stderr
    assert f"make run PORT={port + 1}" in answer.stderr
    assert answer.stderr.count("\n") == 1
    assert answer.returncode == 1


def test_totp_without_a_name_asks_whose(fresh_copy: Path) -> None:
    answer = dev(fresh_copy, "totp", "--data", "var")

    assert answer.stderr == "Whose code? For example: make totp NAME=kari\n"
    assert answer.returncode == 1


def test_make_alone_lists_every_target() -> None:
    answer = subprocess.run(["make", "--no-print-directory"], cwd=ROOT, capture_output=True, text=True, check=True)

    targets = re.findall(r"^([a-z]+):(?!=)", (ROOT / "Makefile").read_text(), flags=re.MULTILINE)
    assert re.findall(r"^  make (\w+)\t", answer.stdout, flags=re.MULTILINE) == targets
    assert {"run", "test", "lint", "check", "lock", "bench", "faults", "totp"} < set(targets)


def test_every_make_target_is_a_command_without_make() -> None:
    called = set(re.findall(r"scripts/dev\.py (\w+)", (ROOT / "Makefile").read_text()))

    assert called == {"run", "totp", "test", "lint", "check", "lock", "bench", "faults"}
    help_text = subprocess.run(
        [sys.executable, "scripts/dev.py", "--help"], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout
    assert called <= set(re.findall(r"^    (\w+)", help_text, flags=re.MULTILINE))


@pytest.mark.parametrize(
    ("arguments", "names"),
    [
        ([], ["SQLite", "PostgreSQL and Redis", "JavaScript", "processes", "browser", "faults"]),
        (["-k", "queue"], ["SQLite", "PostgreSQL and Redis", "processes", "browser"]),
        (["tests/project"], ["SQLite", "PostgreSQL and Redis", "processes"]),
        (["tests/project/test_dev.py::test_x", "-x"], ["SQLite", "PostgreSQL and Redis", "processes"]),
        (["tests/browser"], ["browser"]),
        (["tests/js"], ["JavaScript"]),
        (["tests/js", "tests/intake"], ["SQLite", "PostgreSQL and Redis", "JavaScript", "processes"]),
        (["tests/faults"], ["SQLite", "PostgreSQL and Redis", "processes", "faults"]),
        (["tests/faults/test_checker.py"], ["SQLite", "PostgreSQL and Redis", "processes"]),
    ],
)
def test_arguments_choose_groups(arguments: list[str], names: list[str]) -> None:
    lanes = groups.chosen_lanes(arguments) + groups.chosen_lanes(arguments, lanes=groups.ALONE)

    assert [group.name for lane in lanes for group in lane] == names


def test_every_test_of_pytest_is_in_a_group() -> None:
    marks = [
        command[command.index("-m", 3) + 1] for command in (groups.sqlite_command([]), groups.processes_command([]))
    ]

    assert marks == ["not processes", "processes"]
    assert "--ignore=tests/browser" in groups.sqlite_command([])
    assert groups.browser_command([])[3:] == ["tests/browser"]


@pytest.mark.parametrize(
    ("line", "counts"),
    [
        ("==== 12 passed in 0.51s ====", "12 passed in 0.51s"),
        ("= 1 failed, 2 passed, 3 skipped in 61.02s (0:01:01) =", "1 failed, 2 passed, 3 skipped in 61.02s (0:01:01)"),
    ],
)
def test_closing_line_of_pytest_is_found(line: str, counts: str) -> None:
    assert testing.counts_after(line, ["earlier"]) == [counts]


@pytest.mark.parametrize("counts", ["17 passed, 0 failed", "14 passed, 1 failed, 3 skipped"])
def test_closing_line_of_faults_is_found(counts: str) -> None:
    assert testing.counts_after(f"faults: {counts}", ["earlier"]) == [counts]


def test_faults_run_when_all_other_tests_have_ended() -> None:
    beside = [group.name for lane in groups.LANES for group in lane]

    assert [[group.name for group in lane] for lane in groups.ALONE] == [["faults"]]
    assert "faults" not in beside
    assert groups.faults_command([])[1:] == ["-m", "tests.faults", "--short"]


def test_every_program_that_a_fault_needs_can_be_provided() -> None:
    needed = {need for fault in FAULTS for need in fault.needs if not need.startswith("root")}

    assert needed <= {*faulting.NEEDED}
    assert {*faulting.NEEDED, *testing.NEEDED} <= set(machine.DEBIAN_PACKAGE)


@pytest.fixture
def parts_said(monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> Callable[[list[str]], list[str]]:
    """Run `faults` with programs in the place of its parts that say their names; those who end in `!` fail."""

    def run(arguments: list[str]) -> list[str]:
        says = "import sys; print(sys.argv[1:]); sys.exit(sys.argv[-1] == '!')"
        monkeypatch.setattr(faulting, "command", lambda part: [sys.executable, "-c", says, *part[1:]])
        for name in ("provide", "set_up", "provide_servers"):
            monkeypatch.setattr(faulting, name, lambda *args, **options: None)
        code = faulting.run_faults(arguments)
        said = [line for line in capfd.readouterr().out.splitlines() if line.startswith("[")]
        return [*said, str(code)]

    return run


def test_faults_are_the_protocol_and_every_fault_once(parts_said: Callable[[list[str]], list[str]]) -> None:
    assert parts_said([]) == [
        "['tests.protocol.machine', '--examples', '2000']",
        "['tests.protocol.frame_fuzzer', '--inputs', '1000000']",
        "['tests.faults', '--waits', '--only', 'Redis is']",
        "['tests.faults', '--waits', '--only', 'PostgreSQL']",
        "['tests.faults', '--waits', '--only', 'cut off', '--only', 'exhausted', '--only', 'disk', '--only', 'clock']",
        "['tests.faults', '--no-waits']",
        "0",
    ]


def test_every_fault_that_waits_is_waited_for_once() -> None:
    words = [word for part in faulting.WAITING for word in part if word not in (*faulting.HARNESS, "--waits", "--only")]

    for fault in FAULTS:
        assert not fault.waits or sum(word in fault.name for word in words) == 1


def test_arguments_of_faults_are_for_the_harness_alone(parts_said: Callable[[list[str]], list[str]]) -> None:
    assert parts_said(["--only", "Redis"]) == ["['tests.faults', '--only', 'Redis']", "0"]


@pytest.mark.parametrize(("name", "parts"), [("WAITING", [["-c", "!"]]), ("OTHERS", ["-c", "!"])])
def test_part_of_faults_that_fails_fails_all(
    monkeypatch: pytest.MonkeyPatch, parts_said: Callable[[list[str]], list[str]], name: str, parts: list[object]
) -> None:
    monkeypatch.setattr(faulting, name, parts)

    assert parts_said([])[-1] == "1"


@pytest.mark.parametrize(("ci", "code", "word"), [("true", 1, "failed"), ("", 0, "skipped")])
def test_group_that_cannot_run_fails_in_ci_only(monkeypatch: pytest.MonkeyPatch, ci: str, code: int, word: str) -> None:
    monkeypatch.setenv("CI", ci)
    group = groups.Group("browser", "tests/browser", groups.browser_command, needs=("no-such-program",))

    outcome = testing.run_group(group, [], [], io.StringIO())

    assert (outcome.code, outcome.counts) == (code, f"{word}: no-such-program is missing: apt install no-such-program")


def test_programs_hidden_from_path_are_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program = tmp_path / "valkey-server"
    program.write_text("#!/bin/sh\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", "/nowhere")
    monkeypatch.setitem(machine.OTHER_FOLDERS, "redis-server", [str(tmp_path)])

    assert machine.find_program("redis-server") == str(program)
