"""Compiles the translations that have changed. Runs inside the virtual environment: python -m scripts.catalogues"""

from __future__ import annotations

import sys
from pathlib import Path

from babel.messages.mofile import write_mo
from babel.messages.pofile import PoFileError, read_po

from scripts.machine import ROOT


def catalogue_paths() -> list[Path]:
    return sorted(ROOT.glob("*/locale/*/LC_MESSAGES/*.po"))


def is_stale(source: Path) -> bool:
    compiled = source.with_suffix(".mo")
    return not compiled.exists() or compiled.stat().st_mtime < source.stat().st_mtime


def compile_catalogue(source: Path) -> list[str]:
    """Write the .mo beside `source`. Returns what is wrong with it, one sentence each; then nothing is written."""
    try:
        with source.open("rb") as file:
            catalogue = read_po(file, locale=source.parts[-3], abort_invalid=True)
    except PoFileError as error:
        return [f"{source}: {error}"]
    wrong = [f"{source}:{message.lineno}: {error}" for message, errors in catalogue.check() for error in errors]
    if not wrong:
        # Written whole and then moved, so that a server that starts just now never reads half a catalogue.
        unfinished = source.with_suffix(".mo.new")
        with unfinished.open("wb") as file:
            write_mo(file, catalogue)
        unfinished.replace(source.with_suffix(".mo"))
    return wrong


def main() -> int:
    wrong = [sentence for source in catalogue_paths() if is_stale(source) for sentence in compile_catalogue(source)]
    for sentence in wrong:
        print(sentence, file=sys.stderr)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
