"""One conversation on the desk: its panel, and what is done with it. With X-Fragment a script asks for a part."""

from __future__ import annotations

from typing import cast
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from counsellor.access import conversation_or_404, waiting_conversation_or_404
from counsellor.models import Counsellor
from counsellor.pages.desk import foreign_language
from counsellor.rules.work import finish_conversation, return_conversation, take_conversation
from intake.delivery.announcing import announce
from intake.delivery.measures import note_refusal, note_wait
from intake.errors import Refusal
from intake.models import Conversation
from intake.rules.intro import read_intro


@require_safe
def conversation(request: HttpRequest, public_id: UUID) -> HttpResponse:
    found = conversation_or_404(request, public_id)
    return panel(request, found) if is_fragment(request) else redirect("counsellor:desk")


@require_POST
def claim(request: HttpRequest, public_id: UUID) -> HttpResponse:
    """Exactly one wins; whoever was too late is told so kindly."""
    found, now = waiting_conversation_or_404(request, public_id), timezone.now()
    is_first = found.claimed_at is None
    try:
        take_conversation(found, counsellor=cast(Counsellor, request.user), now=now)
    except Refusal as refusal:
        return refuse(request, refusal)
    if is_first:
        note_wait(now - found.created_at)
    announce(found)
    return panel(request, found) if is_fragment(request) else redirect("counsellor:desk")


@require_POST
def end(request: HttpRequest, public_id: UUID) -> HttpResponse:
    """End it. Already ended is as good: the answer is the same."""
    found = conversation_or_404(request, public_id)
    if finish_conversation(found, counsellor=cast(Counsellor, request.user), now=timezone.now()):
        announce(found)
    return HttpResponse(status=204) if is_fragment(request) else redirect("counsellor:desk")


@require_POST
def hand_back(request: HttpRequest, public_id: UUID) -> HttpResponse:
    found = conversation_or_404(request, public_id)
    if return_conversation(found, counsellor=cast(Counsellor, request.user), now=timezone.now()):
        announce(found)
        if not is_fragment(request):
            messages.success(request, _("Samtalen er tilbake i køen, på sin gamle plass."))
    return HttpResponse(status=204) if is_fragment(request) else redirect("counsellor:desk")


def panel(request: HttpRequest, found: Conversation) -> HttpResponse:
    context = {"chat": found, "intro": read_intro(found), "language": foreign_language(found)}
    return render(request, "counsellor/_chat.html", context)


def refuse(request: HttpRequest, refusal: Refusal) -> HttpResponse:
    """A sentence: in place for a script, above the desk otherwise."""
    note_refusal(refusal.code)
    if is_fragment(request):
        return render(request, "counsellor/_refusal.html", {"title": refusal.title}, status=refusal.status)
    messages.warning(request, str(refusal.title))
    return redirect("counsellor:desk")


def is_fragment(request: HttpRequest) -> bool:
    return "X-Fragment" in request.headers
