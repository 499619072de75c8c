"""A visitor from the first request on: she opens a conversation over HTTP, says hello, waits, chats and leaves."""

from __future__ import annotations

import asyncio
import json
import time
import uuid
from dataclasses import dataclass, field

from benchmarks.load.http import ask
from benchmarks.load.party import Clock, Entrance, Party, hear

CAP = "queue_full"
"""The announced cap: the one refusal that is meant."""
TOLD_WITHIN_SECONDS = 60.0
PATH = "/ws/visitor/"
JSON = "Content-Type: application/json\r\n"


@dataclass
class Caller(Party):
    """`welcomed_seconds` after she pressed the button: the welcome and her place in the queue, or her counsellor."""

    device: str = "127.0.0.1"
    helpline: str = ""
    public_id: str = ""
    token: str = ""
    refused: str = ""
    place: int = 0
    epoch: int | None = None
    welcomed_seconds: float = 0.0
    arrived_at: float = field(default_factory=time.perf_counter)

    async def arrive(self, port: int) -> None:
        """Open, connect, and wait until she knows where she stands. `refused` says why not."""
        self.arrived_at = time.perf_counter()
        path, body = f"/{self.helpline}/conversations/", b'{"language": "nb"}'
        headers = f'{JSON}Idempotency-Key: "{uuid.uuid4()}"\r\n'
        answer = await ask(port, "POST", path, headers=headers, body=body, device=self.device)
        if answer.status != 201:
            is_problem = answer.body.startswith(b"{")
            self.refused = answer.json()["code"] if is_problem else f"status {answer.status}"
            return
        opened = answer.json()
        self.public_id, self.token = opened["conversation"], opened["token"]
        await self.resume(port)
        async with asyncio.timeout(TOLD_WITHIN_SECONDS):
            await self._told

    async def resume(self, port: int) -> None:
        """Connect, first or again, after what she has."""
        self._told = asyncio.get_running_loop().create_future()
        hello = {"type": "hello", "token": self.token, "epoch": self.epoch, "after": self.last}
        self.entrance = Entrance(0, "visitor", PATH, json.dumps(hello).encode())
        await self.connect(port)

    def take(self, text: bytes) -> None:
        frame = hear(text)
        if frame.type == "queue":
            self.place = frame.place
            self._note_told()
        elif frame.type == "state" and frame.state == "active":
            self._note_told()
        elif frame.type == "welcome":
            self.epoch = json.loads(text)["epoch"]
        super().take(text)

    def _note_told(self) -> None:
        if not self.welcomed_seconds:
            self.welcomed_seconds = time.perf_counter() - self.arrived_at
        if not self._told.done():
            self._told.set_result(None)

    async def end(self, port: int, *, erase: bool) -> int:
        """End it, or end and erase it; the status of the answer."""
        method, rest = ("DELETE", "") if erase else ("POST", "end/")
        path = f"/{self.helpline}/conversations/current/{rest}"
        headers = f"Authorization: Bearer {self.token}\r\n"
        return (await ask(port, method, path, headers=headers, device=self.device)).status


def new_caller(device: str, clock: Clock, *, helpline: str) -> Caller:
    return Caller(Entrance(0, "visitor", PATH), clock, device=device, helpline=helpline)
