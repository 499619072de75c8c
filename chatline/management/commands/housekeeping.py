from __future__ import annotations

import logging
import signal
import time
from queue import Empty, SimpleQueue
from typing import Any

from django.contrib.sessions.backends.db import SessionStore
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import Error, connections
from django.utils import timezone

from counsellor.rules.audit import forget_actions
from counsellor.rules.lockout import forget_attempts
from intake.delivery.announcing import announce
from intake.rules.clock_guard import current_uptime, database_time
from intake.rules.rounds import Round, keep_round
from intake.sealing.key_store import Rewrite, forget_destroyed

logger = logging.getLogger(__name__)

HELD_BACK_EXIT = 3


class Command(BaseCommand):
    help = (
        "Purge by age, close what was abandoned, destroy old salts. Idempotent, and safe on several machines at once. "
        f"Refuses to remove more than half of the conversations when a clock looks wrong: exit code {HELD_BACK_EXIT}."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--every", type=int, metavar="SECONDS", help="go on, once every so many seconds")
        parser.add_argument(
            "--yes-remove",
            type=int,
            metavar="N",
            default=0,
            help="the clock is right: remove up to so many conversations that an earlier round refused to remove",
        )

    def handle(self, *args: Any, every: int | None = None, yes_remove: int = 0, **options: Any) -> None:
        if every is not None and every < 1:
            raise CommandError("--every takes whole seconds, 1 or more.")
        if every is None:
            done = keep_house(confirmed=yes_remove)
            forget_destroyed(None, at=time.monotonic())
            self.stdout.write(summary(done))
            if done.held_back:
                raise CommandError(refusal(done), returncode=HELD_BACK_EXIT)
            return
        # The first process of a container is not ended by a signal that it does not handle. A round is finished first:
        # cut short in a query, the pool would warn of a broken connection. This queue alone may be filled in a handler.
        asked_to_stop: SimpleQueue[int] = SimpleQueue()
        signal.signal(signal.SIGTERM, lambda number, frame: asked_to_stop.put(number))
        last: Rewrite | None = None
        while True:
            try:
                keep_house(confirmed=yes_remove)
                yes_remove = 0  # it was said of what was there then
                last = forget_destroyed(last, at=time.monotonic())
            except Error:
                # A database that is away for a minute must not end the purging for good.
                logger.warning("Housekeeping could not reach a database. It tries again.", exc_info=True)
                connections.close_all()
            try:
                asked_to_stop.get(timeout=every)  # by a clock that nobody can put
            except Empty:
                continue
            return


def keep_house(*, confirmed: int = 0) -> Round:
    """One round of everything."""
    done = keep_round(database=database_time(), uptime=current_uptime(), now=timezone.now(), confirmed=confirmed)
    for conversation in done.abandoned:
        announce(conversation)
    forget_actions(now=done.at)
    forget_attempts(now=done.at)
    if not done.held_back:
        # Django leaves them for ever; they hold who was signed in, and which contacts she had just registered.
        SessionStore.clear_expired()
    return done


def summary(done: Round) -> str:
    """A line that says how much was done, in numbers alone."""
    return (
        f"closed {len(done.abandoned)} abandoned, purged {done.purged}, "
        f"destroyed {done.keys} stray keys and {done.salts} old salts"
    )


def refusal(done: Round) -> str:
    return (
        f"Refused to remove {done.held_back} conversations or keys: that is more than half. "
        f"This machine says {timezone.now():%Y-%m-%d %H:%M} UTC. If that is wrong, put the clock right, and nothing "
        f"was lost. If the database is not the one that the keys belong to, restore it first. "
        f"If both are right: manage.py housekeeping --yes-remove {done.held_back}"
    )
