"""A clock that may be put forward and back while the processes that go by it run (Debian's libfaketime)."""

from __future__ import annotations

from pathlib import Path

from scripts.machine import Missing, find_program, missing_sentence


class Clock:
    """The clock of every process that is started with `environment`. Raises `Missing` without libfaketime."""

    def __init__(self, folder: Path) -> None:
        self._file = folder / "clock"
        self.put("+0")
        self.environment = {
            "LD_PRELOAD": library(),
            "FAKETIME_TIMESTAMP_FILE": str(self._file),
            "FAKETIME_NO_CACHE": "1",
            # What tells how long something took cannot be changed by whoever puts a clock right.
            "FAKETIME_DONT_FAKE_MONOTONIC": "1",
            "DONT_FAKE_MONOTONIC": "1",
            # Else every wait of a thread for another takes seconds.
            "FAKETIME_FORCE_MONOTONIC_FIX": "0",
        }

    def put(self, offset: str) -> None:
        """For example "+1d", "-1d" and, right again, "+0"."""
        fresh = self._file.with_suffix(".new")
        fresh.write_text(offset + "\n")
        fresh.replace(self._file)


def library() -> str:
    if not find_program("faketime"):
        raise Missing(missing_sentence("faketime"))
    found = sorted(Path("/usr/lib").glob("*/faketime/libfaketimeMT.so.1"))
    if not found:
        raise Missing("The library of faketime is not where Debian puts it.")
    return str(found[0])
