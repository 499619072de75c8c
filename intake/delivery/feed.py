"""One socket's view of one conversation: a cursor that pulls, and the only place that writes to the socket.

No bodies are queued here. At most `WINDOW_MESSAGES` go out beyond what the client has confirmed as displayed.
"""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from typing import Protocol

from django.conf import settings

from intake.delivery import frames
from intake.delivery.eager import begin
from intake.delivery.frames import ServerFrame, encode
from intake.delivery.measures import delivered
from intake.rules.snapshots import Snapshot

logger = logging.getLogger(__name__)

Numbered = tuple[int, str]
"""A message's `seq` and its encoded frame."""


FINISH_SECONDS = 5.0
STUCK_SECONDS = 45.0
PULL_AGAIN_SECONDS = 1.0


class Source(Protocol):
    """Where a feed gets what comes after its cursor."""

    async def messages_after(self, conversation_id: int, after: int) -> Sequence[Numbered] | None: ...

    def caught_up(self, conversation_id: int) -> None: ...


class Feed:
    """`role` is "visitor" or "counsellor"; `user_id` the counsellor's."""

    __slots__ = (
        "_again",
        "_closing",
        "_control",
        "_due",
        "_loop",
        "_past",
        "_queue",
        "_said",
        "_send",
        "_sending_since",
        "_source",
        "_task",
        "_window",
        "confirmed",
        "cursor",
        "gone",
        "head",
        "role",
        "session_key",
        "snapshot",
        "user_id",
    )

    def __init__(
        self,
        snapshot: Snapshot,
        *,
        role: str,
        send: Callable[[dict[str, object]], Awaitable[None]],
        source: Source,
        user_id: int | None = None,
        session_key: str | None = None,
    ) -> None:
        self.snapshot, self.role, self.user_id, self.session_key = snapshot, role, user_id, session_key
        self.cursor = self.confirmed = 0
        self.head = snapshot.head
        self.gone = False
        self._send, self._source = send, source
        self._loop, self._window = asyncio.get_running_loop(), settings.WINDOW_MESSAGES
        self._control: deque[str] | None = None
        self._queue: frames.Queue | None = None
        self._closing: int | None = None
        self._sending_since: float | None = None
        self._due = False
        self._past = 0
        self._said: asyncio.Future[None] | None = None
        self._task: asyncio.Task[None] | None = None
        self._again: asyncio.TimerHandle | None = None

    @property
    def stuck(self) -> bool:
        """Whether the client has not read for so long that it is not there, whatever its socket says."""
        return self._sending_since is not None and self._loop.time() - self._sending_since > STUCK_SECONDS

    @property
    def closing(self) -> bool:
        return self.gone or self._closing is not None

    @property
    def dismissed(self) -> bool:
        """Told to go, for another reason than the end: nothing more is taken from it."""
        return self.gone or self._sent_away

    @property
    def _sent_away(self) -> bool:
        return self._closing not in (None, frames.CLOSE_ENDED)

    @property
    def backlog(self) -> int:
        """Frames said that have not gone out."""
        return len(self._control or ())

    @property
    def conversation_id(self) -> int:
        return self.snapshot.pk

    def start(self, *, epoch: int | None, after: int) -> None:
        """Begin after what the client has. What it cannot have means another past: it must drop all and ask from 0."""
        self.say(_welcome(self.snapshot))
        if (epoch is not None and epoch != self.snapshot.epoch) or after > self.head:
            self._start_over()
        else:
            self.cursor = self.confirmed = max(0, after)
        self.say(_state(self.snapshot))
        self._end_if_over()

    def _start_over(self) -> None:
        """She gets nothing of the new past before she asks from 0; one that has ended is sent from 0 at once."""
        self._past += 1
        self.cursor = self.confirmed = 0 if self.snapshot.state == "ended" else self.head
        self.say(frames.Gap(epoch=self.snapshot.epoch))

    def sync(self, after: int) -> None:
        """The client says what it has, and asks for the rest. It is always answered: that is how it knows of a cut."""
        self.cursor = self.confirmed = max(0, min(after, self.head))
        if self.cursor >= self.head:
            self.beat()
        self.kick()

    def confirm(self, seq: int) -> None:
        """The client has displayed up to `seq`: the window opens.

        That may be more than was sent since she asked anew, when both crossed what was on its way to her: she will not
        say it again. One who makes it up gains a window.
        """
        self.confirmed = max(self.confirmed, min(seq, self.cursor + self._window))
        self.kick()

    def reach(self, head: int) -> None:
        """The conversation has been committed up to `head`."""
        if head > self.head:
            self.head = head
            self.kick()

    def see(self, snapshot: Snapshot) -> None:
        """Take in what the database says of the conversation now."""
        before, self.snapshot = self.snapshot, snapshot
        if snapshot.epoch != before.epoch:
            self.head = snapshot.head
            self._start_over()
        self.reach(snapshot.head)
        self.pull_again()
        if (snapshot.state, snapshot.counsellor_id) != (before.state, before.counsellor_id):
            self.say(_state(snapshot))
        self._end_if_over()

    def pull_again(self) -> None:
        """Ask once more for what a read that failed has left behind."""
        if self._may_send():
            self.kick()

    def lose(self) -> None:
        """The conversation was purged."""
        self._past += 1
        self.head = self.cursor
        self.say(frames.StateChange(state="ended", reason="erased"))
        self.close(frames.CLOSE_ENDED)

    @property
    def knows_queue(self) -> bool:
        """Whether it has been shown a place."""
        return self._queue is not None

    def show_queue(self, queue: frames.Queue) -> None:
        if queue != self._queue:
            self._queue = queue
            self.say(queue)

    def say(self, frame: ServerFrame) -> None:
        """Send a frame that is not a message, before any message that has not gone out yet."""
        if self._control is None:
            self._control = deque()
        self._control.append(encode(frame))
        self.kick()

    def beat(self) -> None:
        """The heartbeat. One that has not gone out yet is enough: whoever does not read gets no pile of them."""
        if not self._control:
            self.say(frames.HeadBeat(head=self.head))

    def close(self, code: int) -> None:
        """Close when what was said before has gone out."""
        if not self._sent_away and code != self._closing:
            self._closing = code  # who has no right any more does not get the rest of what has ended
            self.kick()

    async def finish(self) -> None:
        """Wait until what was said has gone out, or five seconds: a client that does not read is not waited for."""
        self._begin()
        if self._task is not None:
            await asyncio.wait([self._task], timeout=FINISH_SECONDS)

    def kick(self) -> None:
        if self._said is not None and not self._said.done():
            self._said.set_result(None)
        if self._task is None and not self._due and not self.gone:
            self._due = True
            self._loop.call_soon(self._begin)

    def _begin(self) -> None:
        if self._due:
            self._due = False
            if self._task is None:
                self._task = begin(self._pump(), loop=self._loop)

    def _end_if_over(self) -> None:
        if self.snapshot.state == "ended":
            self.close(frames.CLOSE_ENDED)

    def _may_send(self) -> bool:
        return self.cursor < self.head and self.cursor - self.confirmed < self._window

    async def _pump(self) -> None:
        try:
            while not self.gone:
                if self._control:
                    await self._write({"type": "websocket.send", "text": self._control.popleft()})
                elif self._may_send() and not self._sent_away:
                    if not await self._send_messages() and not self._control and not self._sent_away:
                        break  # what was said meanwhile goes out; one that has ended waits for its messages
                elif self._closing is not None and (self._sent_away or self.cursor >= self.head):
                    self.gone = True
                    await self._send({"type": "websocket.close", "code": self._closing})
                else:
                    break
        except (OSError, RuntimeError):
            self.gone = True  # the other end left in the middle of a frame: its next hello says what it has
        finally:
            # Thousands wait in silence: an idle feed keeps nothing but its numbers.
            self._control = self._control or None
            self._task = None
            self._source.caught_up(self.conversation_id)

    def _asked_again(self) -> None:
        self._again = None
        self.kick()

    async def _write(self, event: dict[str, object]) -> None:
        self._sending_since = self._loop.time()
        await self._send(event)
        self._sending_since = None

    async def _send_messages(self) -> bool:
        """False when the database did not answer: it is asked again soon."""
        after, past = self.cursor, self._past
        found = await self._read(after)
        if found is None:
            if self._again is None:
                self._again = self._loop.call_later(PULL_AGAIN_SECONDS, self._asked_again)
            return False
        if self._past != past or self.cursor != after:
            return True  # it is of a past that has been replaced or purged, or not what she asks for now
        if not found:
            self.head = self.cursor  # purged meanwhile
            return True
        for seq, text in found:
            if self.gone or self._sent_away or self._control or not self._may_send() or seq != self.cursor + 1:
                break
            self.cursor = seq
            await self._write({"type": "websocket.send", "text": text})
        delivered.value += max(0, self.cursor - after)
        if found[0][0] > after + 1:
            logger.error("A conversation has a hole in its numbers.")
            self.head = self.cursor
        return True

    async def _read(self, after: int) -> Sequence[Numbered] | None:
        """What comes after; None when the database did not answer, or she is sent away before it has.

        Meanwhile what is said goes out: an ack waits for no read, least of all for one that hangs.
        """
        found: list[Sequence[Numbered] | None] = []

        async def ask() -> None:
            found.append(await self._source.messages_after(self.conversation_id, after))

        reading = begin(ask(), loop=self._loop)
        while reading is not None and not reading.done() and not self._sent_away:
            if self._control and not self.gone:
                await self._write({"type": "websocket.send", "text": self._control.popleft()})
            else:
                self._said = self._loop.create_future()
                await asyncio.wait([reading, self._said], return_when=asyncio.FIRST_COMPLETED)
        self._said = None
        if reading is not None and reading.done():
            reading.result()
        return found[0] if found else None


def _welcome(snapshot: Snapshot) -> frames.Welcome:
    return frames.Welcome(
        epoch=snapshot.epoch, head=snapshot.head, limits=frames.current_limits(), state=snapshot.state
    )


def _state(snapshot: Snapshot) -> frames.StateChange:
    name = snapshot.counsellor_name if snapshot.state == "active" else None
    return frames.StateChange(state=snapshot.state, counsellor=name, reason=snapshot.reason or None)
