"""What a roster lacks and where it asks for too much."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass

from counsellor.models import Shift
from intake.models import Helpline
from intake.rules.hours import open_intervals
from intake.rules.timetable import Interval, subtracted


@dataclass(frozen=True, slots=True)
class DoubleBooking:
    """Two shifts of one person that overlap. `other` may be on another helpline."""

    shift: Shift
    other: Shift


def uncovered_hours(
    helpline: Helpline,
    *,
    start: dt.datetime,
    end: dt.datetime,
    added: Iterable[Interval] = (),
    withdrawn: Iterable[Shift] = (),
) -> list[Interval]:
    """The opening hours between `start` and `end` in which nobody is on, as if `added` and `withdrawn` were done."""
    standing = Shift.objects.standing().filter(helpline=helpline, starts_at__lt=end, ends_at__gt=start)
    gone = {shift.pk for shift in withdrawn}
    times = standing.values_list("pk", "starts_at", "ends_at")
    covers = [Interval(starts_at, ends_at) for pk, starts_at, ends_at in times if pk not in gone]
    return subtracted(open_intervals(helpline, start=start, end=end), taken=[*covers, *added])


def double_bookings(helpline: Helpline, *, start: dt.datetime, end: dt.datetime) -> list[DoubleBooking]:
    """Overlapping shifts of one person, at least one of them on `helpline` and in the time from `start` to `end`.

    For coordinators: of another helpline it tells no more than that she is on there, and when.
    """
    here = Shift.objects.standing().filter(helpline=helpline, starts_at__lt=end, ends_at__gt=start)
    people = set(here.values_list("user_id", flat=True))
    standing = Shift.objects.standing().filter(user__in=people, starts_at__lt=end, ends_at__gt=start)
    found: list[DoubleBooking] = []
    for shifts in _by_person(standing.select_related("user", "helpline").order_by("user_id", "starts_at", "id")):
        for one, other in overlapping(shifts):
            if helpline.pk in (one.helpline_id, other.helpline_id):
                # The shift of this helpline first, whichever begins first.
                found.append(DoubleBooking(one, other) if one.helpline_id == helpline.pk else DoubleBooking(other, one))
    return sorted(found, key=lambda double: (double.shift.starts_at, double.shift.pk))


def _by_person(shifts: Iterable[Shift]) -> Iterable[list[Shift]]:
    people: dict[int, list[Shift]] = {}
    for shift in shifts:
        people.setdefault(shift.user_id, []).append(shift)
    return people.values()


def overlapping(shifts: list[Shift]) -> Iterable[tuple[Shift, Shift]]:
    """All pairs that overlap, of shifts in order of their starts."""
    for number, one in enumerate(shifts):
        for other in shifts[number + 1 :]:
            if other.starts_at >= one.ends_at:
                break
            yield one, other
