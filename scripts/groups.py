"""The groups of tests: what may share a process, what it needs, and which arguments choose it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from scripts.environment import python_path
from scripts.machine import ROOT, find_program


@dataclass(frozen=True)
class Group:
    """Tests that share one process. `needs` are programs without which it is skipped, or failed under CI=true."""

    name: str
    folder: str
    command: Callable[[list[str]], list[str]]
    needs: tuple[str, ...] = ()
    environment: dict[str, str] = field(default_factory=dict)


def pytest_command(arguments: list[str], *, folder: str, marks: str = "") -> list[str]:
    """pytest on the chosen paths, or on `folder`. A mark expression of the caller's own takes the place of `marks`."""
    chosen = ["-m", marks] if marks and "-m" not in arguments else []
    apart = [] if folder == "tests/browser" else ["--ignore=tests/browser"]
    return [str(python_path()), "-m", "pytest", *(targets(arguments) or [folder]), *apart, *chosen, *options(arguments)]


def sqlite_command(arguments: list[str]) -> list[str]:
    return pytest_command(arguments, folder="tests", marks="not processes")


def servers_command(arguments: list[str]) -> list[str]:
    """The same tests once more on PostgreSQL and Redis, without those that touch neither."""
    again = pytest_command(arguments, folder="tests", marks="not once and not processes")
    return [str(python_path()), "-m", "tests.servers", "--", *again]


def processes_command(arguments: list[str]) -> list[str]:
    return pytest_command(arguments, folder="tests", marks="processes")


def browser_command(arguments: list[str]) -> list[str]:
    return pytest_command(arguments, folder="tests/browser")


def node_command(arguments: list[str]) -> list[str]:
    everything = sorted(str(path.relative_to(ROOT)) for path in (ROOT / "tests/js").rglob("*.test.js"))
    chosen = [target for target in targets(arguments) if target.endswith(".js")]
    return [find_program("node") or "node", "--test", "--test-reporter=spec", *(chosen or everything)]


def faults_command(arguments: list[str]) -> list[str]:
    return [str(python_path()), "-m", "tests.faults", "--short"]


SQLITE = Group("SQLite", "tests", sqlite_command)
SERVERS = Group("PostgreSQL and Redis", "tests", servers_command, needs=("postgres", "redis-server"))
PROCESSES = Group("processes", "tests", processes_command)
# Playwright's loop makes Django believe that fixtures run inside async code.
BROWSER = Group("browser", "tests/browser", browser_command, ("chromium",), {"DJANGO_ALLOW_ASYNC_UNSAFE": "1"})
JAVASCRIPT = Group("JavaScript", "tests/js", node_command, needs=("node",))

FAULTS = Group("faults", "tests/faults", faults_command, needs=("postgres", "redis-server"))

# Two lanes at the same time: the second one mostly waits for processes and pages.
LANES = [[SQLITE, SERVERS, JAVASCRIPT], [PROCESSES, BROWSER]]
# Afterwards, alone: what it promises in seconds must not be measured beside other tests.
ALONE = [[FAULTS]]
APART = [Path("tests/browser"), Path("tests/js")]


def is_target(argument: str) -> bool:
    return argument.startswith("tests") and (ROOT / argument.split("::")[0]).exists()


def targets(arguments: list[str]) -> list[str]:
    return [argument for argument in arguments if is_target(argument)]


def options(arguments: list[str]) -> list[str]:
    return [argument for argument in arguments if not is_target(argument)]


def chosen_lanes(arguments: list[str], *, lanes: list[list[Group]] = LANES) -> list[list[Group]]:
    """The lanes with the groups that `arguments` choose."""
    return [[group for group in lane if is_chosen(group, arguments)] for lane in lanes]


def is_chosen(group: Group, arguments: list[str]) -> bool:
    """Everything without arguments; with paths, the groups that hold one; with pytest's options, those of pytest."""
    paths = [Path(target.split("::")[0]) for target in targets(arguments)]
    if group is FAULTS:
        return not arguments or Path(group.folder) in paths
    if not paths:
        return group is not JAVASCRIPT or not options(arguments)
    own = Path(group.folder)
    if own in APART:
        return any(path.is_relative_to(own) for path in paths)
    return any(not any(path.is_relative_to(apart) for apart in APART) for path in paths)
