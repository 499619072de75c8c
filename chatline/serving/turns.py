"""Pages are made by a few threads at a time: who comes while all are busy waits for a turn.

Django would start a thread for each request. In a rush they wait for each other and for a connection to the database
until most are turned away; in line, everybody is let in, and sooner.
"""

from __future__ import annotations

import asyncio

from asgiref.sync import sync_to_async
from django.core.handlers.asgi import ASGIHandler
from django.core.signals import request_started
from django.db import OperationalError, close_old_connections, reset_queries
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.urls import ResolverMatch

from chatline.middleware.hosts import is_static_file

TURNS = 12
"""More threads take the interpreter from each other. With delivery's own threads they stay below the pool's size."""
WAIT_SECONDS = 12.0
"""In line. A page gives up after fifteen."""
LEFT_IN_LINE = "chatline.left_in_line"


class Turns(ASGIHandler):
    """Django's handler. Middleware and view share a thread; no connection is kept while the answer is being sent."""

    def __init__(self) -> None:
        super().__init__()
        self._turns = asyncio.Semaphore(TURNS)
        # An answer begins without connections and leaves none. Whoever waits in line need not have a thread for them.
        for receiver in (close_old_connections, reset_queries):
            request_started.disconnect(receiver)

    def load_middleware(self, is_async: bool = False) -> None:
        # Asynchronous middleware around synchronous views changes threads twice for each of its layers.
        super().load_middleware(is_async=False)

    async def get_response_async(self, request: HttpRequest) -> HttpResponseBase:
        if is_static_file(request.path_info):
            return await self._answer(request)  # a page's style and script wait for no database
        try:
            async with asyncio.timeout(WAIT_SECONDS):
                await self._turns.acquire()
        except TimeoutError:
            request.META[LEFT_IN_LINE] = True
            return await self._answer(request)
        try:
            return await self._answer(request)
        finally:
            self._turns.release()

    async def _answer(self, request: HttpRequest) -> HttpResponseBase:
        return await sync_to_async(self._get_response_and_let_go)(request)

    def _get_response_and_let_go(self, request: HttpRequest) -> HttpResponseBase:
        try:
            return self.get_response(request)
        finally:
            close_old_connections()  # whoever reads her answer slowly keeps nobody else from the database

    def resolve_request(self, request: HttpRequest) -> ResolverMatch:
        if LEFT_IN_LINE in request.META:
            # Inside of the middleware, so that the answer is one of ours: 503 (`chatline/failures.py`).
            raise OperationalError("No turn within the time.")
        match: ResolverMatch = super().resolve_request(request)
        return match
