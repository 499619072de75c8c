"""Changing the weekly hours from a date on, so that what was true before stays true."""

from __future__ import annotations

import datetime as dt

from django.db import transaction
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from intake.errors import Refusal
from intake.models import Helpline, OpeningHours
from intake.rules.timetable import ONE_DAY


class PeriodInPast(Refusal):
    code = "period_in_past"
    title = _("Velg en dato fra og med i dag. Det som har vært, kan ikke endres.")


@transaction.atomic
def start_hours_period(helpline: Helpline, *, from_on: dt.date, now: dt.datetime) -> int:
    """Split the hours that go on past `from_on` there: the old ones end the day before, copies begin.

    Nothing opens or closes by it; the copies are then edited. Gives the number of copies; a second time it is 0.
    Raises PeriodInPast for a date before today (of the helpline).
    """
    if from_on < now.astimezone(helpline.zone).date():
        raise PeriodInPast
    begun = Q(valid_from_on__isnull=True) | Q(valid_from_on__lt=from_on)
    going_on = Q(valid_until_on__isnull=True) | Q(valid_until_on__gte=from_on)
    rows = list(OpeningHours.objects.select_for_update().filter(begun & going_on, helpline=helpline))
    copies = [
        OpeningHours(
            helpline=helpline,
            weekday=row.weekday,
            opens=row.opens,
            closes=row.closes,
            valid_from_on=from_on,
            valid_until_on=row.valid_until_on,
        )
        for row in rows
    ]
    OpeningHours.objects.filter(pk__in=[row.pk for row in rows]).update(valid_until_on=from_on - ONE_DAY)
    return len(OpeningHours.objects.bulk_create(copies))
