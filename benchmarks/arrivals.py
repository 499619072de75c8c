"""A rush: a thousand visitors within ten seconds, and ten counsellors who answer meanwhile.

    python -m benchmarks.arrivals              1,000 visitors in 10 s
    python -m benchmarks.arrivals --quick      a smoke test, some seconds

Everybody comes over HTTP and a websocket, from an address of her own. The counsellors see the queue, claim, greet, hear
the visitor out and end, at most four at a time.
"""

from __future__ import annotations

import argparse
import sys

from benchmarks.stage.command import new_parser, run_installed


def parse(arguments: list[str]) -> argparse.Namespace:
    parser = new_parser("arrivals", __doc__, quick="few visitors, a short time")
    parser.add_argument("--visitors", type=int, default=1000)
    parser.add_argument("--counsellors", type=int, default=10)
    parser.add_argument("--seconds", type=float, default=10.0, help="within which they come")
    return parser.parse_args(arguments)


def main(arguments: list[str]) -> int:
    """0 when everybody was let in, was told the right place, and no message was lost."""
    chosen = parse(arguments)
    if chosen.quick:
        chosen.visitors, chosen.counsellors, chosen.seconds = 30, 2, 1.0

    def measure() -> int:
        from benchmarks.stage.rush import measure_rush

        return measure_rush(chosen)

    return run_installed(measure)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
