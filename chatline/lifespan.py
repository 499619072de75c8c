from __future__ import annotations

from typing import Any

from intake.delivery.drain import drain_on_sigterm
from intake.delivery.hub import current_hub, stop_hub


async def lifespan(scope: Any, receive: Any, send: Any) -> None:
    """Start the hub with the server, and finish its commits before the server goes."""
    while True:
        event = await receive()
        if event["type"] == "lifespan.startup":
            await current_hub()
            drain_on_sigterm()
            await send({"type": "lifespan.startup.complete"})
        else:
            await stop_hub()
            await send({"type": "lifespan.shutdown.complete"})
            return
