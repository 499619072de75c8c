"""What a line in the proxy, a text and a contact take: the figures of docs/operations.md, "How big".

    python -m benchmarks.sizes                 1,000 lines, 20,000 texts
    python -m benchmarks.sizes --quick         a smoke test, some seconds

The proxy is the one that is shipped, with TLS. Texts and contacts are written by the same rules as real ones.
"""

from __future__ import annotations

import argparse
import sys

from benchmarks.stage.command import new_parser, run_installed


def parse(arguments: list[str]) -> argparse.Namespace:
    parser = new_parser("sizes", __doc__, quick="few lines, few texts")
    parser.add_argument("--lines", type=int, default=1000)
    parser.add_argument("--texts", type=int, default=20_000)
    return parser.parse_args(arguments)


def main(arguments: list[str]) -> int:
    """0 unless somebody who waited was cut off, or heard what she should not."""
    chosen = parse(arguments)
    if chosen.quick:
        chosen.lines, chosen.texts = 50, 500

    def measure() -> int:
        from benchmarks.stage.sizing import measure_sizes

        return measure_sizes(chosen)

    return run_installed(measure)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
