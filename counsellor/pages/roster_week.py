"""One week of a helpline's roster, by person and by day."""

from __future__ import annotations

import datetime as dt
import zoneinfo
from collections.abc import Iterable
from dataclasses import dataclass, field

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.views.decorators.http import require_safe

from counsellor.access import counsellor_or_404, helpline_or_404, helplines_with
from counsellor.models import Counsellor, Shift
from counsellor.pages.roster_frame import render_local, switchable
from counsellor.rules.roster import rostered_people, shifts_between
from counsellor.rules.roster_gaps import DoubleBooking, double_bookings, uncovered_hours
from intake.models import Helpline
from intake.rules.hours import open_intervals, week_hours
from intake.rules.timetable import ONE_DAY, DayHours, Interval
from intake.rules.wall_clock import moment_of

LOOKS_AHEAD = dt.timedelta(days=28)


@dataclass
class Day:
    on: dt.date
    hours: DayHours
    shifts: list[Shift] = field(default_factory=list)
    uncovered: list[Interval] = field(default_factory=list)


@dataclass
class Person:
    user: Counsellor
    days: list[list[Shift]]


@require_safe
def roster_home(request: HttpRequest) -> HttpResponse:
    """To the first roster that one may see, else to one's own shifts."""
    first = helplines_with(counsellor_or_404(request), "counsellor.view_roster").first()
    return redirect("counsellor:roster_week", slug=first.slug) if first else redirect("counsellor:my_shifts")


@require_safe
def roster_week(request: HttpRequest, slug: str) -> HttpResponse:
    helpline = helpline_or_404(request, slug, "counsellor.view_roster")
    now = timezone.now()
    today = now.astimezone(helpline.zone).date()
    monday = monday_of(request.GET.get("week"), today=today)
    start, end = (moment_of(day, dt.time(), zone=helpline.zone) for day in (monday, monday + 7 * ONE_DAY))
    days = days_of(helpline, monday, start, end)
    doubles = double_bookings(helpline, start=start, end=end)
    gaps_ahead = uncovered_hours(helpline, start=now, end=now + LOOKS_AHEAD)
    context = {
        "days": days,
        "people": by_person(rostered_people(helpline), days),
        "open_at_all": bool(open_intervals(helpline, start=start, end=end)),
        "has_gaps": any(day.uncovered for day in days),
        "doubles": doubles,
        "double_ids": ids_of(doubles),
        "next_gap": next(iter(gaps_ahead), None),
        "today": today,
        "monday": monday,
        "sunday": monday + 6 * ONE_DAY,
        "week_number": monday.isocalendar().week,
        "previous": week_text(monday - 7 * ONE_DAY),
        "following": week_text(monday + 7 * ONE_DAY),
        "is_this_week": monday <= today < monday + 7 * ONE_DAY,
        "helplines": switchable(request, "counsellor.view_roster"),
    }
    return render_local(request, helpline, "counsellor/roster/week.html", context)


def days_of(helpline: Helpline, monday: dt.date, start: dt.datetime, end: dt.datetime) -> list[Day]:
    days = {hours.on: Day(hours.on, hours) for hours in week_hours(helpline, start=monday)}
    for shift in shifts_between(helpline, start=start, end=end):
        # A night that reaches into the week is shown on its first day.
        days[max(shift.starts_at.astimezone(helpline.zone).date(), monday)].shifts.append(shift)
    for gap in by_day(uncovered_hours(helpline, start=start, end=end), zone=helpline.zone):
        days[gap.starts_at.astimezone(helpline.zone).date()].uncovered.append(gap)
    return list(days.values())


def by_day(intervals: Iterable[Interval], *, zone: zoneinfo.ZoneInfo) -> Iterable[Interval]:
    """The intervals cut at every midnight."""
    for interval in intervals:
        start = interval.starts_at
        while start < interval.ends_at:
            midnight = moment_of(start.astimezone(zone).date() + ONE_DAY, dt.time(), zone=zone)
            yield Interval(start, min(midnight, interval.ends_at))
            start = midnight


def by_person(people: Iterable[Counsellor], days: list[Day]) -> list[Person]:
    """Everybody who answers, and whoever else has a shift: somebody may have left after the roster was drawn up."""
    rows = {user.pk: Person(user, [[] for _ in days]) for user in people}
    for number, day in enumerate(days):
        for shift in day.shifts:
            row = rows.setdefault(shift.user_id, Person(shift.user, [[] for _ in days]))
            row.days[number].append(shift)
    return list(rows.values())


def ids_of(doubles: Iterable[DoubleBooking]) -> set[int]:
    return {shift.pk for double in doubles for shift in (double.shift, double.other)}


def monday_of(text: str | None, *, today: dt.date) -> dt.date:
    """The Monday of a week written 2025-W24; of this week when nothing is asked for. 404 for what is no week."""
    if not text:
        return today - today.weekday() * ONE_DAY
    try:
        monday = dt.datetime.strptime(f"{text}-1", "%G-W%V-%u").date()  # noqa: DTZ007 - a date has no zone
    except ValueError:
        raise Http404 from None
    if not 2000 <= monday.year <= 2200:
        raise Http404
    return monday


def week_text(day: dt.date) -> str:
    return f"{day.isocalendar().year}-W{day.isocalendar().week:02}"
