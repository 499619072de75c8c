"""What a benchmark is to reach, and whether it did."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path


@dataclass(frozen=True)
class Target:
    """One line of the closing table: `wanted` and `found` in words. `reached` is None when it was not measured."""

    what: str
    wanted: str
    found: str
    reached: bool | None

    @property
    def verdict(self) -> str:
        return VERDICTS[self.reached]


VERDICTS = {True: "reached", False: "NOT REACHED", None: "NOT MEASURED (too few quiet rounds)"}


def print_targets(targets: Sequence[Target]) -> None:
    """The closing table: what was wanted, what was found."""
    widths = [max((len(text) for text in column), default=0) for column in zip(*map(_cells, targets), strict=True)]
    print()
    for target in targets:
        cells = [cell.ljust(width) for cell, width in zip(_cells(target), widths, strict=True)]
        print("  " + "  ".join(cells).rstrip())


def _cells(target: Target) -> tuple[str, str, str, str]:
    return target.what, target.wanted, target.found, target.verdict


def write_findings(path: str | None, targets: Sequence[Target], **found: object) -> None:
    """What `--json` keeps, when it was asked for."""
    if path:
        told = [{**asdict(target), "verdict": target.verdict} for target in targets]
        Path(path).write_text(json.dumps({"targets": told, **found}, indent=1))
