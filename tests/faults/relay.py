"""The way between clients and web processes: a balancer that can be cut, and may pass bytes on slowly or badly.

It hands every new connection to the next backend that accepts one, as a proxy with health checks does.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections import deque
from collections.abc import Callable, Coroutine
from itertools import count

CHUNK = 65536

Pump = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Coroutine[None, None, None]]
"""Copies one direction of one connection until it ends."""


async def copy_on(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while data := await reader.read(CHUNK):
        writer.write(data)
        await writer.drain()


def delaying(seconds: float) -> Pump:
    """Everything arrives so much later."""

    async def pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        loop, waiting = asyncio.get_running_loop(), deque[bytes]()
        while data := await reader.read(CHUNK):
            waiting.append(data)
            loop.call_later(seconds, lambda: writer.write(waiting.popleft()))
        await asyncio.sleep(seconds)

    return pump


class Relay:
    """`ports` are the backends'. `to_server` and `to_client` copy bytes unless something cleverer is given."""

    def __init__(self, ports: list[int], *, host: str = "127.0.0.1") -> None:
        self.ports = ports
        self.backends = dict.fromkeys(ports, host)
        self.to_server: Pump = copy_on
        self.to_client: Pump = copy_on
        self._turn = count()
        self._connections: set[asyncio.Task[None]] = set()
        self._server: asyncio.Server | None = None
        self.port = 0

    @property
    def address(self) -> str:
        return f"ws://127.0.0.1:{self.port}"

    async def start(self) -> None:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0, backlog=4096)
        self.port = self._server.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        if self._server is not None:
            self._server.close()
        self.cut()
        await asyncio.sleep(0)

    # -- faults -----------------------------------------------------------------------------------------------
    def cut(self) -> None:
        """Every connection is gone at once; new ones are welcome."""
        for task in self._connections:
            task.cancel()

    # -- its work ---------------------------------------------------------------------------------------------
    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._connections.add(task)
        server_writer: asyncio.StreamWriter | None = None
        try:
            if backend := await self._connect():
                server_reader, server_writer = backend
                await self._carry(reader, writer, server_reader, server_writer)
        except (OSError, asyncio.CancelledError, asyncio.IncompleteReadError):
            pass
        finally:
            self._connections.discard(task)
            for one in (writer, server_writer):
                if one is not None:
                    one.transport.abort()

    async def _carry(
        self,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        server_reader: asyncio.StreamReader,
        server_writer: asyncio.StreamWriter,
    ) -> None:
        """Both directions, until either has ended and the rest of what was said has got through."""
        there = asyncio.create_task(self.to_server(reader, server_writer))
        back = asyncio.create_task(self.to_client(server_reader, writer))
        try:
            await asyncio.wait([there, back], return_when=asyncio.FIRST_COMPLETED)
            if back.done():
                with contextlib.suppress(OSError):
                    writer.close()
                    await asyncio.wait_for(writer.wait_closed(), 1)
        finally:
            for task in (there, back):
                task.cancel()
            await asyncio.gather(there, back, return_exceptions=True)

    async def _connect(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter] | None:
        start = next(self._turn)
        for step in range(len(self.ports)):
            port = self.ports[(start + step) % len(self.ports)]
            with contextlib.suppress(OSError, TimeoutError):
                return await asyncio.wait_for(asyncio.open_connection(self.backends[port], port), 2)
        return None
