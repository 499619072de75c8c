"""The opening state in words: until when, from when, in the helpline's own time."""

from __future__ import annotations

import datetime as dt
import zoneinfo
from dataclasses import dataclass

from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from intake.models import Helpline
from intake.rules.hours import OpeningState, week_hours
from intake.rules.timetable import DayHours

TOMORROW, WITHIN_A_WEEK = 1, 7


@dataclass(frozen=True)
class WeekLine:
    """One line of the table of opening hours."""

    day: str
    times: str
    reason: str
    is_today: bool


def say_state(state: OpeningState, helpline: Helpline, *, now: dt.datetime) -> str:
    """One or two short sentences, for the door of the helpline. "kl." sticks to its time."""
    return _say_state(state, helpline, now=now).replace("kl. ", "kl.\u00a0")


def _say_state(state: OpeningState, helpline: Helpline, *, now: dt.datetime) -> str:
    if state.open:
        if state.closes_at is None:
            return _("Åpent nå, hele døgnet.")
        return _say_until(state.closes_at, now=now, zone=helpline.zone)
    if state.opens_at is None:
        return _("Vi tar ikke imot flere akkurat nå.") if state.soft_closed else _("Stengt.")
    when = say_moment(state.opens_at, now=now, zone=helpline.zone)
    if state.soft_closed:
        return _("Vi tar ikke imot flere akkurat nå. Vi åpner igjen %(when)s.") % {"when": when}
    return _("Stengt nå. Vi åpner %(when)s.") % {"when": when}


def _say_until(moment: dt.datetime, *, now: dt.datetime, zone: zoneinfo.ZoneInfo) -> str:
    if _days_ahead(moment, now=now, zone=zone) <= 0:
        return _("Åpent nå, til kl. %(time)s.") % {"time": f"{moment.astimezone(zone):%H:%M}"}
    return _("Åpent nå, til %(when)s.") % {"when": say_moment(moment, now=now, zone=zone)}


def say_moment(moment: dt.datetime, *, now: dt.datetime, zone: zoneinfo.ZoneInfo) -> str:
    """As in "kl. 20:00", "i morgen kl. 09:00", "tirsdag kl. 09:00", "3. januar kl. 09:00"."""
    days = _days_ahead(moment, now=now, zone=zone)
    local = moment.astimezone(zone)
    values = {"time": f"{local:%H:%M}", "day": date_format(local.date(), "l" if days < WITHIN_A_WEEK else _("j. F"))}
    if days <= 0:
        return _("kl. %(time)s") % values
    if days == TOMORROW:
        return _("i morgen kl. %(time)s") % values
    return _("%(day)s kl. %(time)s") % values


def _days_ahead(moment: dt.datetime, *, now: dt.datetime, zone: zoneinfo.ZoneInfo) -> int:
    return (moment.astimezone(zone).date() - now.astimezone(zone).date()).days


def week_lines(helpline: Helpline, *, now: dt.datetime | None = None) -> list[WeekLine]:
    """Today and the six days after it; one line when it is always open."""
    today = (now or timezone.now()).astimezone(helpline.zone).date()
    days = week_hours(helpline, start=today)
    if all(day.round_the_clock for day in days):
        return [WeekLine(_("alle dager"), _("hele døgnet"), "", is_today=False)]
    return [_line(day, today) for day in days]


def _line(day: DayHours, today: dt.date) -> WeekLine:
    if day.round_the_clock:
        times = _("hele døgnet")
    else:
        times = ", ".join(f"{opens:%H:%M}–{closes:%H:%M}" for opens, closes in day.times) or _("stengt")
    return WeekLine(date_format(day.on, "l"), times, day.reason, day.on == today)
