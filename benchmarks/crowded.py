"""How late messages are when thousands of sockets are open beside those that speak.

    python -m benchmarks.crowded               1,000 messages a second beside 4,800 waiting visitors, five rounds
    python -m benchmarks.crowded --quick       a smoke test, some seconds

The waiting ones have said hello, know their place and get their heartbeats; nobody of them writes.
"""

from __future__ import annotations

import argparse
import sys

from benchmarks.load.rounds import Load
from benchmarks.stage.command import new_parser, run_installed


def parse(arguments: list[str]) -> argparse.Namespace:
    parser = new_parser("crowded", __doc__, quick="few sockets, a short time")
    parser.add_argument("--waiting", type=int, default=4800, help="visitors who wait in silence")
    parser.add_argument("--conversations", type=int, default=100, help="that speak, two sockets each")
    parser.add_argument("--per-second", type=float, default=1000.0, help="messages of all of them together")
    parser.add_argument("--rounds", type=int, default=5, help="that nobody disturbs")
    parser.add_argument("--seconds", type=float, default=30.0, help="of a round")
    return parser.parse_args(arguments)


def main(arguments: list[str]) -> int:
    """0 when nothing was lost, doubled, reordered or spoiled."""
    chosen = parse(arguments)
    if chosen.quick:
        chosen.waiting, chosen.conversations, chosen.per_second, chosen.seconds = 80, 10, 50.0, 2.0
        chosen.rounds = 1
    load = Load("crowded", chosen.conversations, per_second=chosen.per_second, seconds=chosen.seconds)

    def measure() -> int:
        from benchmarks.stage.crowding import measure_crowded

        return measure_crowded(load, waiting=chosen.waiting, rounds=chosen.rounds, report=chosen.json)

    return run_installed(measure)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
