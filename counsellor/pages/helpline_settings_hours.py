"""A helpline's opening hours, with a look at the coming week before they are stored."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from typing import Any

from django.contrib import messages
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from counsellor.access import helpline_or_404
from counsellor.pages.helpline_settings_hours_forms import (
    Exceptions,
    Hours,
    PeriodForm,
    exception_formset,
    hours_formset,
)
from counsellor.pages.roster_frame import render_local, switchable
from intake.errors import Refusal
from intake.models import ExceptionDate, Helpline
from intake.rules.hours import opening_state, week_hours
from intake.rules.hours_period import start_hours_period
from intake.rules.timetable import ONE_DAY, DayHours, Timetable

CHANGES = "intake.change_helpline"
PREVIEW_DAYS = 14


@require_http_methods(["GET", "POST"])
def helpline_hours(request: HttpRequest, slug: str) -> HttpResponse:
    """GET shows. POST stores, or with `preview` shows what the coming days would be like, storing nothing."""
    helpline = helpline_or_404(request, slug, CHANGES)
    today = timezone.now().astimezone(helpline.zone).date()
    data = request.POST if request.method == "POST" else None
    hours, exceptions = hours_formset(helpline, data, today=today), exception_formset(helpline, data, today=today)
    holidays = helpline.follows_public_holidays if data is None else "follows_public_holidays" in data
    preview = None
    if data is not None and all([hours.is_valid(), exceptions.is_valid()]):
        if "preview" not in data:
            store(helpline, hours, exceptions, follows_public_holidays=holidays)
            messages.success(request, _("Åpningstidene er lagret."))
            return redirect("counsellor:helpline_hours", slug=slug)
        preview = previewed(helpline, hours, exceptions, today=today, follows_public_holidays=holidays)
    context = {
        **past(helpline, today),
        "hours": hours,
        "exceptions": exceptions,
        "holidays": holidays,
        "days": preview or week_hours(helpline, start=today, days=PREVIEW_DAYS),
        "is_preview": preview is not None,
        "has_errors": data is not None and preview is None,
        "state": opening_state(helpline, now=timezone.now()),
        "period_form": PeriodForm(),
        "today": today,
        "helplines": switchable(request, CHANGES),
    }
    status = 422 if context["has_errors"] else 200
    return render_local(request, helpline, "counsellor/helpline/hours.html", context, status=status)


@require_POST
def hours_period(request: HttpRequest, slug: str) -> HttpResponse:
    """The hours from a date on become rows of their own, to be edited."""
    helpline = helpline_or_404(request, slug, CHANGES)
    form = PeriodForm(request.POST)
    if not form.is_valid():
        messages.error(request, _("Velg datoen de nye tidene skal gjelde fra."))
        return redirect("counsellor:helpline_hours", slug=slug)
    try:
        copies = start_hours_period(helpline, from_on=form.cleaned_data["from_on"], now=timezone.now())
    except Refusal as refusal:
        messages.error(request, str(refusal.title))
    else:
        if copies:
            messages.success(request, _("Ukens tider er kopiert til den nye perioden. Endre kopiene nå, og lagre."))
        else:
            messages.warning(request, _("Ingen tider går forbi den datoen, så det var ingenting å kopiere."))
    return redirect("counsellor:helpline_hours", slug=slug)


@transaction.atomic
def store(helpline: Helpline, hours: Hours, exceptions: Exceptions, *, follows_public_holidays: bool) -> None:
    hours.save()
    exceptions.save()
    Helpline.objects.filter(pk=helpline.pk).update(follows_public_holidays=follows_public_holidays)


def previewed(
    helpline: Helpline,
    hours: Hours,
    exceptions: Exceptions,
    *,
    today: dt.date,
    follows_public_holidays: bool,
) -> list[DayHours]:
    by_date: dict[dt.date, list[ExceptionDate]] = {}
    for row in kept(exceptions):
        by_date.setdefault(row.on, []).append(row)
    timetable = Timetable(
        zone=helpline.zone,
        weekly=tuple(kept(hours)),
        exceptions=by_date,
        follows_public_holidays=follows_public_holidays,
    )
    language = get_language() or "nb"
    return [timetable.day_hours(today + number * ONE_DAY, language=language) for number in range(PREVIEW_DAYS)]


def kept(formset: Any) -> Iterable[Any]:
    """The rows as they would be stored: filled in and not marked for removal."""
    for form in formset.forms:
        if form not in formset.deleted_forms and (form.has_changed() or form.instance.pk):
            yield form.instance


def past(helpline: Helpline, today: dt.date) -> dict[str, Any]:
    """What was true before: it can be read, not changed."""
    return {
        "past_hours": helpline.opening_hours.filter(valid_until_on__lt=today).order_by(
            "-valid_until_on", "weekday", "opens"
        ),
        "past_exceptions": helpline.exception_dates.filter(on__lt=today).order_by("-on")[:50],
    }
