"""A coroutine that is begun at once, and becomes a task only when it has to wait.

What tasks do by themselves from Python 3.12 on (`asyncio.eager_task_factory`). A feed nearly always sends without
waiting, and twice a message: the tasks were a tenth of what a message costs.
"""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Generator
from types import coroutine
from typing import Any


def begin(work: Coroutine[Any, Any, None], *, loop: asyncio.AbstractEventLoop) -> asyncio.Task[None] | None:
    """Run `work` as far as it goes. The task that goes on with it, or None when it is done.

    Raises what `work` raises before it waits. Until then it has no task of its own (`asyncio.current_task`).
    """
    try:
        waits_for = work.send(None)
    except StopIteration:
        return None
    return loop.create_task(_go_on(work, waits_for))


async def _go_on(work: Coroutine[Any, Any, None], waits_for: object) -> None:
    await _rest_of(work, waits_for)


@coroutine
def _rest_of(work: Coroutine[Any, Any, None], waits_for: object) -> Generator[object, None, None]:
    while True:
        try:
            try:
                yield waits_for
            except BaseException as error:  # noqa: BLE001 - a failed future or a cancellation: it is for `work`
                waits_for = work.throw(error)
            else:
                waits_for = work.send(None)
        except StopIteration:
            return
