"""Listens to Redis, and reads logs, for what visitors and counsellors write: neither may ever hold a word of it."""

from __future__ import annotations

import asyncio
import contextlib
import re
from collections.abc import Iterable
from pathlib import Path

from tests.faults.checker import Finding
from tests.faults.servers import Redis

SAID = re.compile(rb"<(\d+)> (?:visitor|counsellor)-")
"""How every text of the load begins: its conversation's canary and its writer."""
AGAIN_SECONDS = 0.2
CHUNK = 1 << 16


class Eavesdropper:
    """Hears every command that Redis is given, whenever it is there, from `start` to `stop`."""

    def __init__(self, redis: Redis) -> None:
        self._redis = redis
        self.heard: dict[int, int] = {}
        """How often each conversation was talked about."""
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        self._task = asyncio.create_task(self._listen_on())

    async def stop(self) -> None:
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait([self._task])

    async def _listen_on(self) -> None:
        while True:
            with contextlib.suppress(OSError):
                await self._listen()
            await asyncio.sleep(AGAIN_SECONDS)

    async def _listen(self) -> None:
        reader, writer = await asyncio.open_connection(self._redis.host, self._redis.port)
        try:
            writer.write(b"MONITOR\r\n")
            rest = b""
            while data := await reader.read(CHUNK):
                *lines, rest = (rest + data).split(b"\n")
                for conversation in said_in(lines):
                    self.heard[conversation] = self.heard.get(conversation, 0) + 1
        finally:
            writer.transport.abort()

    def findings(self) -> list[Finding]:
        return [
            Finding("leaked", conversation, f"its texts went through Redis {times} times")
            for conversation, times in self.heard.items()
        ]


def said_in(lines: Iterable[bytes]) -> list[int]:
    """The conversations that the lines tell something of."""
    return [int(found) for line in lines for found in SAID.findall(line)]


def read_logs(logs: Iterable[Path]) -> list[Finding]:
    findings: list[Finding] = []
    for log in logs:
        if log.exists():
            with log.open("rb") as lines:
                findings += [Finding("leaked", one, f"its texts are in {log.name}") for one in set(said_in(lines))]
    return findings
