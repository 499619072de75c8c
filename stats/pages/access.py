"""The door to a helpline's statistics. Missing and forbidden both look like 404."""

from __future__ import annotations

from typing import cast

from django.contrib.auth.base_user import AbstractBaseUser
from django.contrib.auth.models import PermissionsMixin
from django.http import Http404, HttpRequest

from intake.models import Helpline, PendingContact
from stats.models import Contact
from stats.pages.recent import recent_ids
from stats.rules.pending import visible_pending


def staff_or_404(request: HttpRequest) -> AbstractBaseUser:
    """The member of staff behind the request, whose second factor was checked."""
    user = request.user
    # `is_verified` is given by django_otp's middleware; a user that did not come through it was not verified.
    if not (user.is_authenticated and user.is_active and getattr(user, "is_verified", bool)()):
        raise Http404
    return cast(AbstractBaseUser, user)


def may(request: HttpRequest, perm: str, helpline: Helpline) -> bool:
    user = staff_or_404(request)
    return isinstance(user, PermissionsMixin) and user.has_perm(perm, helpline)


def helpline_or_404(request: HttpRequest, slug: str, perm: str) -> Helpline:
    """The helpline, if the verified member of staff holds `perm` on it."""
    staff_or_404(request)
    helpline = Helpline.objects.filter(slug=slug).first()
    if helpline is None or not may(request, perm, helpline):
        raise Http404
    return helpline


def pending_or_404(request: HttpRequest, helpline: Helpline, pk: int) -> PendingContact:
    """An unregistered conversation that the member of staff may register."""
    pending = visible_pending(staff_or_404(request), helpline=helpline).filter(pk=pk).first()
    if pending is None:
        raise Http404
    return pending


def own_contact_or_404(request: HttpRequest, helpline: Helpline, pk: int) -> Contact:
    """A contact that was registered in this very session. The ledger itself does not know who registered what."""
    contact = Contact.objects.filter(helpline=helpline, pk=pk).first() if pk in recent_ids(request) else None
    if contact is None:
        raise Http404
    return contact
