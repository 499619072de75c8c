"""Is it really so late? Nothing is removed because a clock jumped, and nothing because nobody could come in.

A clock that is a day ahead would end every open conversation and purge texts that people still read. So each round of
housekeeping compares the process's clock with what cannot lie the same way: the time the machine has been up since the
last round, and the database's own clock.
"""

from __future__ import annotations

import time
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from django.db import connection
from django.db.models import Case, F, Q, Value, When

from intake.models import ServiceClock

TOLERANCE_MINUTES = 5
"""Clocks of a well-kept machine differ by less."""
OUTAGE_MINUTES = 2
"""Doors that nobody has kept open for this long were closed."""
UNSEEN_MINUTES = 15
"""After a restart of the machine: a longer gap than this may be an outage or a clock that jumped."""
FEW_CONVERSATIONS = 3
"""A quiet night may well forget three. Without a sign of a jump that many are removed whatever their share."""
PATIENCE_HOURS = 24
"""A refusal lasts no longer: whoever could put the clock right has been told, and texts must not stay for ever."""
KEEPER_GONE_HOURS = 2
"""Of several machines that keep house, the one that waits first waits for all, unless it has gone for this long."""
BOOT_ID = Path("/proc/sys/kernel/random/boot_id")
LONG_AGO = datetime(2000, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Uptime:
    """How long which start of a machine has lasted; no change of the clock touches it."""

    machine: str
    seconds: float


@dataclass(frozen=True, slots=True)
class Clocks:
    """`now` is this process's clock. Up to `trusted_at` the other clocks agree; `jumped` is a sign that it is wrong."""

    now: datetime
    trusted_at: datetime
    jumped: bool

    @property
    def steady(self) -> bool:
        return self.trusted_at == self.now


def current_uptime() -> Uptime | None:
    """None on a system that does not tell."""
    with suppress(OSError, AttributeError):
        return Uptime(BOOT_ID.read_text().strip(), time.clock_gettime(time.CLOCK_BOOTTIME))
    return None


def database_time() -> datetime | None:
    """The clock of the database's machine; None where the database has none of its own."""
    if connection.vendor != "postgresql":
        return None
    with connection.cursor() as cursor:
        cursor.execute("SELECT clock_timestamp()")
        found: datetime = cursor.fetchone()[0]
    return found


def read_clocks(*, now: datetime, uptime: Uptime | None, database: datetime | None = None) -> Clocks:
    """What the clocks say together. `database` is that machine's time, when it has one."""
    last = ServiceClock.objects.filter(pk=1).first()
    others = [] if database is None else [database]
    if last is not None and (expected := _expected(last, uptime=uptime)) is not None:
        others.append(expected)
    elif last is None or last.round_at is None:
        return Clocks(now, LONG_AGO, jumped=_is_ahead(now, others))
    elif _has_waited(last, uptime=uptime):
        pass
    elif now - last.round_at > timedelta(minutes=UNSEEN_MINUTES):
        return Clocks(now, last.round_at, jumped=_is_ahead(now, others))
    jumped = _is_ahead(now, others)
    return Clocks(now, min(others) if jumped else now, jumped=jumped)


def _expected(last: ServiceClock, *, uptime: Uptime | None) -> datetime | None:
    """The time it must be by the last round and the time the machine has been up since."""
    if uptime is None or last.round_at is None or last.machine != uptime.machine:
        return None
    passed = timedelta(seconds=uptime.seconds - last.uptime_seconds)
    if passed < timedelta(0) or _has_waited(last, uptime=uptime):
        return None
    return last.round_at + passed


def _has_waited(last: ServiceClock, *, uptime: Uptime | None) -> bool:
    """Whether this machine has been up for PATIENCE_HOURS since the last round that acted.

    Long enough for somebody to put a wrong clock right.
    """
    if uptime is None or last.machine != uptime.machine:
        return False
    return uptime.seconds - last.uptime_seconds >= timedelta(hours=PATIENCE_HOURS).total_seconds()


def _is_ahead(now: datetime, others: list[datetime]) -> bool:
    return any(now - other > timedelta(minutes=TOLERANCE_MINUTES) for other in others)


def is_too_much(doomed: int, living: int, *, jumped: bool) -> bool:
    """Whether more than half would go: with a sign of a jump always too much, without one only when it is not few."""
    return doomed * 2 > living and (jumped or doomed > FEW_CONVERSATIONS)


def note_round(*, now: datetime, uptime: Uptime | None) -> None:
    """A round has acted on this clock: from here on the next one counts."""
    ServiceClock.objects.update_or_create(
        pk=1,
        defaults={
            "round_at": now,
            "kept_at": now,
            "machine": uptime.machine if uptime else "",
            "uptime_seconds": uptime.seconds if uptime else 0,
            "held_back": 0,
        },
    )


def note_held_back(count: int, *, clocks: Clocks, uptime: Uptime | None) -> bool:
    """A round has refused to remove so many. True when the one before had not."""
    now = clocks.now
    ServiceClock.objects.get_or_create(pk=1)
    if uptime is not None:
        others = ServiceClock.objects.filter(pk=1).exclude(machine=uptime.machine)
        # Machines that take turns must not begin the wait anew each time: it would never end.
        if others.filter(held_back__gt=0, kept_at__gt=now - timedelta(hours=KEEPER_GONE_HOURS)).exists():
            return False
        # On a new start of the machine the time that is believed goes on from here, at the pace of its uptime.
        others.update(round_at=clocks.trusted_at, machine=uptime.machine, uptime_seconds=uptime.seconds)
    first = ServiceClock.objects.filter(pk=1, held_back=0).update(held_back=count, kept_at=now)
    if not first:
        ServiceClock.objects.filter(pk=1).update(held_back=count, kept_at=now)
    return bool(first)


def count_held_back() -> int:
    """How many conversations housekeeping refuses to remove now; 0 when all is well."""
    return ServiceClock.objects.filter(pk=1).values_list("held_back", flat=True).first() or 0


def last_round_at() -> datetime | None:
    """When housekeeping last ran, by its own clock."""
    return ServiceClock.objects.filter(pk=1).values_list("kept_at", flat=True).first()


def note_open(*, now: datetime) -> None:
    """A web process serves. Called by each of them every half minute, so that an outage can be told afterwards."""
    # Clocks of several machines differ a little: what the one that is ahead has said is no break to the others.
    latest = now + timedelta(minutes=TOLERANCE_MINUTES)
    broken = (
        Q(open_at=None)
        | Q(open_at__lt=now - timedelta(minutes=OUTAGE_MINUTES))
        | Q(open_at__gt=latest)
        | Q(open_since_at=None)
        | Q(open_since_at__gt=latest)
    )
    changed = {
        "open_at": Case(When(open_at__range=(now, latest), then=F("open_at")), default=Value(now)),
        "open_since_at": Case(When(broken, then=Value(now)), default=F("open_since_at")),
    }
    if not ServiceClock.objects.filter(pk=1).update(**changed):
        ServiceClock.objects.get_or_create(pk=1)
        ServiceClock.objects.filter(pk=1).update(**changed)


def been_open_for(*, now: datetime) -> timedelta | None:
    """How long visitors have been able to come in without a break, zero when they cannot; None when nobody said."""
    clock = ServiceClock.objects.filter(pk=1).first()
    if clock is None or clock.open_at is None or clock.open_since_at is None:
        return None
    # The clock of the machine that keeps house may be a little ahead of those that serve.
    if now - clock.open_at > timedelta(minutes=OUTAGE_MINUTES + TOLERANCE_MINUTES):
        return timedelta(0)
    return max(timedelta(0), now - clock.open_since_at)
