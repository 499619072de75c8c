"""Tables on the terminal."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence


def print_table(title: str, columns: Sequence[str], rows: Mapping[str, Sequence[str]]) -> None:
    lines = [["", *columns], *([name, *cells] for name, cells in rows.items())]
    widths = [max(len(line[place]) for line in lines) for place in range(len(columns) + 1)]
    print(f"\n{title}")
    for line in lines:
        cells = [cell.rjust(width) for cell, width in zip(line[1:], widths[1:], strict=True)]
        print("  " + "  ".join([line[0].ljust(widths[0]), *cells]))


def print_row(title: str, cells: Mapping[str, str]) -> None:
    """A table of Chatline alone."""
    print_table(title, list(cells), {"Chatline": list(cells.values())})


def print_counted(faults: Sequence[str]) -> None:
    for fault, times in sorted(Counter(faults).items()):
        print(f"  {times} × {fault}")
