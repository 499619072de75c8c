"""The conversations that wait to be registered: what may be forgotten by nobody."""

from __future__ import annotations

from django.contrib.auth.base_user import AbstractBaseUser
from django.contrib.auth.models import PermissionsMixin
from django.db.models import Q, QuerySet

from intake.models import Helpline, PendingContact

REGISTER = "stats.register_contact"
REPORT = "stats.view_report"


def sees_all_pending(user: AbstractBaseUser, helpline: Helpline) -> bool:
    """Who registers and also answers for the report (duty leader, coordinator) sees everybody's."""
    if not isinstance(user, PermissionsMixin):
        return False
    return user.has_perm(REGISTER, helpline) and user.has_perm(REPORT, helpline)


def visible_pending(user: AbstractBaseUser, *, helpline: Helpline) -> QuerySet[PendingContact]:
    """The unregistered conversations of a helpline that `user` may register, oldest first.

    Her own and those that are nobody's (handed back and then left, or their counsellor's account is gone); or all.
    """
    rows = PendingContact.objects.filter(helpline=helpline).select_related("counsellor").order_by("started_at", "id")
    if sees_all_pending(user, helpline):
        return rows
    if user.pk is None or not isinstance(user, PermissionsMixin) or not user.has_perm(REGISTER, helpline):
        return rows.none()
    return rows.filter(Q(counsellor_id=user.pk) | Q(counsellor=None))
