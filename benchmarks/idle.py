"""What a visitor costs who waits and says nothing, and how fast a crowd gets in.

    python -m benchmarks.idle                  5,000 visitors for a minute
    python -m benchmarks.idle --quick          a smoke test, some seconds

Every socket has said hello and was told its place in the queue. Meanwhile the server ticks, beats and marks presence.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

from benchmarks.stage.installation import RAISED_LIMITS, installation, stop_as_by_hand
from scripts.machine import Missing

MOST_KILOBYTES = 35
FEWEST_PER_SECOND = 300


def parse(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.idle", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--quick", action="store_true", help="a smoke test: few visitors, a short wait")
    parser.add_argument("--visitors", type=int, default=5000)
    parser.add_argument("--seconds", type=float, default=60.0, help="that they wait")
    parser.add_argument("--json", metavar="FILE", help="write the figures here")
    return parser.parse_args(arguments)


def main(arguments: list[str]) -> int:
    """0 when every visitor had her right place and every heartbeat."""
    chosen = parse(arguments)
    if chosen.quick:
        chosen.visitors, chosen.seconds = 100, 2.0
    stop_as_by_hand()
    try:
        with installation(**RAISED_LIMITS):
            return measure(chosen)
    except Missing as missing:
        print(missing, file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        return 130


def measure(chosen: argparse.Namespace) -> int:
    from benchmarks.stage.conversations import make_helpline, open_conversations, visitor_entrance
    from benchmarks.stage.crowd import let_wait
    from benchmarks.stage.server import chatline_command, free_port, serving
    from benchmarks.stage.tables import print_table

    print(f"Opening {chosen.visitors:,} conversations ...", flush=True)
    entrances = [visitor_entrance(opened) for opened in open_conversations(make_helpline(), chosen.visitors)]
    port = free_port()
    with serving(chatline_command(port), port) as server:
        crowd = let_wait(server, entrances, seconds=chosen.seconds)
    columns = ["visitors", "kB each", "connected/s", "all placed s", "core %", "told s", "misplaced", "missed beats"]
    cells = [
        f"{crowd.visitors:,}", f"{crowd.kilobytes_each:.1f}", f"{crowd.connected_per_second:,.0f}",
        f"{crowd.all_placed_seconds:.1f}", f"{crowd.processor_share * 100:.0f}", f"{crowd.told_seconds:.1f}",
        f"{crowd.misplaced}", f"{crowd.missed_beats}",
    ]  # fmt: skip
    print_table(f"Waiting visitors, after {chosen.seconds:.0f} s", columns, {"Chatline": cells})
    print(f"  to reach: at most {MOST_KILOBYTES} kB each, at least {FEWEST_PER_SECOND} connected/s")
    if chosen.json:
        Path(chosen.json).write_text(json.dumps(crowd.to_dict(), indent=1))
    return 1 if crowd.faults else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
