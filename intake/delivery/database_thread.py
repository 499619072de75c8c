"""A thread with database connections of its own.

`sync_to_async` would put everything a process does into one thread, behind whatever page is being made there,
and leave connections open that nobody closes after a fault.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import ParamSpec, TypeVar

import psycopg
from django.db import Error, InterfaceError, OperationalError, connections
from psycopg_pool import PoolTimeout

from intake.delivery.broken_connections import discard_broken_connections

FINISH_SECONDS = 2.0

Params = ParamSpec("Params")
Result = TypeVar("Result")


class DatabaseThread:
    def __init__(self, name: str) -> None:
        self._executor = ThreadPoolExecutor(max_workers=1, thread_name_prefix=name)

    async def run(self, work: Callable[Params, Result], *args: Params.args, **kwargs: Params.kwargs) -> Result:
        """What `work` returns, after everything asked for before. An exception opens the connections anew.

        `work` is done a second time when the server ended the connection under it, committed or not: let it bear that.
        """
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._executor, partial(_do, partial(work, *args, **kwargs)))

    async def finish(self) -> None:
        """Close the connections and end the thread. One that hangs is not waited for: it ends with the process."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(FINISH_SECONDS):
                await self.run(connections.close_all)
        self._executor.shutdown(wait=False)


def _do(work: Callable[[], Result]) -> Result:
    try:
        return _do_once(work)
    except (OperationalError, InterfaceError) as error:
        discard_broken_connections()
        if not _connection_was_ended(error):
            raise
    return _do_once(work)


def _do_once(work: Callable[[], Result]) -> Result:
    try:
        return work()
    except BaseException:
        connections.close_all()
        raise


def _connection_was_ended(error: Error) -> bool:
    """Whether PostgreSQL had gone or thrown us out: it may be back. Not that it could not be reached for long."""
    cause = error.__cause__
    if not isinstance(cause, psycopg.OperationalError | psycopg.InterfaceError) or isinstance(cause, PoolTimeout):
        return False
    return cause.sqlstate is None or cause.sqlstate.startswith(("08", "57P"))
