"""The open TCP connections of this machine or of another process's network, as the system lists them (proc(5))."""

from __future__ import annotations

from pathlib import Path

ESTABLISHED = "01"
KEEPALIVE = 2
"""Of the timers, the one of a line that is given up when nothing comes."""


def lines_to(port: int, *, pid: int | str = "self") -> list[int]:
    """The timer that each open connection to this port waits for, in the network that the process is in."""
    sockets = [line.split() for line in Path(f"/proc/{pid}/net/tcp").read_text().splitlines()[1:]]
    return [
        int(timer.partition(":")[0])
        for _, _, to, state, _, timer, *_ in sockets
        if to.endswith(f":{port:04X}") and state == ESTABLISHED
    ]
