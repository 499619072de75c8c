"""Pages are made by a few threads at a time: who comes while all are busy waits for a turn.

Django would start a thread for each request. In a rush they wait for each other and for a connection to the database
until most are turned away; in line, everybody is let in, and sooner.
"""

from __future__ import annotations

import asyncio

from asgiref.sync import sync_to_async
from django.conf import settings
from django.core.handlers.asgi import ASGIHandler
from django.db import close_old_connections
from django.http import HttpRequest
from django.http.response import HttpResponseBase

from chatline.failures import answer_unavailable

TURNS = 8
"""More threads take the interpreter from each other. With delivery's own threads they stay below the pool's size."""
WAIT_SECONDS = 12.0
"""In line. A page gives up after fifteen."""
ANSWER_SECONDS = 60.0
"""From the turn to the answer. What takes longer waits for a database that does not answer."""


class Turns(ASGIHandler):
    """Django's handler. Middleware and view share a thread; no connection is kept while the answer is being sent."""

    def __init__(self) -> None:
        super().__init__()
        self._turns = asyncio.Semaphore(TURNS)

    def load_middleware(self, is_async: bool = False) -> None:
        # Asynchronous middleware around synchronous views changes threads twice for each of its layers.
        super().load_middleware(is_async=False)

    async def get_response_async(self, request: HttpRequest) -> HttpResponseBase:
        if request.path.startswith(settings.STATIC_URL):
            return await self._answer(request)  # a page's style and script wait for no database
        try:
            async with asyncio.timeout(WAIT_SECONDS):
                await self._turns.acquire()
        except TimeoutError:
            return answer_unavailable(request)
        try:
            async with asyncio.timeout(ANSWER_SECONDS):
                return await self._answer(request)
        except TimeoutError:
            return answer_unavailable(request)
        finally:
            self._turns.release()

    async def _answer(self, request: HttpRequest) -> HttpResponseBase:
        return await sync_to_async(self._get_response_and_let_go)(request)

    def _get_response_and_let_go(self, request: HttpRequest) -> HttpResponseBase:
        try:
            return self.get_response(request)
        finally:
            close_old_connections()  # whoever reads her answer slowly keeps nobody else from the database
