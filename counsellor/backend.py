"""Rights through Django's own door: `user.has_perm("stats.view_report", helpline)` is answered from the roles."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.backends import ModelBackend
from django.contrib.auth.base_user import AbstractBaseUser
from django.contrib.auth.models import AnonymousUser

from counsellor.models import Membership
from intake.models import Helpline

Role = Membership.Role

# What a role may do on a helpline. A permission that is not named here is held by nobody.
# Coordinators and administrators cannot read messages (docs/privacy.md, "Who can read").
PERMISSIONS: dict[str, frozenset[str]] = {
    "intake.claim_conversation": frozenset({Role.COUNSELLOR, Role.DUTY_LEADER}),
    "intake.view_queue": frozenset({Role.COUNSELLOR, Role.DUTY_LEADER}),
    "intake.soft_close": frozenset({Role.DUTY_LEADER, Role.COORDINATOR}),
    "intake.change_helpline": frozenset({Role.COORDINATOR}),
    "stats.register_contact": frozenset({Role.COUNSELLOR, Role.DUTY_LEADER, Role.COORDINATOR}),
    "stats.view_report": frozenset({Role.COORDINATOR, Role.DUTY_LEADER}),
    "stats.export_rows": frozenset({Role.COORDINATOR}),
    "counsellor.view_roster": frozenset({Role.COUNSELLOR, Role.DUTY_LEADER, Role.COORDINATOR}),
    "counsellor.change_roster": frozenset({Role.COORDINATOR}),
}


class RoleBackend(ModelBackend):
    """Password login from Django; rights on a helpline from `Membership`."""

    def has_perm(self, user_obj: AbstractBaseUser | AnonymousUser, perm: str, obj: Any = None) -> bool:
        if not isinstance(obj, Helpline):
            return super().has_perm(user_obj, perm, obj)  # type: ignore[arg-type]  # the stub narrows to its own user type
        if not user_obj.is_active or user_obj.is_anonymous:
            return False
        allowed = PERMISSIONS.get(perm, frozenset())
        return Membership.objects.filter(user_id=user_obj.pk, helpline=obj, role__in=allowed).exists()
