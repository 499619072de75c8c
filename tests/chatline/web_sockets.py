"""An application behind a uvicorn in this very process, with a websocket protocol that a test can look into."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import uvicorn


@asynccontextmanager
async def serving(application: Any, protocol: type[asyncio.Protocol], **more: Any) -> AsyncIterator[str]:
    """Its websocket address, on a free port; `more` is for uvicorn's configuration."""
    config = uvicorn.Config(application, host="127.0.0.1", port=0, ws=protocol, lifespan="off", log_config=None, **more)
    server = uvicorn.Server(config)
    running = asyncio.create_task(server._serve())
    async with asyncio.timeout(10):
        while not server.started:  # noqa: ASYNC110 - uvicorn tells in no other way
            await asyncio.sleep(0.01)
    try:
        yield f"ws://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    finally:
        server.should_exit = True
        await running
