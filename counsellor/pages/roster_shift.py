from __future__ import annotations

import datetime as dt
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from counsellor.access import helpline_or_404
from counsellor.models import Shift
from counsellor.pages.roster_forms import ShiftForm
from counsellor.pages.roster_frame import render_local
from counsellor.pages.roster_week import week_text
from counsellor.rules.roster_shifts import add_shift, change_shift, withdraw_shift
from intake.errors import Refusal
from intake.models import Helpline

CHANGES = "counsellor.change_roster"


@require_http_methods(["GET", "POST"])
def roster_shift_new(request: HttpRequest, slug: str) -> HttpResponse:
    """An empty form, or one filled in from `?on=…&starts=…&ends=…`: a gap of the week that was chosen."""
    helpline = helpline_or_404(request, slug, CHANGES)
    asked = {name: request.GET[name] for name in ("on", "starts", "ends") if name in request.GET}
    form = ShiftForm(request.POST or None, helpline=helpline, initial=asked)
    if request.method == "POST" and form.is_valid() and stored(form, None):
        messages.success(request, _("Vakten er lagt til."))
        return to_week(helpline, form.cleaned_data["starts_at"])
    return shift_page(request, helpline, form, None)


@require_http_methods(["GET", "POST"])
def roster_shift(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    helpline = helpline_or_404(request, slug, CHANGES)
    shift = shift_or_404(helpline, pk)
    form = ShiftForm(request.POST or None, helpline=helpline, shift=shift)
    if request.method == "POST" and form.is_valid() and stored(form, shift):
        messages.success(request, _("Vakten er endret."))
        return to_week(helpline, form.cleaned_data["starts_at"])
    return shift_page(request, helpline, form, shift)


@require_http_methods(["GET", "POST"])
def roster_shift_delete(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    """GET asks, POST does."""
    helpline = helpline_or_404(request, slug, CHANGES)
    shift = shift_or_404(helpline, pk)
    if request.method == "POST":
        withdraw_shift(shift, now=timezone.now())
        messages.success(request, _("Vakten er tatt ut av vaktplanen."))
        return to_week(helpline, shift.starts_at)
    return render_local(
        request, helpline, "counsellor/roster/shift_delete.html", {"shift": shift, "week": week_of(shift)}
    )


def shift_or_404(helpline: Helpline, pk: int) -> Shift:
    shift = Shift.objects.standing().filter(helpline=helpline, pk=pk).select_related("helpline", "user").first()
    if shift is None:
        raise Http404
    return shift


def stored(form: ShiftForm, shift: Shift | None) -> bool:
    """Whether the rule took it. Why not stands in the form, with everything that was filled in."""
    data: dict[str, Any] = {name: form.cleaned_data[name] for name in ("user", "starts_at", "ends_at", "note")}
    try:
        if shift is None:
            add_shift(form.helpline, **data)
        else:
            change_shift(shift, **data)
    except Refusal as refusal:
        form.add_error(None, str(refusal.title))
    return not form.errors


def shift_page(request: HttpRequest, helpline: Helpline, form: ShiftForm, shift: Shift | None) -> HttpResponse:
    context = {"form": form, "shift": shift, "week": week_of(shift) if shift else ""}
    return render_local(
        request, helpline, "counsellor/roster/shift.html", context, status=422 if form.is_bound else 200
    )


def week_of(shift: Shift) -> str:
    return week_text(shift.starts_at.astimezone(shift.helpline.zone).date())


def to_week(helpline: Helpline, moment: dt.datetime) -> HttpResponse:
    week = week_text(moment.astimezone(helpline.zone).date())
    return redirect(f"{reverse('counsellor:roster_week', args=[helpline.slug])}?week={week}")
