"""Whether the disk stands still, whoever is to blame: a virtual machine shares it with others."""

from __future__ import annotations

import os
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

PAUSE_SECONDS = 0.02
USUAL_SECONDS = 0.01
"""A small write that is through within this has not waited."""


class Disk:
    """Has a small write made again and again. `write` returns when it is through to the disk."""

    def __init__(self, write: Callable[[], object]) -> None:
        self._write, self._waited = write, 0.0
        self._since: float | None = None
        self._stopped = threading.Event()

    def write_on(self) -> None:
        while not self._stopped.wait(PAUSE_SECONDS):
            self._since = time.monotonic()
            self._write()
            self._note(time.monotonic() - self._since)
            self._since = None

    def _note(self, seconds: float) -> None:
        if seconds > USUAL_SECONDS:
            self._waited += seconds

    def waited(self) -> float:
        """Seconds of waiting since it was asked last; a write that still waits counts with its age."""
        waited, since, self._waited = self._waited, self._since, 0.0
        age = time.monotonic() - since if since is not None else 0.0
        return waited + (age if age > USUAL_SECONDS else 0.0)

    def stop(self) -> None:
        self._stopped.set()


@contextmanager
def watched_disk() -> Iterator[Disk]:
    """The one with the databases of a trial: they lie in the folder for what is temporary, too."""
    with tempfile.TemporaryFile(prefix="chatline-disk-", buffering=0) as file:

        def write() -> None:
            os.pwrite(file.fileno(), bytes(512), 0)
            os.fsync(file.fileno())

        disk = Disk(write)
        thread = threading.Thread(target=disk.write_on)
        thread.start()
        try:
            yield disk
        finally:
            disk.stop()
            thread.join()
