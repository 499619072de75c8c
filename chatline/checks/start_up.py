"""The web server does not start with a dangerous configuration, unless it is a demonstration."""

from __future__ import annotations

from django.conf import settings
from django.core.checks import CheckMessage

from chatline.checks.configuration import check_configuration
from chatline.checks.databases import check_databases
from chatline.checks.findings import say
from chatline.checks.redis_server import check_redis
from chatline.checks.server import check_server


def find_dangers() -> list[CheckMessage]:
    """Errors that must keep the server from starting. All findings are in the log after this, warnings too.

    A database that is away keeps nothing from starting: the server waits for it, and says that it is not ready.
    """
    if settings.DEMO:
        return []
    found = [message for check in CHECKS for message in check()]
    say(found)
    return [message for message in found if message.is_serious()]


CHECKS = (check_configuration, check_server, check_databases, check_redis)
