"""The one door to objects. Missing and forbidden both look like 404, so that nobody learns what exists."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from typing import Any, cast
from uuid import UUID

from django.contrib.auth.base_user import AbstractBaseUser
from django.contrib.auth.models import AnonymousUser
from django.db.models import QuerySet
from django.http import Http404, HttpRequest

from counsellor.backend import PERMISSIONS
from counsellor.models import Counsellor, Membership
from intake.models import Conversation, Helpline

Visible = AbstractBaseUser | AnonymousUser | Any


def is_verified(user: Visible) -> bool:
    """Whether `user` is active staff whose second factor was checked in this session."""
    if not (user.is_authenticated and user.is_active):
        return False
    # Given by django_otp's middleware; a user that did not come through it was not verified.
    return hasattr(user, "is_verified") and bool(user.is_verified())


def counsellor_or_404(request: HttpRequest) -> Counsellor:
    """The verified staff member behind a request."""
    if not is_verified(request.user):
        raise Http404
    return cast(Counsellor, request.user)


def helplines_with(user: Counsellor, perm: str) -> QuerySet[Helpline]:
    """The helplines on which `user` holds `perm`, by slug."""
    roles = PERMISSIONS.get(perm, frozenset())
    held = user.memberships.filter(role__in=roles).values("helpline_id")
    return Helpline.objects.filter(pk__in=held).order_by("slug")


def helplines_by_user(user_ids: Iterable[int], perm: str) -> dict[int, frozenset[int]]:
    """The ids of the helplines on which each of these holds `perm`, in one query. Who is not active holds nothing."""
    held: dict[int, set[int]] = defaultdict(set)
    roles = PERMISSIONS.get(perm, frozenset())
    found = Membership.objects.filter(user_id__in=list(user_ids), user__is_active=True, role__in=roles)
    for user_id, helpline_id in found.values_list("user_id", "helpline_id"):
        held[user_id].add(helpline_id)
    return {user_id: frozenset(ids) for user_id, ids in held.items()}


def held_permissions(user: Counsellor) -> frozenset[str]:
    """What `user` may on at least one helpline; for menus, never for a decision on a helpline."""
    roles = set(user.memberships.values_list("role", flat=True))
    return frozenset(perm for perm, allowed in PERMISSIONS.items() if roles & allowed)


def holds_permission(user: Counsellor, perm: str, *, slug: str | None) -> bool:
    """Whether `user` holds `perm` on the helpline named by `slug`; on any helpline if None."""
    held = helplines_with(user, perm)
    return (held if slug is None else held.filter(slug=slug)).exists()


def helpline_or_404(request: HttpRequest, slug: str, perm: str) -> Helpline:
    """The helpline, if the verified staff member behind the request holds `perm` on it."""
    user = counsellor_or_404(request)
    helpline = helplines_with(user, perm).filter(slug=slug).first()
    if helpline is None:
        raise Http404
    return helpline


def own_conversations(user: Counsellor) -> QuerySet[Conversation]:
    """The conversations that `user` holds and may still answer on: hers, on a helpline where she answers."""
    return Conversation.objects.filter(
        counsellor=user, helpline__in=helplines_with(user, "intake.claim_conversation")
    ).select_related("helpline")


def waiting_conversations(user: Counsellor) -> QuerySet[Conversation]:
    """The conversations that `user` may claim."""
    return Conversation.objects.filter(
        state=Conversation.State.WAITING, helpline__in=helplines_with(user, "intake.claim_conversation")
    ).select_related("helpline")


def conversation_or_404(request: HttpRequest, public_id: UUID) -> Conversation:
    """A conversation of one's own. A coordinator, an administrator or a colleague never gets it."""
    conversation = own_conversations(counsellor_or_404(request)).filter(public_id=public_id).first()
    if conversation is None:
        raise Http404
    return conversation


def waiting_conversation_or_404(request: HttpRequest, public_id: UUID) -> Conversation:
    """A waiting conversation, or one that was just claimed by somebody, on a helpline where one answers.

    The state is not asked here: who was too late is told so by the rule that claims, not by a 404.
    """
    user = counsellor_or_404(request)
    conversation = (
        Conversation.objects.filter(public_id=public_id, helpline__in=helplines_with(user, "intake.claim_conversation"))
        .select_related("helpline")
        .first()
    )
    if conversation is None:
        raise Http404
    return conversation
