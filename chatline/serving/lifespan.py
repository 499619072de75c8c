from __future__ import annotations

import asyncio
import gc
import sys
from typing import Any

from asgiref.sync import sync_to_async
from django.conf import settings

from chatline.checks.start_up import look_again, look_around
from chatline.logs.quiet_errors import mute_streams
from chatline.operating.asker import stop_askers
from intake.delivery.drain import drain_on_sigterm
from intake.delivery.hub import current_hub, stop_hub

GARBAGE_THRESHOLDS = (10_000, 2, 10)
"""Rarer than Python's own (700, 10, 10), and never long: with (20_000, 10, 20) a collection of the middle generation
looked at 220,000 objects, and everybody's messages waited for 85 ms. Python looks at the whole only when a quarter of
it is new; with (10_000, 2, 50) what had ended lay about for ten minutes, and the process grew by it."""
SWITCH_SECONDS = 0.0005
"""How long a thread may keep the interpreter while another waits for it. A message changes threads half a dozen times:
with Python's 5 ms, whatever a thread does for all conversations at once held every message up for as long each time."""


def spare_garbage_collector() -> None:
    """Keep what lives as long as the process out of every collection, and collect less often.

    Thousands of sockets are hundreds of thousands of objects that are never garbage: with Python's defaults, looking
    at them again and again took 28 % of a busy server's time.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(*GARBAGE_THRESHOLDS)


async def lifespan(scope: Any, receive: Any, send: Any) -> None:
    """Start the hub with the server, and finish its commits before the server goes."""
    looking: asyncio.Task[None] | None = None
    while True:
        event = await receive()
        if event["type"] == "lifespan.startup":
            if settings.LOG_FORMAT == "json":
                mute_streams()
            found = await sync_to_async(look_around, thread_sensitive=False)()
            if any(message.is_serious() for message in found):
                await send({"type": "lifespan.startup.failed", "message": "a dangerous configuration"})
                return
            looking = asyncio.create_task(look_again(found))
            await current_hub()
            drain_on_sigterm()
            spare_garbage_collector()
            sys.setswitchinterval(SWITCH_SECONDS)
            await send({"type": "lifespan.startup.complete"})
        else:
            if looking is not None:
                looking.cancel()
            await stop_hub()
            stop_askers()
            await send({"type": "lifespan.shutdown.complete"})
            return
