"""The conversations that wait to be registered: what may be forgotten by nobody."""

from __future__ import annotations

from django.contrib.auth.base_user import AbstractBaseUser
from django.contrib.auth.models import PermissionsMixin
from django.db.models import QuerySet

from intake.models import Helpline, PendingContact

REGISTER = "stats.register_contact"
REPORT = "stats.view_report"


def sees_all_pending(user: AbstractBaseUser, helpline: Helpline) -> bool:
    """Who registers and also answers for the report (a duty leader) sees everybody's."""
    if not isinstance(user, PermissionsMixin):
        return False
    return user.has_perm(REGISTER, helpline) and user.has_perm(REPORT, helpline)


def visible_pending(user: AbstractBaseUser, *, helpline: Helpline) -> QuerySet[PendingContact]:
    """The unregistered conversations of a helpline that `user` may register, oldest first: her own, or all."""
    rows = PendingContact.objects.filter(helpline=helpline).select_related("counsellor").order_by("started_at", "id")
    if sees_all_pending(user, helpline):
        return rows
    # A user without a key would otherwise match the rows that lost their counsellor.
    return rows.none() if user.pk is None else rows.filter(counsellor_id=user.pk)
