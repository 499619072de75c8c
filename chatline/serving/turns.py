"""Pages are made by a few threads at a time: who comes while all are busy waits for a turn.

Django would start a thread for each request. In a rush they wait for each other and for a connection to the database
until most are turned away; in line, everybody is let in, and sooner.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from typing import Any

from asgiref.sync import sync_to_async
from django.core.exceptions import RequestAborted
from django.core.handlers.asgi import ASGIHandler
from django.core.signals import request_started
from django.db import OperationalError, close_old_connections, reset_queries
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.urls import ResolverMatch

from chatline.middleware.hosts import is_for_staff, is_static_file
from chatline.middleware.no_trace import pseudonym_of
from chatline.serving.line import Line

TURNS = 8
"""More threads take the interpreter from each other. With delivery's own threads they stay below the pool's size."""
STAFF_TURNS = 3
"""Of their own: behind a thousand visitors who come at once, those who are to answer them would wait longest, because
an office is one device. Nor do people at the login keep visitors waiting."""
FILE_TURNS = 2
"""A page's style and script wait for no page, and so for no database."""
LATE_TURNS = 2
"""Who is asked to come back is told so without a look at the database, and soon."""
WAIT_SECONDS = 12.0
"""In line. A page gives up after fifteen."""
LEFT_IN_LINE = "chatline.left_in_line"


class Turns(ASGIHandler):
    """Django's handler. Middleware and view share a thread; no connection is kept while the answer is being sent."""

    def __init__(self) -> None:
        super().__init__()
        self._pages, self._staff = Line(TURNS), Line(STAFF_TURNS)
        self._files, self._late = Line(FILE_TURNS), Line(LATE_TURNS)
        self._answering: set[asyncio.Future[HttpResponseBase]] = set()
        # An answer begins without connections and leaves none. Whoever waits in line need not have a thread for them.
        for receiver in (close_old_connections, reset_queries):
            request_started.disconnect(receiver)

    def load_middleware(self, is_async: bool = False) -> None:
        # Asynchronous middleware around synchronous views changes threads twice for each of its layers.
        super().load_middleware(is_async=False)

    async def listen_for_disconnect(self, receive: Callable[[], Awaitable[Mapping[str, Any]]]) -> None:
        """Until she hangs up, or is answered.

        Without an exception: Django's tasks and frames would keep it, and it them, 130 objects of each request until
        the next collection of garbage, which is rare here (`chatline/serving/lifespan.py`).
        """
        with suppress(asyncio.CancelledError, RequestAborted):
            await super().listen_for_disconnect(receive)

    async def get_response_async(self, request: HttpRequest) -> HttpResponseBase:
        line = self._line_of(request.path_info)
        try:
            async with asyncio.timeout(WAIT_SECONDS):
                await line.wait(pseudonym_of(request))
        except TimeoutError:
            request.META[LEFT_IN_LINE] = True
            line = self._late
            await line.wait(pseudonym_of(request))
        # Whoever hangs up does not stop the thread that works for her: her turn ends with it.
        answering = asyncio.ensure_future(self._answer(request))
        self._answering.add(answering)
        answering.add_done_callback(lambda answered: self._answered(answered, line))
        return await asyncio.shield(answering)

    def _line_of(self, path: str) -> Line:
        if is_static_file(path):
            return self._files
        return self._staff if is_for_staff(path) else self._pages

    def _answered(self, answered: asyncio.Future[HttpResponseBase], line: Line) -> None:
        self._answering.discard(answered)
        line.leave()

    async def _answer(self, request: HttpRequest) -> HttpResponseBase:
        return await sync_to_async(self._get_response_and_let_go)(request)

    def _get_response_and_let_go(self, request: HttpRequest) -> HttpResponseBase:
        try:
            return self.get_response(request)
        finally:
            close_old_connections()  # whoever reads her answer slowly keeps nobody else from the database
            # What middleware has hung on it (user, messages) points back to it: a circle for the rare collector.
            vars(request).clear()

    def resolve_request(self, request: HttpRequest) -> ResolverMatch:
        if LEFT_IN_LINE in request.META:
            # Inside of the middleware, so that the answer is one of ours: 503 (`chatline/failures.py`).
            raise OperationalError("No turn within the time.")
        match: ResolverMatch = super().resolve_request(request)
        return match
