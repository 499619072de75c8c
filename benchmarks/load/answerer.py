"""A counsellor at work: her desk tells her of the queue, she claims over HTTP as her browser does, and answers."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from benchmarks.load.http import ask
from benchmarks.load.link import Link
from benchmarks.load.party import Clock, Entrance, Party, hear

PATH = "/ws/counsellor/"
WAITING = re.compile(rb'data-waiting-id="([0-9a-f-]{36})"')
FORM = "Content-Type: application/x-www-form-urlencoded\r\nX-Fragment: 1\r\n"

Held = Callable[["Answerer", Party, str], Awaitable[None]]
"""What she does with a conversation that she has claimed: her side of it, and its public id."""


@dataclass
class Answerer:
    """`cookie` holds her session and `form_token`. She holds at most `most` chats at once."""

    cookie: str
    form_token: str
    clock: Clock
    held: Held
    most: int = 4
    holding: int = 0
    claimed: int = 0
    late: int = 0
    faults: list[str] = field(default_factory=list)
    link: Link | None = None
    chats: set[asyncio.Task[None]] = field(default_factory=set)
    _changed: asyncio.Event = field(default_factory=asyncio.Event)
    _looking: asyncio.Task[None] | None = None

    async def start(self, port: int) -> None:
        self._port = port
        self.link = await Link.connect(port, PATH, on_text=self._take, on_close=self._closed, headers=self._cookie())
        self.link.send(b'{"type":"hello"}')
        self._looking = asyncio.create_task(self._look())

    async def stop(self) -> None:
        """She takes nobody new, and leaves her desk and her chats."""
        for task in [self._looking, *self.chats]:
            if task is not None:
                task.cancel()
        link, self.link = self.link, None
        if link is not None:
            link.close()

    def _take(self, text: bytes) -> None:
        if hear(text).type == "queue":
            self._changed.set()

    def _closed(self, code: int) -> None:
        if self.link is not None:
            self.faults.append(f"desk closed with {code}")

    async def _look(self) -> None:
        """One look at a time, and again when the queue has changed meanwhile: as the desk's script does."""
        while True:
            await self._changed.wait()
            self._changed.clear()
            queue = await ask(self._port, "GET", "/counsellor/queue/", headers=self._cookie())
            if queue.status != 200:
                self.faults.append(f"queue {queue.status}")
            await self._claim_first(WAITING.findall(queue.body))

    async def _claim_first(self, waiting: list[bytes]) -> None:
        for name in waiting:
            if self.holding >= self.most:
                return
            await self._claim(name.decode())

    async def _claim(self, public_id: str) -> None:
        answer = await self.submit(f"/counsellor/conversations/{public_id}/claim/")
        if answer != 200:
            self.late += answer == 409
            if answer not in (404, 409):
                self.faults.append(f"claim {answer}")
            return
        self.holding += 1
        self.claimed += 1
        task = asyncio.create_task(self._hold(public_id))
        self.chats.add(task)
        task.add_done_callback(self.chats.discard)

    async def _hold(self, public_id: str) -> None:
        hello = json.dumps({"type": "hello", "conversation": public_id}).encode()
        party = Party(Entrance(0, "counsellor", PATH, hello, self._cookie()), self.clock)
        try:
            await party.connect(self._port)
            await self.held(self, party, public_id)
        except (OSError, TimeoutError) as error:
            self.faults.append(f"chat: {error!r}")
        finally:
            party.leave()
            self.holding -= 1
            self._changed.set()

    async def submit(self, path: str) -> int:
        """The status of a form that she sends."""
        body = f"csrfmiddlewaretoken={self.form_token}".encode()
        return (await ask(self._port, "POST", path, headers=self._cookie() + FORM, body=body)).status

    def _cookie(self) -> str:
        return f"Cookie: {self.cookie}\r\n"
