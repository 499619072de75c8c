"""What a visitor costs who waits and says nothing, and how fast a crowd gets in.

    python -m benchmarks.idle                  10,000 visitors for a minute
    python -m benchmarks.idle --quick          a smoke test, some seconds

Every socket has said hello and was told its place in the queue. Meanwhile the server ticks, beats and marks presence.
"""

from __future__ import annotations

import argparse
import sys
from typing import TYPE_CHECKING

from benchmarks.stage.installation import RAISED_LIMITS, installation, stop_as_by_hand
from benchmarks.stage.tables import print_table
from benchmarks.stage.targets import Target, print_targets, write_findings
from scripts.machine import Missing

if TYPE_CHECKING:
    from benchmarks.stage.crowd import Crowd

MOST_MEGABYTES = 400
FEWEST_PER_SECOND = 300


def parse(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.idle", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--quick", action="store_true", help="a smoke test: few visitors, a short wait")
    parser.add_argument("--visitors", type=int, default=10_000)
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
    from benchmarks.stage.conversations import fill_queue, make_helpline
    from benchmarks.stage.crowd import let_wait
    from benchmarks.stage.server import chatline_command, free_port, serving

    print(f"Opening {chosen.visitors:,} conversations ...", flush=True)
    entrances = fill_queue(make_helpline(), chosen.visitors)
    port = free_port()
    with serving(chatline_command(port), port) as server:
        crowd = let_wait(server, entrances, seconds=chosen.seconds)
    show(crowd, chosen.seconds)
    targets = find_targets(crowd)
    print_targets(targets)
    write_findings(chosen.json, targets, crowd=crowd.to_dict())
    return 1 if crowd.faults else 0


def show(crowd: Crowd, seconds: float) -> None:
    cells = {
        "visitors": f"{crowd.visitors:,}",
        "MB": f"{crowd.resident_megabytes:.0f}",
        "kB each": f"{crowd.kilobytes_each:.1f}",
        "connected/s": f"{crowd.connected_per_second:,.0f}",
        "all placed s": f"{crowd.all_placed_seconds:.1f}",
        "core %": f"{crowd.processor_share * 100:.0f}",
        "told s": f"{crowd.told_seconds:.1f}",
        "misplaced": f"{crowd.misplaced}",
        "missed beats": f"{crowd.missed_beats}",
    }
    print_table(f"Waiting visitors, after {seconds:.0f} s", list(cells), {"Chatline": list(cells.values())})


def find_targets(crowd: Crowd) -> list[Target]:
    who = f"{crowd.visitors:,} waiting visitors in one process"
    megabytes, speed = crowd.resident_megabytes, crowd.connected_per_second
    return [
        Target(f"{who}: resident", f"<= {MOST_MEGABYTES} MB", f"{megabytes:.0f} MB", megabytes <= MOST_MEGABYTES),
        Target(f"{who}: connected", f">= {FEWEST_PER_SECOND}/s", f"{speed:,.0f}/s", speed >= FEWEST_PER_SECOND),
        Target(f"{who}: wrong places", "0", f"{crowd.misplaced}", not crowd.misplaced),
        Target(f"{who}: missed heartbeats", "0", f"{crowd.missed_beats}", not crowd.missed_beats),
    ]


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
