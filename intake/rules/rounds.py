"""One round of housekeeping: what is due by the clocks together, and no more (docs/privacy.md, "Purge")."""

from __future__ import annotations

import logging
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from intake.models import Conversation
from intake.rules.abandonment import close_abandoned, count_abandoned
from intake.rules.clock_guard import (
    TOLERANCE_MINUTES,
    Clocks,
    Uptime,
    is_too_much,
    note_held_back,
    note_round,
    read_clocks,
)
from intake.rules.retention import (
    correct_future_times,
    count_due,
    find_orphaned_keys,
    purge_by_age,
    sweep_orphaned_keys,
)
from intake.sealing.models import SealKey
from intake.sealing.salt import destroy_future_salts, destroy_old_salts

logger = logging.getLogger(__name__)

State = Conversation.State


@dataclass
class Round:
    """What one round did. `at` is the time it went by; `held_back` what it refused to remove."""

    at: datetime
    abandoned: list[Conversation] = field(default_factory=list)
    purged: int = 0
    keys: int = 0
    salts: int = 0
    held_back: int = 0


def keep_round(*, now: datetime, uptime: Uptime | None, database: datetime | None = None, confirmed: int = 0) -> Round:
    """End what was left, purge what is due, destroy stray keys and old salts. Idempotent.

    `database` is the time of the database's machine. Where the clocks disagree it goes by the earliest. What only the
    process's own clock would remove goes too when it is at most half of the open and half of the ended conversations,
    or when `confirmed` names at least that many.
    """
    clocks = read_clocks(now=now, uptime=uptime, database=database)
    done = Round(at=clocks.trusted_at)
    _remove(done, now=clocks.trusted_at)
    if not clocks.steady:
        done.held_back = _count_too_much(clocks, confirmed=confirmed)
    if done.held_back:
        if note_held_back(done.held_back, clocks=clocks, uptime=uptime):
            logger.error(
                "Housekeeping refuses to remove conversations or keys: is the clock right, and the database yours?",
                extra={"count": done.held_back},
            )
        return done
    if not clocks.steady:
        done.at = now
        _remove(done, now=now)
    done.salts += destroy_future_salts(after=(now + timedelta(hours=1)).date())
    # Where the database is ahead of us, it may be we who are behind, and those times the right ones.
    if database is None or database - now <= timedelta(minutes=TOLERANCE_MINUTES):
        correct_future_times(now=now)
    note_round(now=now, uptime=uptime)
    return done


def _remove(done: Round, *, now: datetime) -> None:
    done.abandoned += close_abandoned(now=now)
    done.purged += purge_by_age(now=now)
    done.keys += sweep_orphaned_keys(now=now)
    done.salts += destroy_old_salts(today=now.date())


def _count_too_much(clocks: Clocks, *, confirmed: int) -> int:
    """How many conversations and keys must stay for now; 0 when they may go.

    Keys that most conversations are missing for: the database was lost and is to be restored.
    """
    ended = Conversation.objects.filter(state=State.ENDED).count()
    living = Conversation.objects.count() - ended
    # A jump also makes the time since the last sign of service look like an outage, which forgives everybody.
    left = count_abandoned(now=clocks.now, forgive_outage=not clocks.jumped)
    due = count_due(now=clocks.now)
    stray = len(find_orphaned_keys(now=clocks.now))
    shares = ((left, living), (due, ended), (stray, SealKey.objects.count()))
    too_much = any(is_too_much(doomed, all_, jumped=clocks.jumped) for doomed, all_ in shares)
    doomed = left + due + stray
    return doomed if too_much and doomed > confirmed else 0
