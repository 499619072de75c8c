"""uvicorn's websocket with its gaps closed: how much it takes in, how long it waits for who does not read, its goodbye.

Named by `--ws` in docker-compose.yml. What it mends was measured (docs/decisions.md, "The server").
"""

from __future__ import annotations

import socket
import struct
from asyncio import TimerHandle
from collections.abc import MutableMapping
from contextlib import suppress
from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol
from websockets.exceptions import InvalidState

from chatline.serving.web_reading import BoundedReads
from chatline.serving.web_writing import GroupedWrites

LINGER_SECONDS = 10.0
"""How long a closed socket waits for a client to read what is left for her."""
GOODBYE_SECONDS = 2.0
"""How long a stopping process waits for the answer to its close frame. Below `--timeout-graceful-shutdown`."""
RESTART = 1012


class BoundedWebSocket(BoundedReads, GroupedWrites):
    """Who does not read is not read either, and is not waited for."""

    _reaper: TimerHandle | None = None

    # The HTTP protocol that has brought the connection here and its parser hold each other, and the last request too:
    # 14 kB that only a collection of garbage would free, which is rare here (`chatline/serving/lifespan.py`).
    def connection_made(self, transport: Any) -> None:
        super().connection_made(transport)
        http = transport.get_protocol()
        if isinstance(http, HttpToolsProtocol):
            vars(http).update(parser=None, cycle=None)

    # `transport.close()` first writes what is left. For a client that never reads, that is never.
    async def run_asgi(self) -> None:
        await super().run_asgi()
        self._let_go_after(LINGER_SECONDS)

    def keepalive_timeout(self) -> None:
        super().keepalive_timeout()
        self._let_go()

    def connection_lost(self, exc: Exception | None) -> None:
        super().connection_lost(exc)
        if self._reaper is not None:
            self._reaper.cancel()
            self._reaper = None

    def _let_go_after(self, seconds: float) -> None:
        if self._reaper is None and not self.disconnected:
            self._reaper = self.loop.call_later(seconds, self._let_go)

    # Closed politely, the system would keep what she has not read, and try to send it for minutes.
    def _let_go(self) -> None:
        own = self.transport.get_extra_info("socket")
        if own is not None:
            with suppress(OSError):
                own.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.transport.abort()

    # Closing at once behind the close frame resets the connection when the client is just writing, and a reset may
    # overtake the frame: she would see a line that broke instead of a server that says goodbye.
    def shutdown(self) -> None:
        if self.disconnected or not self.handshake_complete:
            super().shutdown()
            return
        self.stop_keepalive()
        self.flush()
        if not self.close_sent:
            self._say_goodbye()
        if self.close_timer is not None:
            self.close_timer.cancel()
        self.close_timer = self.loop.call_later(GOODBYE_SECONDS, self.transport.abort)

    def _say_goodbye(self) -> None:
        goodbye: MutableMapping[str, Any] = {"type": "websocket.disconnect", "code": RESTART, "reason": ""}
        self.queue.put_nowait(goodbye)  # type: ignore[arg-type]  # uvicorn's own event has one field more or less
        try:
            self.conn.send_close(RESTART)
        except InvalidState:
            return
        self.transport.write(b"".join(self.conn.data_to_send()))
        self.close_sent = True
        if self.read_paused:
            self.read_paused = False
            self.go_on()
