"""Closing the door for new visitors, and opening it again."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from counsellor.access import helpline_or_404
from counsellor.pages.roster_frame import render_local, switchable
from intake.errors import Refusal
from intake.models import Helpline
from intake.rules.hours import opening_state, reopen, soft_close


@require_http_methods(["GET", "POST"])
def helpline_door(request: HttpRequest, slug: str) -> HttpResponse:
    """POST `action=close` or `action=open`; `back=desk` returns to the dashboard that the button stood on."""
    helpline = helpline_or_404(request, slug, "intake.soft_close")
    if request.method == "POST":
        turn(request, helpline)
        if request.POST.get("back") == "desk":
            return redirect("counsellor:desk")
        return redirect("counsellor:helpline_door", slug=slug)
    context = {
        "state": opening_state(helpline, now=timezone.now()),
        "helplines": switchable(request, "intake.soft_close"),
    }
    return render_local(request, helpline, "counsellor/helpline/door.html", context)


def turn(request: HttpRequest, helpline: Helpline) -> None:
    if request.POST.get("action") == "open":
        reopen(helpline)
        messages.success(request, _("Tjenesten tar imot nye igjen."))
        return
    try:
        soft_close(helpline, now=timezone.now())
    except Refusal as refusal:
        messages.warning(request, str(refusal.title))
    else:
        messages.success(request, _("Nye slipper ikke inn nå. De som er inne, merker ingenting."))
