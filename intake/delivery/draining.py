"""Whether this process is on its way out: set once, on SIGTERM."""

from __future__ import annotations

_draining = False


def is_draining() -> bool:
    return _draining


def begin_draining() -> None:
    global _draining
    _draining = True
