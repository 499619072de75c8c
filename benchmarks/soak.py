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

from benchmarks.stage.command import new_parser, run_installed


def parse(arguments: list[str]) -> argparse.Namespace:
    parser = new_parser("soak", __doc__, quick="little traffic, a short time")
    parser.add_argument("--minutes", type=float, default=30.0)
    parser.add_argument("--conversations", type=int, default=60, help="at the same time")
    parser.add_argument("--per-second", type=float, default=100.0, help="messages of all of them together")
    return parser.parse_args(arguments)


def main(arguments: list[str]) -> int:
    """0 when no message was lost, doubled, reordered or spoiled, and nobody was refused or cut off."""
    chosen = parse(arguments)
    if chosen.quick:
        chosen.minutes, chosen.conversations, chosen.per_second = 0.25, 8, 20.0

    def measure() -> int:
        from benchmarks.stage.soaking import measure_soak

        return measure_soak(chosen)

    return run_installed(measure)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
