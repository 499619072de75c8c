"""What a visitor costs who waits and says nothing, and how fast a crowd gets in.

    python -m benchmarks.idle                  10,000 visitors for a minute
    python -m benchmarks.idle --quick          a smoke test, some seconds

Every socket has said hello and was told its place in the queue. Meanwhile the server ticks, beats and marks presence.
"""

from __future__ import annotations

import argparse
import sys

from benchmarks.stage.command import new_parser, run_installed


def parse(arguments: list[str]) -> argparse.Namespace:
    parser = new_parser("idle", __doc__, quick="few visitors, a short wait")
    parser.add_argument("--visitors", type=int, default=10_000)
    parser.add_argument("--seconds", type=float, default=60.0, help="that they wait")
    return parser.parse_args(arguments)


def main(arguments: list[str]) -> int:
    """0 when every visitor had her right place and every heartbeat."""
    chosen = parse(arguments)
    if chosen.quick:
        chosen.visitors, chosen.seconds = 100, 2.0

    def measure() -> int:
        from benchmarks.stage.crowd import measure_crowd

        return measure_crowd(chosen)

    return run_installed(measure)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
