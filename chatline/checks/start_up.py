"""The web server does not start with a dangerous configuration, unless it is a demonstration."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from functools import partial

from django.conf import settings
from django.core.checks import CheckMessage

from chatline.checks.configuration import check_configuration
from chatline.checks.databases import ASK_SECONDS, STORES, UNASKED, check_databases, judge_stores, read_own
from chatline.checks.findings import say
from chatline.checks.redis_server import check_redis
from chatline.checks.server import check_server
from chatline.operating.asker import asker_of

ANSWER_SECONDS = 3.0
AGAIN_SECONDS = 5.0


def look_around() -> list[CheckMessage]:
    """All findings, errors that must keep the server from starting among them. They are in the log after this.

    A database that is away keeps nothing from starting: the server waits for it, and says that it is not ready.
    """
    if settings.DEMO:
        return []
    found = [message for check in CHECKS for message in check()]
    say(found)
    return found


async def look_again(found: Sequence[CheckMessage]) -> None:
    """Judge the databases by their first answer, when one of them gave none at the start.

    What is new is said, and stops nobody: a server that runs has people in it.
    """
    now = list(found)
    while any(message.id == UNASKED and message.obj in STORES.values() for message in now):
        await asyncio.sleep(AGAIN_SECONDS)
        if all([await asker_of(alias).answers(within_seconds=ANSWER_SECONDS) for alias in STORES]):
            work = {alias: partial(read_own, alias) for alias in STORES}
            told = {alias: await asker_of(alias).run(work[alias], within_seconds=ASK_SECONDS) for alias in STORES}
            now = judge_stores(told)
    say(message for message in now if message not in found)


CHECKS = (check_configuration, check_server, check_databases, check_redis)
