"""A roster for the demonstration: days at FFP, day and night at Foreldresupport, with a gap and a clash to be found."""

from __future__ import annotations

import datetime as dt

from django.db import transaction

from counsellor.models import Counsellor, PatternRow
from counsellor.rules.roster_drawing import draw_up_shifts
from counsellor.rules.roster_half_year import HalfYear
from counsellor.rules.roster_shifts import add_shift
from intake.models import Helpline
from intake.rules.timetable import ONE_DAY
from intake.rules.wall_clock import moment_of

# Who is on: weekdays (0 is Monday), from, to. On Fridays nobody takes the last two hours: the roster shows it.
FFP = [
    ("kari", (0, 2), "09:00", "12:30"),
    ("jonas", (0, 2), "12:30", "16:00"),
    ("sara", (1,), "09:00", "12:30"),
    ("kari", (1,), "12:30", "16:00"),
    ("jonas", (3,), "09:00", "14:00"),
    ("vigdis", (3,), "14:00", "20:00"),
    ("sara", (4,), "09:00", "14:00"),
]
FORELDRESUPPORT = [
    ("mona", (0, 1, 2, 3, 4), "07:00", "15:00"),
    ("ellen", (0, 1, 2, 3), "15:00", "23:00"),
    ("per", (0, 1, 2, 3, 6), "23:00", "07:00"),
    ("sara", (5, 6), "07:00", "15:00"),
    ("mona", (5, 6), "15:00", "23:00"),
    ("per", (4,), "15:00", "23:00"),
    ("ellen", (4, 5), "23:00", "07:00"),
]
PATTERNS = {"ffp": ("astrid", FFP), "foreldresupport": ("tor", FORELDRESUPPORT)}


@transaction.atomic
def create_roster(helplines: dict[str, Helpline], staff: dict[str, Counsellor], now: dt.datetime) -> None:
    """Patterns, and the shifts of this half-year and of the next when it is near. Where a pattern is, all is left."""
    for slug, (coordinator, pattern) in PATTERNS.items():
        helpline = helplines[slug]
        if PatternRow.objects.filter(helpline=helpline).exists():
            continue
        PatternRow.objects.bulk_create(
            PatternRow(
                helpline=helpline,
                user=staff[name],
                weekday=weekday,
                starts=dt.time.fromisoformat(starts),
                ends=dt.time.fromisoformat(ends),
            )
            for name, weekdays, starts, ends in pattern
            for weekday in weekdays
        )
        today = now.astimezone(helpline.zone).date()
        for half_year in sorted({HalfYear.of(today), HalfYear.of(today + 45 * ONE_DAY)}):
            # As it would have been done before the half-year began, so that the past weeks are there too.
            before = moment_of(half_year.first_on, dt.time(), zone=helpline.zone) - dt.timedelta(seconds=1)
            draw_up_shifts(helpline, half_year=half_year, by=staff[coordinator], now=min(before, now))
        if slug == "foreldresupport":
            _add_clash(helpline, staff["sara"], today)


def _add_clash(helpline: Helpline, sara: Counsellor, today: dt.date) -> None:
    """Sara helps out next Tuesday, when she is on at FFP: the roster of both shows it."""
    tuesday = today + ((1 - today.weekday()) % 7 or 7) * ONE_DAY
    starts_at = moment_of(tuesday, dt.time(10), zone=helpline.zone)
    add_shift(helpline, user=sara, starts_at=starts_at, ends_at=starts_at + dt.timedelta(hours=4), note="Ekstravakt")
