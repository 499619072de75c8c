"""How a page's work shares a transaction with what other pages of this process ask for at the same time."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TypeVar

from intake.delivery.hub import running_hub

Item = TypeVar("Item")
Result = TypeVar("Result")


def do_together(work: Callable[[list[Item]], list[Result]], item: Item, *, most: int, name: str) -> Result:
    """What `work` returns for `item` (see `Grouped`). From a page's thread; without a running hub, alone and at once.

    Raises what `work` raises, and `Unavailable` when the database hangs.
    """
    hub = running_hub()
    if hub is None:
        return work([item])[0]

    async def submit() -> Result:
        found: Result = await hub.grouped(work, most=most, name=name).submit(item)
        return found

    return asyncio.run_coroutine_threadsafe(submit(), hub.loop).result()
