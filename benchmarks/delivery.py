"""How fast messages are committed and delivered, and whether any is lost, doubled or reordered.

    python -m benchmarks.delivery              all of it, about half an hour
    python -m benchmarks.delivery --quick      a smoke test, some seconds
    python -m benchmarks.delivery --only chatline --rounds 1

One server process, one PostgreSQL that writes through to the disk, and this process as the client. In the same run,
round by round: the peers, (a) the same server without storage, and (b) the textbook. docs/benchmarks.md says
what is measured.
"""

from __future__ import annotations

import argparse
import sys

from benchmarks.load.rounds import Load
from benchmarks.stage.command import new_parser, run_installed

LOADS = [
    Load("50 conversations, as fast as it goes", conversations=50, window=8),
    Load("500 conversations, as fast as it goes", conversations=500, window=1),
    Load("50 conversations, 100 messages/s", conversations=50, per_second=100),
]
NAMES = ["chatline", "socketio", "ejabberd", "daphne", "storeless", "textbook", "pooled"]
QUICK_LOADS = [
    Load("8 conversations, as fast as it goes", conversations=8, window=4, warm_up_seconds=0.3, seconds=1.0),
    Load("8 conversations, 100 messages/s", conversations=8, per_second=100, warm_up_seconds=0.3, seconds=1.0),
]


def parse(arguments: list[str]) -> argparse.Namespace:
    parser = new_parser("delivery", __doc__, quick="small loads, one round")
    parser.add_argument("--rounds", type=int, default=5, help="quiet ones of each")
    parser.add_argument("--seconds", type=float, default=6.0, help="measured in each round")
    parser.add_argument("--only", choices=NAMES, action="append")
    parser.add_argument("--load", type=int, action="append", help="only these loads, counted from 0")
    return parser.parse_args(arguments)


def main(arguments: list[str]) -> int:
    """0 when nothing was lost, doubled, reordered or spoiled by Chatline."""
    chosen = parse(arguments)

    def measure() -> int:
        from benchmarks.stage.contest import run_contest

        return run_contest(chosen, QUICK_LOADS if chosen.quick else LOADS)

    return run_installed(measure)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
