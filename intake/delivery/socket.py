"""A websocket of either side, without channels' stock dispatch: it costs a thread hop and two tasks an event.

Subclasses say who may enter (`enter`). One instance a socket; identity and cursor live on its feed.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, MutableMapping
from functools import partial
from typing import Any

import msgspec
from django.conf import settings
from django.db import Error as DatabaseError
from django.http.request import split_domain_port, validate_host
from django.utils import translation

from intake.delivery import frames
from intake.delivery.draining import is_draining
from intake.delivery.feed import Feed
from intake.delivery.frames import ClientFrame, Hello
from intake.delivery.hub import Hub, current_hub
from intake.delivery.measures import note_refusal
from intake.delivery.rate import Bucket
from intake.errors import UNAVAILABLE_RETRY_SECONDS, Malformed, RateLimited, Refusal, Unavailable
from intake.models import Message
from intake.rules.messages import Outcome, Posting, Stored, check_body

Event = MutableMapping[str, Any]

HELLO_SECONDS = 10.0
PROTOCOL_ERRORS = 5
IN_FLIGHT_MESSAGES = 32
SYNC_COST = 20.0
"""A `sync` may ask for many messages: it counts as so many other frames."""
REFUSED_COST = SYNC_COST - 1
"""A message that is refused counts as a `sync`: who does not heed it is read no faster than she may write, and is then
hardly refused any more."""
CONTROL_FRAMES = 256
"""A client that asks this often without reading the answers is let go."""
SENDERS = {"visitor": Message.Role.VISITOR, "counsellor": Message.Role.COUNSELLOR}
ENTER_SECONDS = 15.0
"""As long as a client waits at most. A database that hangs is told much sooner."""


class Left(Exception):
    """The client has gone."""


class Socket:
    """One websocket. `role` is the side that it serves."""

    role: str
    hub: Hub
    feed: Feed | None = None

    def __init__(self, scope: MutableMapping[str, Any], receive: Callable[[], Awaitable[Event]], send: Any) -> None:
        self.scope, self._receive, self.send = scope, receive, send
        self._errors = 0
        self._in_flight = 0
        self._room = asyncio.Event()
        # Frames that are not messages cost little, but not nothing.
        self._frames = Bucket(burst=settings.MESSAGE_BURST * 20, per_second=settings.MESSAGES_PER_SECOND * 20)
        self._language = "nb"

    @classmethod
    async def app(cls, scope: MutableMapping[str, Any], receive: Any, send: Any) -> None:
        """The ASGI application."""
        await cls(scope, receive, send).run()

    async def enter(self, hello: Hello) -> Feed | None:
        """The feed this hello has a right to, or None after having closed the socket itself."""
        raise NotImplementedError

    async def leave(self) -> None:
        """Undo what `enter` did. Called once, however the socket ends."""
        if self.feed is not None:
            self.hub.remove(self.feed)

    async def run(self) -> None:
        await self._receive()
        if frames.SUBPROTOCOL not in self.scope.get("subprotocols", ()) or not is_own_origin(self.scope):
            await self.send({"type": "websocket.close", "code": frames.CLOSE_POLICY})
            return
        await self.send({"type": "websocket.accept", "subprotocol": frames.SUBPROTOCOL})
        if is_draining():
            await self.close(frames.CLOSE_RESTART)
            return
        self.hub = await current_hub()
        try:
            await self._greet()
            while True:
                await self._take(await self._next_frame())
        except (Left, OSError):
            pass
        finally:
            await self.leave()

    async def _greet(self) -> None:
        try:
            async with asyncio.timeout(HELLO_SECONDS):
                hello = await self._next_frame()
        except TimeoutError:
            await self.close(frames.CLOSE_POLICY)
            raise Left from None
        if not isinstance(hello, Hello):
            await self.close(frames.CLOSE_POLICY)
            raise Left
        try:
            async with asyncio.timeout(ENTER_SECONDS):
                self.feed = await self.enter(hello)
        except (DatabaseError, Refusal, TimeoutError):
            await self._ask_to_try_later()
        if self.feed is None:
            return
        if self.hub.is_crowded(self.feed):
            self.feed = None
            await self._ask_to_try_later()
            return
        self._language = self.feed.snapshot.language
        self.hub.add(self.feed)
        self.feed.start(epoch=hello.epoch, after=hello.after)
        # What was committed between the look-up and the feed's being added woke nobody here.
        self.hub.tick.look_at([self.feed.conversation_id])
        if self.role == "visitor":
            self.hub.tick.arrive(self.feed.conversation_id)
        if self.feed.snapshot.state == "waiting":
            self.hub.tick.look_at_queues([self.feed.snapshot.helpline_id])

    async def _ask_to_try_later(self) -> None:
        await self.say_error(Unavailable(retry_after_seconds=UNAVAILABLE_RETRY_SECONDS))
        await self.send({"type": "websocket.close", "code": frames.CLOSE_TRY_LATER})
        raise Left

    async def _next_frame(self) -> ClientFrame:
        """The next frame that can be read. Raises `Left`."""
        while True:
            event = await self._receive()
            if event["type"] == "websocket.disconnect":
                raise Left
            text = event.get("text")
            if text is not None and len(text) > settings.FRAME_BYTES:
                await self.close(frames.CLOSE_TOO_BIG)
                raise Left
            try:
                return frames.decode(text or "")
            except (msgspec.DecodeError, UnicodeError, RecursionError):
                await self._protocol_error()

    async def _protocol_error(self) -> None:
        self._errors += 1
        if self._errors >= PROTOCOL_ERRORS:
            await self.close(frames.CLOSE_POLICY)
            raise Left
        await self.say_error(Malformed())

    async def _take(self, frame: ClientFrame) -> None:
        feed = self.feed
        if isinstance(frame, Hello) or feed is None:
            await self._protocol_error()
            return
        # Too fast is not malformed: the rest waits in the client's own network buffer, and costs nothing here.
        cost = SYNC_COST if isinstance(frame, frames.Sync) else 1.0
        while wait := self._frames.take(cost):  # noqa: ASYNC110 - a rate is waited for, not an event
            await asyncio.sleep(wait)
        if feed.dismissed:
            # Her frame met our goodbye on the way: leaving now would cut the line before it has gone out.
            await feed.finish()
            raise Left
        if feed.backlog >= CONTROL_FRAMES:
            raise Left
        if isinstance(frame, frames.Post):
            await self._post(feed, frame)
            return
        match frame:
            case frames.Sync(after=after):
                feed.sync(after)
            case frames.Displayed(seq=seq):
                feed.confirm(seq)
                self.hub.signs.give(feed, "displayed", min(max(seq, 0), feed.cursor))
            case frames.Composing():
                self.hub.signs.give(feed, "composing")
            case frames.Paused():
                self.hub.signs.give(feed, "paused")

    async def _post(self, feed: Feed, post: frames.Post) -> None:
        """Hand the message to the writer; the ack leaves when its commit has returned."""
        try:
            check_body(post.body)
            wait = self.hub.message_rates.take(f"{feed.conversation_id}/{self.role}")
            if wait:
                raise RateLimited(retry_after_seconds=wait)
        except Refusal as refusal:
            self._frames.spend(REFUSED_COST)
            await self.say_error(refusal, post)
            return
        posting = Posting(feed.conversation_id, SENDERS[self.role], feed.user_id, post.origin_id, post.body)
        self._in_flight += 1
        self.hub.writer.submit(posting).add_done_callback(partial(self._written, feed, post))
        while self._in_flight >= IN_FLIGHT_MESSAGES:
            self._room.clear()
            await self._room.wait()

    def _written(self, feed: Feed, post: frames.Post, done: asyncio.Future[Outcome]) -> None:
        self._in_flight -= 1
        self._room.set()
        outcome = None if done.cancelled() or done.exception() else done.result()
        if isinstance(outcome, Stored):
            feed.say(frames.Ack(origin_id=post.origin_id, seq=outcome.seq))
        else:
            feed.say(self._error(outcome or Unavailable(retry_after_seconds=UNAVAILABLE_RETRY_SECONDS), post))

    async def say_error(self, refusal: Refusal, post: frames.Post | None = None) -> None:
        if self.feed is not None:
            self.feed.say(self._error(refusal, post))
        else:
            await self.send({"type": "websocket.send", "text": frames.encode(self._error(refusal, post))})

    def _error(self, refusal: Refusal, post: frames.Post | None) -> frames.Error:
        note_refusal(refusal.code)
        with translation.override(self._language):
            title = str(refusal.title)
        wait = refusal.retry_after_seconds
        return frames.Error(
            code=refusal.code,
            title=title,
            origin_id=post.origin_id if post else None,
            retry_after=None if wait is None else round(wait, 2),
        )

    async def close(self, code: int) -> None:
        """Close after what the feed has said; at once when there is none."""
        if self.feed is not None:
            self.feed.close(code)
            await self.feed.finish()
        else:
            await self.send({"type": "websocket.close", "code": code})


def is_own_origin(scope: MutableMapping[str, Any]) -> bool:
    """Whether the page that opened the socket is ours. Browsers always say; other programs carry no cookies anyway."""
    origin = next((value for name, value in scope["headers"] if name == b"origin"), None)
    if origin is None:
        return True
    text = origin.decode("latin-1")
    host = next((value.decode("latin-1") for name, value in scope["headers"] if name == b"host"), "")
    name, _, rest = text.partition("://")
    return text in settings.CSRF_TRUSTED_ORIGINS or (
        name in ("http", "https")
        and rest.lower() == host.lower()
        and validate_host(host_name(host), settings.ALLOWED_HOSTS)
    )


def host_name(host: str) -> str:
    """`host` without its port, as `ALLOWED_HOSTS` names it."""
    return split_domain_port(host)[0]
