from __future__ import annotations

import logging
import time
from typing import Any

from django.contrib.sessions.backends.db import SessionStore
from django.core.management.base import BaseCommand, CommandParser
from django.db import Error, connections
from django.utils import timezone

from counsellor.rules.audit import forget_actions
from counsellor.rules.lockout import forget_attempts
from intake.delivery.announcing import announce
from intake.rules.abandonment import close_abandoned
from intake.rules.retention import purge_by_age, sweep_orphaned_keys
from intake.sealing.salt import destroy_old_salts

logger = logging.getLogger(__name__)


class Command(BaseCommand):
    help = (
        "Purge by age, close what was abandoned, destroy old salts. Idempotent, and safe on several machines at once."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--every", type=int, metavar="SECONDS", help="go on, once every so many seconds")

    def handle(self, *args: Any, every: int | None = None, **options: Any) -> None:
        if every is None:
            self.stdout.write(keep_house())
            return
        while True:
            try:
                keep_house()
            except Error:
                # A database that is away for a minute must not end the purging for good.
                logger.warning("Housekeeping could not reach a database. It tries again.", exc_info=True)
                connections.close_all()
            time.sleep(every)


def keep_house() -> str:
    """One round; a line that says how much was done, in numbers alone."""
    now = timezone.now()
    abandoned = close_abandoned(now=now)
    for conversation in abandoned:
        announce(conversation)
    purged = purge_by_age(now=now)
    keys = sweep_orphaned_keys(now=now)
    salts = destroy_old_salts(today=now.date())
    forget_actions(now=now)
    forget_attempts(now=now)
    # Django leaves them for ever; they hold who was signed in, and which contacts she had just registered.
    SessionStore.clear_expired()
    return f"closed {len(abandoned)} abandoned, purged {purged}, destroyed {keys} stray keys and {salts} old salts"
