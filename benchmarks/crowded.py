"""How late messages are when thousands of sockets are open beside those that speak.

    python -m benchmarks.crowded               1,000 messages a second beside 4,800 waiting visitors, a minute
    python -m benchmarks.crowded --quick       a smoke test, some seconds

The waiting ones have said hello, know their place and get their heartbeats; nobody of them writes.
"""

from __future__ import annotations

import argparse
import sys

from benchmarks.load.rounds import Load
from benchmarks.stage.installation import RAISED_LIMITS, installation, stop_as_by_hand
from scripts.machine import Missing


def parse(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.crowded", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--quick", action="store_true", help="a smoke test: few sockets, a short time")
    parser.add_argument("--waiting", type=int, default=4800, help="visitors who wait in silence")
    parser.add_argument("--conversations", type=int, default=100, help="that speak, two sockets each")
    parser.add_argument("--per-second", type=float, default=1000.0, help="messages of all of them together")
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--json", metavar="FILE", help="write the figures here")
    return parser.parse_args(arguments)


def main(arguments: list[str]) -> int:
    """0 when nothing was lost, doubled, reordered or spoiled."""
    chosen = parse(arguments)
    if chosen.quick:
        chosen.waiting, chosen.conversations, chosen.per_second, chosen.seconds = 80, 10, 50.0, 2.0
    load = Load("crowded", chosen.conversations, per_second=chosen.per_second, seconds=chosen.seconds)
    stop_as_by_hand()
    try:
        with installation(**RAISED_LIMITS):
            from benchmarks.stage.crowding import measure

            return measure(load, waiting=chosen.waiting, report=chosen.json)
    except Missing as missing:
        print(missing, file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        return 130


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
