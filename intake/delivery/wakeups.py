"""Wake-ups between processes. They carry numbers, never text, and may all be lost: the tick finds what they missed.

One subscription a process. channels_redis drops at capacity without an exception and can stay deaf after Redis has
restarted, so a watchdog listens for its own probes and subscribes anew when they do not come back.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import secrets
from collections.abc import Callable, Iterator
from typing import Any

from channels.layers import InMemoryChannelLayer, channel_layers, get_channel_layer

logger = logging.getLogger(__name__)

GROUP = "helpline.wake"
PROBE_SECONDS = 5.0
SEND_TIMEOUT_SECONDS = 2.0
CLOSE_TRIES = 10
CLOSE_PAUSE_SECONDS = 0.2
PAUSE_SECONDS = 0.02
"""After a wake-up; what there is meanwhile goes together in the next. One for each of 250 commits a second
was a fifth of a process's work."""

Wake = dict[str, Any]
"""`heads`: [[conversation, head]]; `states`: [conversation]; `queues`: [helpline];
`signs`: [[conversation, role, kind, seq]]."""


class Wakeups:
    """The process's one subscription. `hear` gets what other processes have published."""

    def __init__(self, hear: Callable[[Wake], None]) -> None:
        self._hear = hear
        self._me = secrets.token_hex(8)
        self._layer: Any = None
        self._tasks: list[asyncio.Task[None]] = []
        self._pending: Wake = {}
        self._publishing: asyncio.Task[None] | None = None
        self._closing: set[asyncio.Task[None]] = set()
        self._probe = self._probe_heard = 0
        self._stopping = False
        self.deaf = False

    async def start(self) -> None:
        self._tasks = [asyncio.create_task(self._listen()), asyncio.create_task(self._watch())]

    async def stop(self) -> None:
        self._stopping = True
        for task in [*self._tasks, *([self._publishing] if self._publishing else [])]:
            await _end(task)
        await self._send_pending()
        self._leave_layer()
        if self._closing:
            await asyncio.wait(self._closing, timeout=SEND_TIMEOUT_SECONDS)

    def publish(self, wake: Wake) -> None:
        """Send soon, together with whatever else is waiting to be sent."""
        for kind, items in wake.items():
            if kind == "heads":
                heads = self._pending.setdefault(kind, {})
                for conversation_id, head in items.items():
                    # A retry of an old message comes with its old number: the higher one must not be lost over it.
                    heads[conversation_id] = max(head, heads.get(conversation_id, 0))
            else:
                self._pending.setdefault(kind, []).extend(item for item in items if item not in self._pending[kind])
        if self._publishing is None:
            self._publishing = asyncio.get_running_loop().create_task(self._publish())

    async def _publish(self) -> None:
        try:
            while self._pending:
                await self._send_pending()
                await asyncio.sleep(PAUSE_SECONDS)
        finally:
            self._publishing = None

    async def _send_pending(self) -> None:
        wake, self._pending = self._pending, {}
        if "heads" in wake:
            wake["heads"] = list(wake["heads"].items())
        if wake:
            await self._send(wake)

    async def _send(self, wake: Wake) -> None:
        try:
            async with asyncio.timeout(SEND_TIMEOUT_SECONDS):
                layer = self._layer or get_channel_layer()
                await layer.group_send(GROUP, {"type": "wake", "from": self._me, **wake})
        except Exception:  # noqa: BLE001 - Redis may be gone in any way it likes; the tick goes on without it
            self._note_deaf(True)

    async def _listen(self) -> None:
        while not self._stopping:
            try:
                await self._subscribe_and_hear()
            except asyncio.CancelledError:
                raise
            except Exception:  # noqa: BLE001 - whatever it was, the tick goes on without it
                self._note_deaf(True)
                await asyncio.sleep(1)

    async def _subscribe_and_hear(self) -> None:
        # A layer of its own: after Redis has restarted, only new connections are sure to hear again.
        self._leave_layer()
        shared = get_channel_layer()
        self._layer = shared if isinstance(shared, InMemoryChannelLayer) else channel_layers.make_backend("default")
        with _same_end():
            channel = await self._layer.new_channel("wake")
        await self._layer.group_add(GROUP, channel)
        self._probe_heard = self._probe
        while True:
            message = await self._layer.receive(channel)
            if message.get("from") == self._me:
                self._probe_heard = max(self._probe_heard, message.get("probe", 0))
                self._note_deaf(False)
            else:
                self._hear(message)

    async def _watch(self) -> None:
        while True:
            self._probe += 1
            await self._send({"probe": self._probe})
            await asyncio.sleep(PROBE_SECONDS)
            if self._probe_heard < self._probe:
                self._note_deaf(True)
                # First: otherwise the one who listens asks Redis, which does not answer, to be unsubscribed.
                self._leave_layer()
                await _end(self._tasks[0])
                self._tasks[0] = asyncio.create_task(self._listen())

    def _note_deaf(self, deaf: bool) -> None:
        if deaf != self.deaf:
            self.deaf = deaf
            logger.warning("Wake-ups do not arrive: the tick delivers." if deaf else "Wake-ups arrive again.")

    def _leave_layer(self) -> None:
        layer, self._layer = self._layer, None
        if layer is not None and not isinstance(layer, InMemoryChannelLayer):
            task = asyncio.get_running_loop().create_task(_close(layer))
            self._closing.add(task)
            task.add_done_callback(self._closing.discard)


async def _close(layer: Any) -> None:
    """Again and again for 20 s: whoever was sending has it locked, and one that stays open listens on for ever."""
    for _ in range(CLOSE_TRIES):
        with contextlib.suppress(Exception):
            async with asyncio.timeout(SEND_TIMEOUT_SECONDS):
                await layer.flush()
                return
        await asyncio.sleep(CLOSE_PAUSE_SECONDS)
    logger.warning("Lines to Redis could not be closed.")


@contextlib.contextmanager
def _same_end() -> Iterator[None]:
    """channels_redis has the loop close each layer in its end, one inside the other. We close ours ourselves, and after
    an hour without Redis there would be thousands."""
    loop = asyncio.get_running_loop()
    end = loop.close
    try:
        yield
    finally:
        loop.close = end  # type: ignore[method-assign]


async def _end(task: asyncio.Task[None]) -> None:
    """Cancel until it ends: channels_redis swallows a cancellation that meets it while it connects or closes."""
    while not task.done():
        task.cancel()
        await asyncio.wait([task], timeout=0.2)
