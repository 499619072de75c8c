"""The application for daphne, which sends no lifespan events and not every close code: this module makes it.

    daphne --websocket-max-message-size 16384 --websocket-max-frame-size 16384 ... chatline.serving.daphne:application

So the hub starts with the server, SIGTERM means goodbye, and commits are finished, as with uvicorn. What differs is in
docs/decisions.md, "The server".
"""

from __future__ import annotations

import asyncio
import signal
import sys
from collections.abc import MutableMapping
from types import FrameType
from typing import Any

from daphne.server import twisted_loop
from daphne.ws_protocol import WebSocketFactory, WebSocketProtocol
from twisted.internet import reactor

from chatline import asgi

__all__ = ["application"]

Event = MutableMapping[str, Any]
SHUTDOWN_SECONDS = 5.0
START_FAILED = 3


class Life:
    """The application's life from daphne's start to its end."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._told: asyncio.Queue[Event] = asyncio.Queue()
        self._answers: asyncio.Queue[Event] = asyncio.Queue()
        scope = {"type": "lifespan", "asgi": {"version": "3.0", "spec_version": "2.0"}, "state": {}}
        self._task = asyncio.ensure_future(asgi.application(scope, self._told.get, self._answers.put))
        self._ending: asyncio.Task[None] | None = None

    async def begin(self) -> None:
        """Exits when the application refuses to start."""
        # First ours, so that the application's own farewell, which it puts in front on start-up, comes before it.
        for number in (signal.SIGTERM, signal.SIGINT):
            self._end_before(number)
        if not await self._tell("lifespan.startup"):
            sys.exit(START_FAILED)
        _started.set()

    def _end_before(self, number: signal.Signals) -> None:
        before = signal.getsignal(number)

        def on_signal(signum: int, frame: FrameType | None) -> None:
            self._loop.call_soon_threadsafe(self._start_ending, before, signum, frame)

        signal.signal(number, on_signal)

    def _start_ending(self, then: Any, signum: int, frame: FrameType | None) -> None:
        self._ending = self._loop.create_task(self._end(then, signum, frame))

    async def _end(self, then: Any, signum: int, frame: FrameType | None) -> None:
        try:
            async with asyncio.timeout(SHUTDOWN_SECONDS):
                await self._tell("lifespan.shutdown")
        finally:
            reactor.addSystemEventTrigger("after", "shutdown", die_of, signal.Signals(signum))  # type: ignore[arg-type]
            then(signum, frame)

    async def _tell(self, event: str) -> bool:
        """Whether the application said that it is done. It may also just end."""
        await self._told.put({"type": event})
        answer = asyncio.ensure_future(self._answers.get())
        await asyncio.wait([answer, self._task], return_when=asyncio.FIRST_COMPLETED)
        return answer.done() and answer.result()["type"] == f"{event}.complete"


def die_of(number: signal.Signals) -> None:
    """As uvicorn does: who just returned would wait for threads that a database which hangs has in its hands."""
    signal.signal(number, signal.SIG_DFL)
    signal.raise_signal(number)


class Goodbye(WebSocketProtocol):
    """Closes with every code, and lets the client read it."""

    def serverClose(self, code: int | None = None) -> None:  # noqa: N802 - daphne's name
        # autobahn's own `sendClose` refuses 1008, 1009, 1012 and 1013.
        self.sendCloseFrame(code=code or 1000, isReply=False)

    def dropConnection(self, abort: bool = False) -> None:  # noqa: N802 - autobahn's name
        # After a clean goodbye autobahn resets the connection, and a reset may overtake the frames before it.
        super().dropConnection(abort=abort and not self.wasClean)


WebSocketFactory.protocol = Goodbye

_begun: set[asyncio.Task[None]] = set()
_started = asyncio.Event()


async def application(scope: Any, receive: Any, send: Any) -> None:
    """Answers nobody before it has started: daphne listens first, and a dangerous configuration must not be served."""
    await _started.wait()
    await asgi.application(scope, receive, send)


def begin() -> None:
    _begun.add(asyncio.get_running_loop().create_task(Life().begin()))


# As soon as the loop runs: the server's own handlers for signals are in place by then.
twisted_loop.call_soon(begin)
