"""One process's exchange: the writer, the pulls, the local feeds, and what other processes say.

What this process has just committed is handed to its local feeds from memory; everything else is pulled.
"""

from __future__ import annotations

import asyncio
import uuid
from collections import defaultdict, deque
from collections.abc import Awaitable, Callable, Iterable, Sequence
from itertools import islice
from typing import Any

from django.conf import settings
from django.utils import timezone

from intake.delivery import frames
from intake.delivery.database_thread import DatabaseThread
from intake.delivery.desk import Desk
from intake.delivery.feed import Feed, Numbered
from intake.delivery.grouping import Grouped
from intake.delivery.measures import note_batch, note_failure, note_stored
from intake.delivery.rate import Buckets
from intake.delivery.signs import Signs
from intake.delivery.tick import Tick
from intake.delivery.wakeups import Wake, Wakeups
from intake.errors import Unavailable
from intake.models import Message
from intake.rules.messages import Outcome, Posting, Stored, read_messages, store_messages
from intake.rules.snapshots import Snapshot, look_up

WRITE_BATCH = 512
READ_BATCH = 200
RECENT_MESSAGES = 128
FEEDS_PER_SIDE = 30
ROLES = {role.value: str(role.label) for role in Message.Role}

Guard = Callable[["Hub"], Awaitable[None]]
Name = bytes | uuid.UUID


class Hub:
    """Lives in one event loop. Get it with `current_hub()`."""

    def __init__(self) -> None:
        self.loop = asyncio.get_running_loop()
        self.feeds: dict[int, set[Feed]] = defaultdict(set)
        self.desks: set[Desk] = set()
        self.guards: list[Guard] = list(_guards)
        self.message_rates = Buckets(settings.MESSAGE_BURST, settings.MESSAGES_PER_SECOND)
        self.writer: Grouped[Posting, Outcome] = Grouped(
            _store, most=WRITE_BATCH, name="writer", then=self._committed, measure=note_batch
        )
        self._reader: Grouped[tuple[int, int], list[Stored]] = Grouped(_read, most=READ_BATCH, name="reader")
        self._finder: Grouped[Name, Snapshot | None] = Grouped(_find, most=READ_BATCH, name="finder")
        self._recent: dict[int, deque[Numbered]] = {}
        self._recent_epochs: dict[int, int] = {}
        self._others: dict[str, Grouped[Any, Any]] = {}
        self.thread = DatabaseThread("hub")
        self.signs = Signs(self)
        self.tick = Tick(self)
        self.wakeups = Wakeups(self.hear)

    async def start(self) -> None:
        await self.wakeups.start()
        self.tick.start()

    async def stop(self) -> None:
        """Finish what was accepted, then let go of everything."""
        await self.tick.stop()
        own: list[Grouped[Any, Any]] = [self.writer, self._reader, self._finder, self.tick.watcher]
        for grouped in (*own, *self._others.values()):
            await grouped.finish()
        await self.thread.finish()
        await self.wakeups.stop()

    # -- who listens ------------------------------------------------------------------------------------
    def add(self, feed: Feed) -> None:
        self.feeds[feed.conversation_id].add(feed)

    def remove(self, feed: Feed) -> None:
        feed.gone = True
        local = self.feeds.get(feed.conversation_id)
        if local is not None:
            local.discard(feed)
            if not local:
                del self.feeds[feed.conversation_id]
        self.caught_up(feed.conversation_id)

    def is_crowded(self, feed: Feed) -> bool:
        """Whether one side of a conversation has as many sockets here as any person has tabs."""
        local = self.feeds.get(feed.conversation_id, ())
        return sum(other.role == feed.role for other in local) >= FEEDS_PER_SIDE

    def local_feeds(self) -> list[Feed]:
        return [feed for local in self.feeds.values() for feed in local]

    async def find(self, name: Name) -> Snapshot | None:
        """A conversation by token hash or public id."""
        return await self._finder.submit(name)

    def grouped(self, work: Callable[[list[Any]], list[Any]], *, most: int, name: str) -> Grouped[Any, Any]:
        """An upper floor's own `Grouped`: made at its first use, finished with the hub."""
        if name not in self._others:
            self._others[name] = Grouped(work, most=most, name=name)
        return self._others[name]

    # -- a message's way ----------------------------------------------------------------------------------
    def _committed(self, outcomes: list[Outcome]) -> None:
        heads: dict[int, int] = {}
        note_stored(sum(isinstance(outcome, Stored) and outcome.first for outcome in outcomes))
        for stored in outcomes:
            if isinstance(stored, Stored):
                # One that had been stored before, too: whoever stored it may have died before it woke anybody.
                heads[stored.conversation_id] = max(stored.seq, heads.get(stored.conversation_id, 0))
                if stored.first and stored.conversation_id in self.feeds:
                    self._remember(stored)
            elif isinstance(stored, Unavailable):
                note_failure("writer")
        for conversation_id, head in heads.items():
            self._reached(conversation_id, head)
        if heads:
            self.wakeups.publish({"heads": heads})

    def _remember(self, stored: Stored) -> None:
        conversation_id = stored.conversation_id
        if self._recent_epochs.get(conversation_id) != stored.epoch:
            self.forget(conversation_id)  # a restore has replaced the past that the others are of
            self._recent_epochs[conversation_id] = stored.epoch
        self._recent.setdefault(conversation_id, deque(maxlen=RECENT_MESSAGES)).append(number_message(stored))

    def _reached(self, conversation_id: int, head: int) -> None:
        for feed in self.feeds.get(conversation_id, ()):
            feed.reach(head)

    async def messages_after(self, conversation_id: int, after: int) -> Sequence[Numbered] | None:
        """Messages after a number, ascending and without holes: from memory when this process committed them all."""
        recent = self._recent.get(conversation_id)
        if recent and recent[0][0] <= after + 1 <= recent[-1][0] and recent[-1][0] - recent[0][0] == len(recent) - 1:
            return list(islice(recent, after + 1 - recent[0][0], None))
        try:
            return [number_message(stored) for stored in await self._reader.submit((conversation_id, after))]
        except Exception:  # noqa: BLE001 - logged by the reader; the tick tries again
            return None

    def forget(self, conversation_id: int) -> None:
        """The conversation was purged: its bodies go from memory too."""
        self._recent.pop(conversation_id, None)
        self._recent_epochs.pop(conversation_id, None)

    def caught_up(self, conversation_id: int) -> None:
        """Forget bodies as soon as every local feed has sent them."""
        if all(feed.cursor >= feed.head for feed in self.feeds.get(conversation_id, ())):
            self.forget(conversation_id)

    # -- wake-ups -------------------------------------------------------------------------------------------
    def announce(self, *, conversations: Iterable[int] = (), helplines: Iterable[int] = ()) -> None:
        """Something other than a message was committed: look again, here and in the other processes."""
        wake = {"states": list(conversations), "queues": list(helplines)}
        self._look_again(wake)
        self.wakeups.publish(wake)

    def hear(self, wake: Wake) -> None:
        """What another process has published."""
        for conversation_id, head in wake.get("heads", ()):
            self._reached(conversation_id, head)
        for conversation_id, role, kind, seq in wake.get("signs", ()):
            self.signs.show(conversation_id, role, kind, seq)
        self._look_again(wake)

    def _look_again(self, wake: Wake) -> None:
        here = [pk for pk in wake.get("states", ()) if pk in self.feeds]
        if here:
            self.tick.look_at(here)
        if wake.get("queues"):
            self.tick.look_at_queues(wake["queues"])


_guards: list[Guard] = []
_hub: Hub | None = None


def add_guard(guard: Guard) -> None:
    """Have `guard` called on every tick of every hub: it closes feeds and desks whose right to be there has gone."""
    _guards.append(guard)


async def current_hub() -> Hub:
    """This event loop's hub, started on first use."""
    global _hub
    if _hub is None or _hub.loop is not asyncio.get_running_loop():
        _hub = Hub()
        await _hub.start()
    return _hub


def running_hub() -> Hub | None:
    """The process's hub, when one is running; from any thread."""
    return _hub if _hub is not None and _hub.loop.is_running() else None


async def stop_hub() -> None:
    global _hub
    if _hub is not None and _hub.loop is asyncio.get_running_loop():
        hub, _hub = _hub, None
        await hub.stop()


def number_message(stored: Stored) -> Numbered:
    frame = frames.Delivered(
        seq=stored.seq,
        origin_id=stored.origin_id,
        role=ROLES[stored.sender],
        body=stored.body,
        at=frames.to_minute(stored.sent_at),
    )
    return stored.seq, frames.encode(frame)


def _store(postings: list[Posting]) -> list[Outcome]:
    return store_messages(postings, now=timezone.now())


def _read(cursors: list[tuple[int, int]]) -> list[list[Stored]]:
    # Two feeds of one conversation may stand at different places: the lowest cursor serves both.
    lowest: dict[int, int] = {}
    for pk, after in cursors:
        lowest[pk] = min(after, lowest.get(pk, after))
    found = read_messages(lowest)
    return [[m for m in found.get(pk, []) if m.seq > after] for pk, after in cursors]


def _find(names: list[Name]) -> list[Snapshot | None]:
    found = look_up(names)
    return [found.get(name) for name in names]
