"""Who is on when: reading the roster."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable

from django.db.models import QuerySet

from counsellor.models import Counsellor, Membership, Shift
from intake.models import Helpline

ANSWERING = (Membership.Role.COUNSELLOR, Membership.Role.DUTY_LEADER)
"""The roles whose holders are put on shifts."""


def rostered_people(helpline: Helpline) -> QuerySet[Counsellor]:
    """Active staff who answer on `helpline`, by name."""
    answering = Membership.objects.filter(helpline=helpline, role__in=ANSWERING).values("user_id")
    return Counsellor.objects.filter(pk__in=answering, is_active=True).order_by("username")


def shifts_between(helpline: Helpline, *, start: dt.datetime, end: dt.datetime) -> list[Shift]:
    """The standing shifts of `helpline` that touch the time from `start` to `end`, with their people, in order."""
    standing = Shift.objects.standing().filter(helpline=helpline, starts_at__lt=end, ends_at__gt=start)
    return list(standing.select_related("user"))


def shifts_on_now(helplines: Iterable[Helpline], *, now: dt.datetime) -> list[Shift]:
    """Who is on duty at `now`, helpline by helpline. One query. For staff of these helplines."""
    standing = Shift.objects.standing().filter(helpline__in=list(helplines), starts_at__lte=now, ends_at__gt=now)
    return list(standing.select_related("user", "helpline").order_by("helpline__slug", "ends_at", "user__username"))


def own_shifts(user: Counsellor, *, now: dt.datetime, limit: int | None = None) -> list[Shift]:
    """The shifts of `user` that have not ended, on every helpline, in order. For herself only."""
    standing = Shift.objects.standing().filter(user=user, ends_at__gt=now).select_related("helpline")
    return list(standing[:limit])
