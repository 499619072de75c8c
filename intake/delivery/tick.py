"""What happens without being told: every five seconds a process asks the database about each of its conversations.

With Redis dead this is what delivers, at most six seconds late. Each conversation has its own moment: thousands at
once would keep everybody's messages waiting.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Callable, Coroutine, Iterable, Mapping
from itertools import count
from typing import TYPE_CHECKING

from django.utils import timezone

from intake.delivery import frames
from intake.delivery.feed import Feed
from intake.delivery.grouping import Grouped
from intake.delivery.measures import note_failure
from intake.rules.clock_guard import note_open
from intake.rules.presence import mark_staff_present, mark_visitors_seen
from intake.rules.queue import QueueView, view_queues
from intake.rules.snapshots import Known, Snapshot, find_changed, read_snapshots
from intake.sealing.key_store import cache as key_cache

if TYPE_CHECKING:
    from intake.delivery.hub import Hub

logger = logging.getLogger(__name__)

TICK_SECONDS = 5
HEAD_SECONDS = 20
BEATS_PER_SECOND = 10
LOOKS_PER_SECOND = 10
SEEN_SECONDS = 30
QUEUE_PAUSE_SECONDS = 1.0
HALF_STEP_SECONDS = 0.5
PART = 50
"""Conversations seen to in one turn of the event loop: what is longer holds up messages, in each of their turns."""
MANY = 500
"""Feeds looked at, without a word to them, in one turn."""
NOTHING_LIKE_IT = (-1, 0, "", None)
"""Head, epoch, state and counsellor of no conversation."""

Changes = dict[int, Snapshot | None]
"""What those conversations are now that have changed since they were known: None when they were purged."""
Work = Callable[[], Coroutine[None, None, None]]


class Tick:
    """The hub's clock: heartbeats, the pull of last resort, queue places, presence, guards."""

    def __init__(self, hub: Hub) -> None:
        self._hub = hub
        self.watcher: Grouped[list[Known], Changes] = Grouped(_watch, most=100, name="watcher")
        self._queues_wanted: set[int] = set()
        self._queues_task: asyncio.Task[None] | None = None
        self._seen_queues: dict[int, QueueView] = {}
        self._tasks: list[asyncio.Task[None]] = []
        self._looking: set[asyncio.Task[None]] = set()
        self._arrived: set[int] = set()
        self._marked_at = int(hub.loop.time())

    def start(self) -> None:
        # In loops of their own: a slow look at thousands must not delay the closing of sockets without a right.
        works = (
            self._keep_looking(),
            self._repeat({self._guard: TICK_SECONDS, self._mark_visitors: 1, self._mark_service: SEEN_SECONDS}),
            self._keep_beating(),
        )
        self._tasks = [asyncio.create_task(work) for work in works]

    async def stop(self) -> None:
        for task in [*self._tasks, self._queues_task, *self._looking]:
            if task is not None:
                task.cancel()
                # Whatever ended it: the writer still has commits to finish after this.
                with contextlib.suppress(asyncio.CancelledError, Exception):
                    await task

    async def _keep_beating(self) -> None:
        """Apart from the database: a slow one must make nobody believe that the line is dead."""
        for number in count(1):
            await asyncio.sleep(1 / BEATS_PER_SECOND)
            try:
                self._beat(number % (HEAD_SECONDS * BEATS_PER_SECOND))
            except Exception:
                logger.warning("A heartbeat failed.", exc_info=True)

    async def _keep_looking(self) -> None:
        loop = self._hub.loop
        while True:
            began_at = loop.time()
            try:
                await self._look_around(began_at)
            except Exception:  # the database may be away; the next round asks again
                logger.warning("A tick failed.", exc_info=True)
                note_failure("tick")
            await asyncio.sleep(max(0.0, began_at + TICK_SECONDS - loop.time()))

    async def _look_around(self, began_at: float) -> None:
        """At every conversation once, each at the same moment of every round."""
        key_cache.sweep()
        self.look_at_queues(await self._helplines_watched())
        slots = TICK_SECONDS * LOOKS_PER_SECOND
        for slot in range(slots):
            await asyncio.sleep(max(0.0, began_at + slot / LOOKS_PER_SECOND - self._hub.loop.time()))
            await self._look([pk for pk in self._hub.feeds if pk % slots == slot])

    async def _repeat(self, works: Mapping[Work, float]) -> None:
        """Each once every so many seconds, by the clock: what a slow database takes must not make them rarer, too."""
        due_at = dict.fromkeys(works, 0.0)
        while True:
            await asyncio.sleep(1)
            for work, every_seconds in works.items():
                now = self._hub.loop.time()
                if now < due_at[work]:
                    continue
                due_at[work] = now + every_seconds - HALF_STEP_SECONDS
                try:
                    await work()
                except Exception:  # the database may be away; the next time asks again
                    logger.warning("A tick failed.", exc_info=True)
                    note_failure("tick")

    def _beat(self, slot: int) -> None:
        """Each feed's heartbeat every 20 s, a few at a time: messages wait while they are written."""
        due = [pk for pk in self._hub.feeds if pk % (HEAD_SECONDS * BEATS_PER_SECOND) == slot]
        for feed in [feed for pk in due for feed in self._hub.feeds[pk]]:
            feed.beat()
        if slot == 0:
            for desk in list(self._hub.desks):
                self._spawn(desk.say(frames.HeadBeat(head=0)))

    async def _guard(self) -> None:
        for guard in self._hub.guards:
            await guard(self._hub)

    async def _mark_service(self) -> None:
        now = timezone.now()
        await self._hub.thread.run(note_open, now=now)
        for desk in list(self._hub.desks):
            desk.marked_at = now
            await self._hub.thread.run(mark_staff_present, desk.user_id, desk.helpline_ids, now=now)

    def arrive(self, conversation_id: int) -> None:
        """A visitor is there again: note it within a second, before housekeeping takes her for gone."""
        self._arrived.add(conversation_id)

    async def _mark_visitors(self) -> None:
        """Note who has just come, and of the others those whose second it is."""
        seconds = int(self._hub.loop.time()) - self._marked_at
        due = (pk for pk in self._hub.feeds if (pk - self._marked_at - 1) % SEEN_SECONDS < seconds)
        present = self._arrived | {pk for pk in due if self._has_visitor(pk)}
        self._arrived, self._marked_at = set(), self._marked_at + seconds
        if present:
            await self._hub.thread.run(mark_visitors_seen, sorted(present), now=timezone.now())

    def _has_visitor(self, conversation_id: int) -> bool:
        return any(f.role == "visitor" and not f.gone and not f.stuck for f in self._hub.feeds[conversation_id])

    # -- conversations ----------------------------------------------------------------------------------------
    def look_at(self, conversation_ids: Iterable[int]) -> None:
        """Ask the database about these conversations now."""
        self._spawn(self._look(list(conversation_ids)))

    async def _look(self, conversation_ids: list[int]) -> None:
        """In parts: thousands at once would keep everybody's messages waiting."""
        for start in range(0, len(conversation_ids), PART):
            await self._look_at_part(conversation_ids[start : start + PART])

    async def _look_at_part(self, conversation_ids: list[int]) -> None:
        # Only feeds that were here when it was asked: one that came later may know more than the answer.
        here = [feeds for pk in conversation_ids if (feeds := list(self._hub.feeds.get(pk, ())))]
        changes = await self.watcher.submit([_known(feeds) for feeds in here])
        for feeds in here:
            if feeds[0].conversation_id not in changes:
                for feed in feeds:
                    feed.pull_again()
                continue
            snapshot = changes[feeds[0].conversation_id]
            if snapshot is None:
                self._hub.forget(feeds[0].conversation_id)
            for feed in feeds:
                if snapshot is not None and snapshot.epoch != feed.snapshot.epoch:
                    self._hub.forget(feed.conversation_id)  # bodies of a past that a restore has replaced
                _show_snapshot(feed, snapshot)

    # -- queues -------------------------------------------------------------------------------------------------
    async def _helplines_watched(self) -> set[int]:
        watched: set[int] = set().union(*(desk.helpline_ids for desk in self._hub.desks))
        for number, feed in enumerate(self._hub.local_feeds(), start=1):
            if number % MANY == 0:
                await asyncio.sleep(0)
            if feed.snapshot.state == "waiting":
                watched.add(feed.snapshot.helpline_id)
        return watched

    def look_at_queues(self, helpline_ids: Iterable[int]) -> None:
        """Tell local visitors their place and local desks that it changed; at most once a second."""
        self._queues_wanted.update(helpline_ids)
        if self._queues_wanted and self._queues_task is None:
            self._queues_task = asyncio.create_task(self._show_queues())

    async def _show_queues(self) -> None:
        try:
            while self._queues_wanted:
                wanted, self._queues_wanted = self._queues_wanted, set()
                watched = await self._helplines_watched()
                views = await self._hub.thread.run(view_queues, wanted & watched, now=timezone.now())
                await self._tell(views)
                await asyncio.sleep(QUEUE_PAUSE_SECONDS)
        except Exception:
            logger.warning("The queue could not be read.", exc_info=True)
            note_failure("queue")
        finally:
            self._queues_task = None

    async def _tell(self, views: dict[int, QueueView]) -> None:
        changed = {pk for pk, view in views.items() if self._seen_queues.get(pk) != view}
        self._seen_queues.update(views)
        for number, feed in enumerate(self._hub.local_feeds(), start=1):
            if number % PART == 0:
                await asyncio.sleep(0)
            view = views.get(feed.snapshot.helpline_id)
            if (
                view is None
                or feed.role != "visitor"
                or (feed.knows_queue and feed.snapshot.helpline_id not in changed)
            ):
                continue
            if place := view.places.get(feed.conversation_id):
                feed.show_queue(frames.Queue(place=place, estimate=view.estimate(place), notices=view.notices))
        for desk in list(self._hub.desks):
            if desk.helpline_ids & changed:
                await desk.queue_changed()

    def _spawn(self, work: Coroutine[None, None, None]) -> None:
        task = asyncio.create_task(work)
        self._looking.add(task)
        task.add_done_callback(self._done)

    def _done(self, task: asyncio.Task[None]) -> None:
        self._looking.discard(task)
        if not task.cancelled() and task.exception() is not None:
            logger.warning("A look at the database failed.", exc_info=task.exception())


def _show_snapshot(feed: Feed, snapshot: Snapshot | None) -> None:
    if snapshot is None or snapshot.public_id != feed.snapshot.public_id:
        feed.lose()
    elif feed.role == "counsellor" and snapshot.counsellor_id != feed.user_id:
        feed.close(frames.CLOSE_POLICY)
    else:
        feed.see(snapshot)


def _known(feeds: list[Feed]) -> Known:
    """What all of a conversation's feeds know of it. When they do not agree: what makes the database say how it is."""
    told = {(feed.head, feed.snapshot.epoch, feed.snapshot.state, feed.snapshot.counsellor_id) for feed in feeds}
    return Known(feeds[0].conversation_id, *(told.pop() if len(told) == 1 else NOTHING_LIKE_IT))


def _watch(parts: list[list[Known]]) -> list[Changes]:
    changed = find_changed([known for part in parts for known in part])
    found = read_snapshots(changed)
    return [{known.pk: found.get(known.pk) for known in part if known.pk in changed} for part in parts]
