"""A client that keeps to docs/protocol.md and writes down what it does and sees. One side of one conversation.

It writes one message at a time and sends it again until it is told, as a browser's page does, and comes back after
every break by the rules of "The client".
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import random
import time
import uuid
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field
from typing import Any

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import InvalidHandshake, WebSocketException
from websockets.typing import Subprotocol

from tests.faults.checker import canary
from tests.faults.comeback import Comeback
from tests.faults.history import End, History, Operation, Reading, Shown

FIRST_WAIT_SECONDS = 1.0
LONGEST_WAIT_SECONDS = 4.0
TRY_SECONDS = 4.0
SLOW_TRY_SECONDS = 15.0
SLOW_AFTER_SECONDS = 90.0
SENT_QUIET_SECONDS = 2.0
QUIET_SECONDS = 10.0
ANSWER_SECONDS = 3.0
AGAIN_SECONDS = 5.0
LOOK_SECONDS = 0.25
DISPLAYED_EVERY = 4
FINAL_CODES = {1008, 4401, 4410}
FINAL_ERRORS = {"conflicting_retry", "ended", "malformed", "not_permitted", "too_long", "unknown_conversation"}

Address = Callable[[], str]
"""Where to connect now, for example "ws://127.0.0.1:8000"."""


@dataclass(frozen=True, slots=True)
class Entrance:
    """How one side of a conversation gets in: path, fields of its hello, its browser's cookie."""

    conversation: int
    role: str
    path: str
    hello: dict[str, str]
    cookie: str = ""


@dataclass
class Party:
    """`pause` gives the seconds between an answer and the next message. `links` counts connections; `stopped_by` is a
    close code that forbids to come back."""

    entrance: Entrance
    history: History
    address: Address
    pause: Callable[[], float]
    name: str = ""
    mute: bool = False
    filler: str = ""
    after: int = 0
    epoch: int | None = None
    head: int = 0
    links: int = 0
    heard_at: float = 0.0
    welcomed_at: float = 0.0
    acked_at: float = 0.0
    stopped_by: int | None = None
    late_errors: dict[str, int] = field(default_factory=dict)
    comeback: Comeback = field(default_factory=Comeback)
    reading: Reading = field(init=False)
    _link: ClientConnection | None = None
    _attempt: int = 0
    _outstanding: Operation | None = None
    _on_screen: dict[int, Shown] = field(default_factory=dict)
    _mine: dict[str, Operation] = field(default_factory=dict)
    _answered: asyncio.Event = field(default_factory=asyncio.Event)
    _retry_after: float = 0.0
    _drain_at: float | None = None
    _took: float | None = None
    _lost_at: float | None = None
    _in_vain: bool = False
    _asked_at: float = 0.0
    _tasks: list[asyncio.Task[None]] = field(default_factory=list)
    _written: int = 0
    _sent_at: float = 0.0
    _said_at: float = 0.0

    def __post_init__(self) -> None:
        self.name = self.name or f"{self.entrance.role}-{self.entrance.conversation}-{uuid.uuid4().hex[:4]}"
        self.reading = self.history.read(self.name, conversation=self.entrance.conversation, role=self.entrance.role)

    # -- its life ---------------------------------------------------------------------------------------------
    def start(self) -> None:
        self._tasks = [asyncio.create_task(self._stay_connected()), asyncio.create_task(self._write_on())]

    @property
    def connected(self) -> bool:
        return self._link is not None and self.welcomed_at > 0

    @property
    def answered(self) -> bool:
        """Whether nothing it wrote is on its way."""
        return self._outstanding is None

    def has_seen(self, head: int) -> bool:
        return self.stopped_by is not None or self.after >= head

    def fall_silent(self) -> None:
        """Write nothing new; what is on its way is still sent until it is answered."""
        self.mute = True

    def move_to(self, address: Address) -> None:
        """Another network: the link breaks, and the next one is taken there."""
        self.address = address
        if self._link is not None:
            link, self._link = self._link, None
            link.transport.abort()

    async def vanish(self) -> None:
        """The tab is closed in the middle of whatever it did: what is on its way ends as unknown."""
        self.reading.alive = False
        if self._outstanding is not None:
            self._outstanding.finish(End.UNKNOWN)
            self._outstanding = None
        await self.leave()

    async def leave(self) -> None:
        # Asked again until it ends: a gathering that fails in the moment of its cancellation swallows it.
        while running := [task for task in self._tasks if not task.done()]:
            for task in running:
                task.cancel()
            await asyncio.wait(running, timeout=0.2)
        if self._link is not None:
            link, self._link = self._link, None
            link.transport.abort()

    # -- the connection ---------------------------------------------------------------------------------------
    async def _stay_connected(self) -> None:
        while self.stopped_by is None:
            self._retry_after, self._drain_at, self._asked_at, self._in_vain = 0.0, None, 0.0, False
            code = await self._be_connected_once()
            self._link = None
            if code in FINAL_CODES:
                self.stopped_by = self.reading.stopped_by = code
                self._answered.set()
                return
            await asyncio.sleep(self._delay(code))

    def _delay(self, code: int | None) -> float:
        self._attempt += 1
        if self._in_vain:
            return random.uniform(0, FIRST_WAIT_SECONDS)
        jitter = random.uniform(0, min(LONGEST_WAIT_SECONDS, FIRST_WAIT_SECONDS * 2 ** (self._attempt - 1)))
        if code == 1013:
            return self._retry_after + (random.uniform(0, FIRST_WAIT_SECONDS) if self._retry_after else jitter)
        if self._drain_at is not None:
            return max(0.0, self._drain_at - time.monotonic())
        return jitter

    async def _be_connected_once(self) -> int | None:
        """Connect, listen until the link ends, and say with which close code, or None."""
        headers = {"Cookie": self.entrance.cookie} if self.entrance.cookie else None
        link: ClientConnection | None = None
        began_at = time.monotonic()
        try:
            async with asyncio.timeout(self._patience(began_at)):
                link = await connect(
                    f"{self.address()}{self.entrance.path}",
                    subprotocols=[Subprotocol("helpline.v1")],
                    additional_headers=headers,
                    compression=None,
                    ping_interval=None,
                    proxy=None,
                    open_timeout=None,
                    close_timeout=1,
                    max_size=None,
                )
                self.links += 1
                await link.send(
                    json.dumps({"type": "hello", **self.entrance.hello, "epoch": self.epoch, "after": self.after})
                )
                self.comeback.note_question()
                self._hear(json.loads(await link.recv()), link)
            self._took = time.monotonic() - began_at
            await until_one_fails(self._listen(link), self._give_up_when_due())
        except (TimeoutError, _Unanswered):
            self._in_vain = True
        except (OSError, WebSocketException, InvalidHandshake, ValueError, _Moved):
            pass
        finally:
            self._link = None
            if link is not None:
                link.transport.abort()
        return link.close_code if link is not None and link.close_code != 1006 else None

    def _patience(self, now: float) -> float:
        """How long a try may take, from opening the socket to the welcome."""
        self._lost_at = self._lost_at or now
        if self._took is None or now - self._lost_at >= SLOW_AFTER_SECONDS:
            return SLOW_TRY_SECONDS
        return min(SLOW_TRY_SECONDS, max(TRY_SECONDS, 2 * self._took))

    async def _listen(self, link: ClientConnection) -> None:
        while True:
            self._hear(json.loads(await link.recv()), link)

    async def _give_up_when_due(self) -> None:
        """The server drains and our drawn moment has come, or the link is open and does not answer."""
        while True:
            await asyncio.sleep(LOOK_SECONDS)
            now = time.monotonic()
            if self._drain_at is not None and now >= self._drain_at:
                raise _Moved
            self._ask_when_silent(now)
            if self._outstanding and self._sent_at and now - self._sent_at > AGAIN_SECONDS:
                self._send_outstanding()

    def _ask_when_silent(self, now: float) -> None:
        if self._asked_at and self.heard_at >= self._asked_at:
            self._asked_at = 0.0
        if self._asked_at:
            if now - self._asked_at > ANSWER_SECONDS:
                raise _Unanswered
            return
        unanswered = self._said_at > self.heard_at and now - self._said_at > SENT_QUIET_SECONDS
        if unanswered or now - self.heard_at > QUIET_SECONDS:
            self._asked_at = now
            self._say(type="sync", after=self.after)

    # -- what it hears ----------------------------------------------------------------------------------------
    def _hear(self, frame: dict[str, Any], link: ClientConnection) -> None:
        self.heard_at = time.monotonic()
        self.comeback.note(frame["type"])
        match frame["type"]:
            case "welcome":
                self._welcome(frame, link)
            case "message":
                self._show(frame)
            case "ack":
                self._take_ack(frame["origin_id"], frame["seq"])
            case "head":
                self._notice_head(frame["head"])
            case "gap":
                self.epoch, self.after, self.head = frame["epoch"], 0, 0
                self.reading.drop()
                self._on_screen.clear()
                self._say(type="sync", after=0)
            case "error":
                self._be_refused(frame)
            case "drain":
                self._drain_at = time.monotonic() + frame["reconnect_in"] / 1000

    def _welcome(self, frame: dict[str, Any], link: ClientConnection) -> None:
        self._attempt = 0
        self._lost_at = None
        self._link = link
        self.welcomed_at = time.monotonic()
        self.epoch = frame["epoch"] if self.epoch is None else self.epoch
        self.head = max(self.head, frame["head"])
        self._send_outstanding()

    def _show(self, frame: dict[str, Any]) -> None:
        seq = frame["seq"]
        came = Shown(seq, frame["origin_id"], frame["role"], frame["body"], time.monotonic(), self.welcomed_at)
        if seq <= self.after:
            self.reading.repeats += 1
            if not came.is_same(self._on_screen.get(seq)):
                self.reading.contradictions.append(came)
            return
        if self.is_gap(seq):
            self.reading.early.append(came)
            self._say(type="sync", after=self.after)
            return
        self.after = seq
        self.head = max(self.head, seq)
        self._on_screen[seq] = came
        self.reading.shown.append(came)
        if seq % DISPLAYED_EVERY == 0:
            self._say(type="displayed", seq=seq)

    def is_gap(self, seq: int) -> bool:
        return seq != self.after + 1

    def _notice_head(self, head: int) -> None:
        self.head = max(self.head, head)
        if self.head > self.after:
            self._say(type="sync", after=self.after)

    def _be_refused(self, frame: dict[str, Any]) -> None:
        code, origin_id = frame["code"], frame.get("origin_id")
        self.late_errors[code] = self.late_errors.get(code, 0) + 1
        wait = frame.get("retry_after") or 0.0
        if origin_id is None:
            self._retry_after = wait
        elif code in FINAL_ERRORS:
            self._end(origin_id, End.FAIL)
        else:
            self._sent_at = 0.0
            asyncio.get_running_loop().call_later(max(0.1, min(wait, 5.0)), self._send_outstanding)

    def probe(self) -> None:
        """Ask the application at the other end whether it is there, if nobody has asked it since all was healed."""
        if self.connected and self.comeback.wants_question:
            self._say(type="sync", after=self.after)

    # -- what it writes ---------------------------------------------------------------------------------------
    async def _write_on(self) -> None:
        while self.stopped_by is None:
            await asyncio.sleep(self.pause())
            if self.mute or not self.connected:
                continue
            self._answered.clear()
            self._written += 1
            self._outstanding = self.history.invoke(
                conversation=self.entrance.conversation,
                role=self.entrance.role,
                sender=self.name,
                origin_id=str(uuid.uuid4()),
                body=f"{canary(self.entrance.conversation)} {self.name} skriver {self._written}{self.filler}",
            )
            self._mine[self._outstanding.origin_id] = self._outstanding
            self._send_outstanding()
            await self._answered.wait()

    def _send_outstanding(self) -> None:
        if (one := self._outstanding) is not None and self._say(type="message", origin_id=one.origin_id, body=one.body):
            one.tries += 1
            self._sent_at = time.monotonic()
            # The first of what is not answered counts: said again, it must not push the question away.
            if self._said_at <= self.heard_at:
                self._said_at = self._sent_at

    def _take_ack(self, origin_id: str, seq: int) -> None:
        if (one := self._mine.get(origin_id)) is None:
            self.reading.strange_acks.append(origin_id)
            return
        one.told.add(seq)
        self._end(origin_id, End.OK, seq=seq)

    def _end(self, origin_id: str, end: End, *, seq: int = 0) -> None:
        one = self._outstanding
        if one is not None and one.origin_id == origin_id:
            one.finish(end, seq=seq)
            # Not when it is said once more: that somebody is answered again tells nothing.
            self.acked_at = one.ended_at if end is End.OK else self.acked_at
            self._outstanding, self._sent_at = None, 0.0
            self._answered.set()

    def _say(self, **frame: object) -> bool:
        """Write a frame if there is a link; never waits. What is not written is said again after the next welcome."""
        if self._link is None:
            return False
        with contextlib.suppress(WebSocketException, OSError, RuntimeError):
            self._link.protocol.send_text(json.dumps(frame).encode())
            self._link.send_data()
            if frame["type"] in ("sync", "message"):
                self.comeback.note_question()
            return True
        return False


async def until_one_fails(*works: Coroutine[Any, Any, None]) -> None:
    """Do them all until one raises, and raise that; none goes on afterwards.

    No TaskGroup: one that fails leaves its task asked to end for ever, and no timeout works there any more.
    """
    tasks = [asyncio.create_task(work) for work in works]
    try:
        await asyncio.gather(*tasks)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


class _Moved(Exception):
    """This link is given up for a new one."""


class _Unanswered(Exception):
    """This link is open, and nobody is there."""
