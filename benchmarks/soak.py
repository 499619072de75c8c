"""Half an hour of mixed traffic: does the server's memory stay where it is, and does every message arrive?

    python -m benchmarks.soak                  30 minutes
    python -m benchmarks.soak --minutes 5
    python -m benchmarks.soak --quick          a smoke test, some seconds

Visitors come, are claimed, write and are answered, lose their line and come back, end, and some erase everything;
housekeeping runs beside and purges what has ended.
"""

from __future__ import annotations

import argparse
import sys

from benchmarks.stage.installation import RAISED_LIMITS, installation, stop_as_by_hand
from scripts.machine import Missing


def parse(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.soak", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--quick", action="store_true", help="a smoke test: little traffic, a short time")
    parser.add_argument("--minutes", type=float, default=30.0)
    parser.add_argument("--conversations", type=int, default=60, help="at the same time")
    parser.add_argument("--per-second", type=float, default=100.0, help="messages of all of them together")
    parser.add_argument("--json", metavar="FILE", help="write the figures here")
    return parser.parse_args(arguments)


def main(arguments: list[str]) -> int:
    """0 when no message was lost, doubled, reordered or spoiled, and nobody was refused or cut off."""
    chosen = parse(arguments)
    if chosen.quick:
        chosen.minutes, chosen.conversations, chosen.per_second = 0.25, 8, 20.0
    stop_as_by_hand()
    try:
        with installation(**RAISED_LIMITS):
            from benchmarks.stage.soaking import measure

            return measure(chosen)
    except Missing as missing:
        print(missing, file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        return 130


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
