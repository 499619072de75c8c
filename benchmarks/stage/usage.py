"""Who uses the machine: processor seconds and memory, from /proc."""

from __future__ import annotations

import os
import time
from collections.abc import Iterable
from pathlib import Path

import redis
from django.db import connection

TICKS = os.sysconf("SC_CLK_TCK")
PAGE_BYTES = os.sysconf("SC_PAGE_SIZE")


class Usage:
    """Processor seconds so far of the server, its database and Redis, this client, and of the whole machine."""

    def __init__(self, server_pid: int) -> None:
        self._server = server_pid
        self._database = parent_of(_backend_pid())
        with redis.Redis.from_url(os.environ["REDIS_URL"]) as client:
            self._redis = int(client.info("server")["process_id"])

    def __call__(self) -> dict[str, float]:
        return {
            "server": processor_seconds([self._server]),
            "database": processor_seconds([self._database, *children_of(self._database)], with_ended_children=True),
            "redis": processor_seconds([self._redis]),
            "client": time.process_time(),
            "machine": machine_seconds(),
        }


def _backend_pid() -> int:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        return int(cursor.fetchone()[0])


def _stat(pid: int) -> list[str]:
    """The fields of /proc/PID/stat after the name, which may hold spaces; empty when it has ended."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return []


def processor_seconds(pids: Iterable[int], *, with_ended_children: bool = False) -> float:
    """User and system time of these processes, all threads."""
    last = 15 if with_ended_children else 13
    return sum(sum(map(int, _stat(pid)[11:last])) for pid in pids) / TICKS


def parent_of(pid: int) -> int:
    return int(_stat(pid)[1])


def children_of(pid: int) -> list[int]:
    everybody = [int(path.name) for path in Path("/proc").iterdir() if path.name.isdecimal()]
    return [child for child in everybody if (stat := _stat(child)) and int(stat[1]) == pid]


def machine_seconds(stat: Path = Path("/proc/stat")) -> float:
    """User, nice and system time of every process there is, and what the machine's host has taken from all of them."""
    user, nice, system, _idle, _iowait, _irq, _softirq, steal = stat.read_text().split()[1:9]
    return (int(user) + int(nice) + int(system) + int(steal)) / TICKS


def resident_bytes(pid: int) -> int:
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * PAGE_BYTES
