"""Turning the weekly pattern into the shifts of a half-year, and never over what was changed by hand."""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Iterator
from dataclasses import dataclass

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from counsellor.models import Counsellor, PatternRow, RosterDrawing, Shift
from counsellor.rules.roster import rostered_people
from counsellor.rules.roster_half_year import HalfYear
from intake.errors import Refusal
from intake.models import Helpline
from intake.rules.timetable import ONE_DAY, Interval
from intake.rules.wall_clock import moment_of


class PlanChanged(Refusal):
    code = "plan_changed"
    status = 409
    title = _("Planen er endret siden du så den. Se over på nytt, og bekreft en gang til.")


class NothingToUndo(Refusal):
    code = "nothing_to_undo"
    status = 409
    title = _("Det er ikke noe oppsett å angre.")


@dataclass(frozen=True, slots=True, order=True)
class Slot:
    """A place that the pattern asks to be filled."""

    starts_at: dt.datetime
    ends_at: dt.datetime
    user_id: int

    @property
    def interval(self) -> Interval:
        return Interval(self.starts_at, self.ends_at)


@dataclass(frozen=True)
class DrawingPlan:
    """What drawing up would do. Past shifts, shifts added by hand and shifts changed by hand are never touched."""

    from_on: dt.date
    until_on: dt.date
    added: list[Slot]
    withdrawn: list[Shift]
    unchanged: list[Shift]
    changed_by_hand: list[Shift]
    """Drawn up earlier and moved, given away or taken out since: they stay as they are."""
    added_by_hand: list[Shift]
    skipped: list[PatternRow]
    """Rows of people who no longer answer on this helpline."""

    @property
    def digest(self) -> str:
        """The same for the same plan: what is confirmed is what was seen."""
        seen = [str(slot) for slot in self.added] + [str(shift.pk) for shift in self.withdrawn]
        return hashlib.sha256("\n".join([str(self.from_on), str(self.until_on), *seen]).encode()).hexdigest()


def plan_shifts(helpline: Helpline, *, half_year: HalfYear, now: dt.datetime) -> DrawingPlan:
    """What `draw_up_shifts` would do now. Changes nothing. What has begun already is left out."""
    rows = list(PatternRow.objects.filter(helpline=helpline).select_related("user"))
    people = set(rostered_people(helpline).values_list("pk", flat=True))
    slots = _slots(helpline, [row for row in rows if row.user_id in people], half_year)
    drawn, by_hand = _stored(helpline, half_year, now)
    settled = {_planned(shift) for shift in drawn}
    as_planned = [shift for shift in drawn if shift.is_as_planned and shift.withdrawn_at is None]
    withdrawn = [shift for shift in as_planned if _planned(shift) not in slots]
    # Where she is put on by hand at that very time already, nothing is missing; what goes leaves its place free.
    taken = _taken(helpline, half_year) - {(shift.user_id, shift.starts_at) for shift in withdrawn}
    upcoming = {slot for slot in slots if slot.starts_at > now and (slot.user_id, slot.starts_at) not in taken}
    return DrawingPlan(
        from_on=half_year.first_on,
        until_on=half_year.last_on,
        added=sorted(upcoming - settled),
        withdrawn=withdrawn,
        unchanged=[shift for shift in as_planned if _planned(shift) in slots],
        changed_by_hand=[shift for shift in drawn if shift not in as_planned],
        added_by_hand=by_hand,
        skipped=[row for row in rows if row.user_id not in people],
    )


@transaction.atomic
def draw_up_shifts(
    helpline: Helpline, *, half_year: HalfYear, by: Counsellor, now: dt.datetime, digest: str | None = None
) -> RosterDrawing:
    """Carry out the plan. With `digest`, raises PlanChanged if the plan is no longer the one that was seen.

    Drawing up twice adds nothing the second time. The latest drawing can be undone (`undo_drawing`).
    """
    # One at a time on a helpline: two that plan at once would add the same shifts.
    Helpline.objects.select_for_update().get(pk=helpline.pk)
    plan = plan_shifts(helpline, half_year=half_year, now=now)
    if digest is not None and plan.digest != digest:
        raise PlanChanged
    # Only the latest can be undone: what an earlier one withdrew is gone for good.
    Shift.objects.filter(helpline=helpline, withdrawn_in__isnull=False).delete()
    drawing = RosterDrawing.objects.create(
        helpline=helpline, from_on=plan.from_on, until_on=plan.until_on, drawn_by=by, drawn_at=now
    )
    withdrawn = Shift.objects.filter(pk__in=[shift.pk for shift in plan.withdrawn])
    withdrawn.update(withdrawn_at=now, withdrawn_in=drawing)
    Shift.objects.bulk_create([_shift(drawing, slot) for slot in plan.added], batch_size=500)
    return drawing


def latest_drawing(helpline: Helpline) -> RosterDrawing | None:
    """The one that can be undone, if any."""
    # By number: the order they were made in, whatever the clock said.
    latest = RosterDrawing.objects.filter(helpline=helpline).order_by("-pk").first()
    return latest if latest and latest.undone_at is None else None


@transaction.atomic
def undo_drawing(helpline: Helpline, *, now: dt.datetime) -> RosterDrawing:
    """Take back the latest drawing: what it added goes, what it withdrew comes back. Raises NothingToUndo.

    Shifts that somebody changed since, and shifts that have begun, stay.
    """
    Helpline.objects.select_for_update().get(pk=helpline.pk)
    drawing = latest_drawing(helpline)
    if drawing is None:
        raise NothingToUndo
    added = drawing.drawn.filter(starts_at__gt=now, withdrawn_at__isnull=True)
    Shift.objects.filter(pk__in=[shift.pk for shift in added if shift.is_as_planned]).delete()
    standing = set(Shift.objects.standing().filter(helpline=helpline).values_list("user_id", "starts_at"))
    back = [shift.pk for shift in drawing.withdrawn.all() if (shift.user_id, shift.starts_at) not in standing]
    Shift.objects.filter(pk__in=back).update(withdrawn_at=None, withdrawn_in=None)
    drawing.undone_at = now
    drawing.save(update_fields=["undone_at"])
    return drawing


def _slots(helpline: Helpline, rows: list[PatternRow], half_year: HalfYear) -> set[Slot]:
    """The pattern over the half-year, by the dates that shifts begin on; of two that begin at once the longer."""
    longest: dict[tuple[int, dt.datetime], Slot] = {}
    for row in rows:
        for slot in _slots_of(helpline, row, half_year):
            key = (slot.user_id, slot.starts_at)
            longest[key] = max(slot, longest.get(key, slot))
    return set(longest.values())


def _slots_of(helpline: Helpline, row: PatternRow, half_year: HalfYear) -> Iterator[Slot]:
    # Wall-clock times: a shift from 22 to 6 is 7 or 9 h long in the nights when the clock changes.
    day = half_year.first_on + (row.weekday - half_year.first_on.weekday()) % 7 * ONE_DAY
    while day <= half_year.last_on:
        starts_at = moment_of(day, row.starts, zone=helpline.zone)
        last = day if row.ends > row.starts else day + ONE_DAY
        ends_at = moment_of(last, row.ends, zone=helpline.zone)
        if starts_at < ends_at:
            yield Slot(starts_at, ends_at, row.user_id)
        day += 7 * ONE_DAY


def _limits(helpline: Helpline, half_year: HalfYear) -> tuple[dt.datetime, dt.datetime]:
    start = moment_of(half_year.first_on, dt.time(), zone=helpline.zone)
    return start, moment_of(half_year.last_on + ONE_DAY, dt.time(), zone=helpline.zone)


def _stored(helpline: Helpline, half_year: HalfYear, now: dt.datetime) -> tuple[list[Shift], list[Shift]]:
    """The upcoming shifts of the half-year: drawn up (also those withdrawn by hand), and added by hand.

    What the last drawing withdrew is not there: the pattern may ask for it again.
    """
    start, end = _limits(helpline, half_year)
    here = Shift.objects.filter(helpline=helpline, withdrawn_in__isnull=True).select_related("user")
    drawn = here.filter(planned_starts_at__gte=start, planned_starts_at__lt=end, planned_starts_at__gt=now)
    by_hand = here.standing().filter(planned_starts_at__isnull=True)
    return list(drawn), list(by_hand.filter(starts_at__gte=start, starts_at__lt=end, starts_at__gt=now))


def _taken(helpline: Helpline, half_year: HalfYear) -> set[tuple[int, dt.datetime]]:
    start, end = _limits(helpline, half_year)
    standing = Shift.objects.standing().filter(helpline=helpline, starts_at__gte=start, starts_at__lt=end)
    return set(standing.values_list("user_id", "starts_at"))


def _planned(shift: Shift) -> Slot | None:
    if shift.planned_starts_at is None or shift.planned_ends_at is None or shift.planned_user_id is None:
        return None
    return Slot(shift.planned_starts_at, shift.planned_ends_at, shift.planned_user_id)


def _shift(drawing: RosterDrawing, slot: Slot) -> Shift:
    return Shift(
        helpline_id=drawing.helpline_id,
        user_id=slot.user_id,
        starts_at=slot.starts_at,
        ends_at=slot.ends_at,
        planned_user_id=slot.user_id,
        planned_starts_at=slot.starts_at,
        planned_ends_at=slot.ends_at,
        drawn_in=drawing,
    )
