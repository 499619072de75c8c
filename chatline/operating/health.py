"""Is this process alive, and does it take new work? For orchestrators and balancers (docs/operations.md).

Answered before Django, its sessions and its threads: what is asked when things are bad must not depend on them.
"""

from __future__ import annotations

import asyncio

from chatline.operating.asker import asker_of
from intake.delivery.draining import is_draining
from intake.delivery.hub import running_hub
from intake.sealing.router import ALIAS as KEYS

Answer = tuple[int, dict[str, bool]]

ANSWER_SECONDS = 1.5
"""Below the two seconds that balancers wait."""
GRACE_SECONDS = 6.0
"""A database that restarts is away for all processes at once: a balancer that drops them all helps nobody. So a process
stays ready a while without it, and is ready again with the first answer."""


async def healthz() -> Answer:
    """The event loop answers. Never asks a database: a restart would not bring it back, and would lose every socket."""
    return 200, {"alive": True}


async def readyz() -> Answer:
    """200 when this process takes new work, 503 on the way out or without a database for longer than the grace.

    Deaf wake-ups are told and do not make it unready: the tick delivers.
    """
    askers = [asker_of(alias) for alias in ("default", KEYS)]
    database, key_store = await asyncio.gather(*(asker.answers(within_seconds=ANSWER_SECONDS) for asker in askers))
    hub = running_hub()
    ready = not is_draining() and all(asker.silent_seconds() < GRACE_SECONDS for asker in askers)
    told = {"ready": ready, "database": database, "key_store": key_store}
    return 200 if ready else 503, {**told, "wake_ups": hub is not None and not hub.wakeups.deaf}
