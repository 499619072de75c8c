"""A benchmark as a command: its arguments, and what it ends with."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable

from benchmarks.stage.installation import RAISED_LIMITS, installation, stop_as_by_hand
from scripts.machine import Missing

MISSING = 2
INTERRUPTED = 130


def new_parser(name: str, description: str | None, *, quick: str) -> argparse.ArgumentParser:
    """With `--quick`, which is a smoke test of `quick`, and `--json`."""
    parser = argparse.ArgumentParser(
        prog=f"python -m benchmarks.{name}",
        description=description,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--quick", action="store_true", help=f"a smoke test: {quick}")
    parser.add_argument("--json", metavar="FILE", help="write what was found here")
    return parser


def run_installed(measure: Callable[[], int]) -> int:
    """What `measure` answers, in an installation of its own; another code when a program is missing, or on Ctrl-C.

    Models can be imported only once Django is set up: `measure` imports what it runs.
    """
    stop_as_by_hand()
    try:
        with installation(**RAISED_LIMITS):
            return measure()
    except Missing as missing:
        print(missing, file=sys.stderr)
        return MISSING
    except KeyboardInterrupt:
        return INTERRUPTED
