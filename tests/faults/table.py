"""The fault table: one row a fault and database."""

from __future__ import annotations

from collections.abc import Sequence

from tests.faults.trial import Result

COLUMNS = (
    "fault",
    "database",
    "times",
    "acked",
    "unknown",
    "lost",
    "doubled",
    "reordered",
    "other",
    "back p95",
    "resumed",
    "late",
    "calm",
    "s",
    "",
)
FIRST = ("lost", "doubled", "reordered")


def row(result: Result) -> list[str]:
    counts = result.counts
    other = sum(number for kind, number in counts.items() if kind not in FIRST)
    notes = ", ".join(f"{what} {figure}" for what, figure in result.notes.items())
    return [
        result.fault,
        result.database,
        str(result.injections),
        f"{result.acked:,}",
        str(result.unknown),
        *(str(counts.get(kind, "–")) for kind in FIRST),
        str(other if counts else "–"),
        f"{result.back_p95:.1f} s",
        f"{result.resume:.1f} s",
        f"{result.late:.1f} s",
        f"{result.calm_late:.1f} s",
        f"{result.seconds:.0f}",
        ("ok" if result.good else "FAILED") + (f"  {notes}" if notes else ""),
    ]


def print_results(results: Sequence[Result]) -> None:
    lines = [list(COLUMNS), *map(row, results)]
    widths = [max(len(line[place]) for line in lines) for place in range(len(COLUMNS))]
    print("\nFaults under load")
    for line in lines:
        cells = [
            cell.ljust(width) if place in (0, 1, len(COLUMNS) - 1) else cell.rjust(width)
            for place, (cell, width) in enumerate(zip(line, widths, strict=True))
        ]
        print("  " + "  ".join(cells).rstrip())
    for result in results:
        for failure in result.failures:
            print(f"  {result.fault} ({result.database}): {failure}")
