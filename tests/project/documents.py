"""The documents as tests read them: headings, tables, and names in backticks."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

from scripts.machine import ROOT

DOCS = ROOT / "docs"
Row = dict[str, str]


def document(name: str, *, folder: Path = DOCS) -> str:
    return (folder / name).read_text()


def headings(text: str) -> set[str]:
    return {line.lstrip("#").strip() for line in text.splitlines() if re.match(r"#{1,6} ", line)}


def section(text: str, heading: str) -> str:
    """What stands under `heading`, its own subsections included."""
    lines = text.splitlines()
    start = next(number for number, line in enumerate(lines) if line.lstrip("#").strip() == heading and line[:1] == "#")
    level = len(lines[start]) - len(lines[start].lstrip("#"))
    rest = lines[start + 1 :]
    end = next((n for n, line in enumerate(rest) if re.match(rf"#{{1,{level}}} ", line)), len(rest))
    return "\n".join(rest[:end])


def rows(text: str) -> list[Row]:
    """The rows of every table in `text`, by column heading."""
    found: list[Row] = []
    columns: list[str] | None = None
    for line in text.splitlines():
        if not line.startswith("|"):
            columns = None
            continue
        cells = [cell.strip().replace("\\|", "|") for cell in re.split(r"(?<!\\)\|", line)[1:-1]]
        if columns is None:
            columns = cells
        elif not set("".join(cells)) <= set("-: "):
            found.append(dict(zip(columns, cells, strict=True)))
    return found


def names(text: str) -> list[str]:
    """Everything in backticks, in its order."""
    return re.findall(r"`([^`]+)`", text)


def one_name(cell: str) -> str:
    (name,) = names(cell)
    return name


def sources() -> Iterator[tuple[Path, str]]:
    """Every text file of the project, by its path from the root."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    for name in filter(None, listed.split("\0")):
        path = ROOT / name
        if path.is_file() and path.suffix not in {".png", ".po", ".svg"} and not name.startswith("static/vendor/"):
            yield Path(name), path.read_text(errors="replace")
