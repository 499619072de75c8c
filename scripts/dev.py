#!/usr/bin/env python3
"""Everything a developer or an administrator trying Chatline needs, with nothing but Python 3.11.

python scripts/dev.py run     start Chatline with demo data
python scripts/dev.py test    every test
"""

from __future__ import annotations

import argparse
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

# Started as a file, Python looks for modules beside it; ours are named from the project's root.
sys.path[0] = str(Path(__file__).resolve().parent.parent)

from scripts.machine import ROOT, Missing, require_python  # noqa: E402

try:
    require_python()
    # Only now: an older Python would stop at their grammar with a riddle.
    from scripts import benchmarking, development, environment, faulting, linting, locks, testing
except Missing as too_old:
    sys.exit(str(too_old))


def parser() -> argparse.ArgumentParser:
    top = argparse.ArgumentParser(
        prog="scripts/dev.py", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    commands = top.add_subparsers(dest="command", required=True, metavar="COMMAND")
    commands.add_parser("setup", help="virtual environment and locked packages")
    run = commands.add_parser("run", help="start Chatline with demo data")
    run.add_argument("--host", default="127.0.0.1")
    run.add_argument("--port", type=int, default=8000)
    run.add_argument("--data", type=Path, default=ROOT / "var", help="databases and keys (default: var)")
    commands.add_parser("test", help="every test; further arguments go to pytest", add_help=False)
    commands.add_parser("lint", help="every lint")
    commands.add_parser("check", help="lint and test, as CI does")
    lock = commands.add_parser("lock", help="compile the lock files")
    lock.add_argument("--upgrade", action="store_true", help="to the newest versions allowed")
    commands.add_parser(
        "bench", help="benchmarks on PostgreSQL and Redis; further arguments go to them", add_help=False
    )
    commands.add_parser(
        "faults", help="break everything under load; further arguments go to the harness", add_help=False
    )
    totp = commands.add_parser("totp", help="a demo login's current second-factor code")
    totp.add_argument("name", nargs="?")
    totp.add_argument("--data", type=Path, default=ROOT / "var")
    return top


def main(arguments: list[str]) -> int:
    chosen, rest = parser().parse_known_args(arguments)
    if rest and chosen.command not in {"test", "bench", "faults"}:
        parser().error(f"unknown: {' '.join(rest)}")
    return COMMANDS[chosen.command](chosen, rest) or 0


def print_totp(name: str | None, *, data: Path) -> None:
    if not name:
        raise Missing("Whose code? For example: make totp NAME=kari")
    print(development.manage("totp", name, environment=development.installation_environment(data)), end="")


COMMANDS: dict[str, Callable[[argparse.Namespace, list[str]], int | None]] = {
    "setup": lambda chosen, rest: environment.set_up(),
    "run": lambda chosen, rest: development.serve(host=chosen.host, port=chosen.port, data=chosen.data),
    "test": lambda chosen, rest: testing.run_tests(rest),
    "lint": lambda chosen, rest: linting.lint(),
    "check": lambda chosen, rest: max(linting.lint(), testing.run_tests([])),
    "lock": lambda chosen, rest: locks.lock_all(upgrade=chosen.upgrade),
    "bench": lambda chosen, rest: benchmarking.run_benchmarks(rest),
    "faults": lambda chosen, rest: faulting.run_faults(rest),
    "totp": lambda chosen, rest: print_totp(chosen.name, data=chosen.data),
}


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except Missing as missing:
        sys.exit(str(missing))
    except subprocess.CalledProcessError as error:
        sys.exit(error.returncode)
    except (KeyboardInterrupt, development.Stopped):
        sys.exit(0)
