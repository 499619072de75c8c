"""Frames on sockets that are open already, again and again, whatever comes back.

    python -m tests.faults.pinging SECONDS FD ... < FRAMES

It is a process of its own, so that it costs the harness nothing: it says `pinging` once it is at it, and in the end how
many bytes it got rid of.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Sequence
from contextlib import suppress

TICK_SECONDS = 0.005


def write_on(frames: bytes, sockets: Sequence[int], *, seconds: float) -> int:
    """Bytes that the system took."""
    until, written = time.monotonic() + seconds, 0
    while time.monotonic() < until:
        for one in sockets:
            with suppress(OSError):
                written += os.write(one, frames)
        time.sleep(TICK_SECONDS)
    return written


if __name__ == "__main__":
    given = sys.stdin.buffer.read()
    print("pinging", flush=True)
    print(write_on(given, [int(fd) for fd in sys.argv[2:]], seconds=float(sys.argv[1])))
