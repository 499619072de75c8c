"""Drawing up a half-year: look first, confirm, and undo if it was wrong."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods, require_POST

from counsellor.access import counsellor_or_404, helpline_or_404
from counsellor.models import Counsellor
from counsellor.pages.roster_frame import render_local, switchable
from counsellor.rules.roster_drawing import (
    DrawingPlan,
    draw_up_shifts,
    latest_drawing,
    plan_shifts,
    undo_drawing,
)
from counsellor.rules.roster_gaps import double_bookings, uncovered_hours
from counsellor.rules.roster_half_year import HalfYear
from intake.errors import Refusal
from intake.models import Helpline
from intake.rules.timetable import ONE_DAY
from intake.rules.wall_clock import moment_of


@require_http_methods(["GET", "POST"])
def roster_draw(request: HttpRequest, slug: str) -> HttpResponse:
    helpline = helpline_or_404(request, slug, "counsellor.change_roster")
    now = timezone.now()
    half_year = chosen(request, helpline, now)
    if request.method == "POST":
        return drawn_up(request, helpline, half_year, now)
    plan = plan_shifts(helpline, half_year=half_year, now=now)
    context = {
        **consequences(helpline, plan, now=now),
        "plan": plan,
        "half_year": half_year,
        "choices": choices(helpline, now),
        "drawing": latest_drawing(helpline),
        "helplines": switchable(request, "counsellor.change_roster"),
    }
    return render_local(request, helpline, "counsellor/roster/draw.html", context)


@require_POST
def roster_undo(request: HttpRequest, slug: str) -> HttpResponse:
    helpline = helpline_or_404(request, slug, "counsellor.change_roster")
    try:
        undo_drawing(helpline, now=timezone.now())
    except Refusal as refusal:
        messages.warning(request, str(refusal.title))
    else:
        messages.success(request, _("Oppsettet er angret. Vaktplanen er som den var før."))
    return redirect("counsellor:roster_draw", slug=slug)


def drawn_up(request: HttpRequest, helpline: Helpline, half_year: HalfYear, now: dt.datetime) -> HttpResponse:
    again = f"{reverse('counsellor:roster_draw', args=[helpline.slug])}?half_year={half_year}"
    try:
        drawing = draw_up_shifts(
            helpline, half_year=half_year, by=counsellor_or_404(request), now=now, digest=request.POST.get("digest", "")
        )
    except Refusal as refusal:
        messages.warning(request, str(refusal.title))
        return redirect(again)
    messages.success(request, done(added=drawing.drawn.count(), withdrawn=drawing.withdrawn.count()))
    return redirect(again)


def done(*, added: int, withdrawn: int) -> str:
    sentence = ngettext("%(count)d vakt er satt opp.", "%(count)d vakter er satt opp.", added) % {"count": added}
    if not withdrawn:
        return sentence
    gone = ngettext("%(count)d vakt er tatt ut.", "%(count)d vakter er tatt ut.", withdrawn) % {"count": withdrawn}
    return f"{sentence} {gone}"


def chosen(request: HttpRequest, helpline: Helpline, now: dt.datetime) -> HalfYear:
    """What the page was asked for; else the half-year that is nearest to being drawn up."""
    asked = HalfYear.parse((request.POST or request.GET).get("half_year", ""))
    return asked or HalfYear.of((now + dt.timedelta(days=30)).astimezone(helpline.zone).date())


def choices(helpline: Helpline, now: dt.datetime) -> list[HalfYear]:
    current = HalfYear.of(now.astimezone(helpline.zone).date())
    return [current, current.following, current.following.following]


def consequences(helpline: Helpline, plan: DrawingPlan, *, now: dt.datetime) -> dict[str, Any]:
    """What the roster would be like: shifts and hours by person, what stays uncovered, who is double-booked already."""
    start = max(moment_of(plan.from_on, dt.time(), zone=helpline.zone), now)
    end = moment_of(plan.until_on + ONE_DAY, dt.time(), zone=helpline.zone)
    added = [slot.interval for slot in plan.added]
    gaps = uncovered_hours(helpline, start=start, end=end, added=added, withdrawn=plan.withdrawn)
    return {
        "by_person": by_person(plan),
        "gaps": gaps,
        "gap_hours": round(sum(gap.length / dt.timedelta(hours=1) for gap in gaps), 1),
        "doubles": double_bookings(helpline, start=start, end=end),
    }


def by_person(plan: DrawingPlan) -> list[dict[str, Any]]:
    """Of the shifts that would be added: who gets how many, and how many hours."""
    shifts = Counter(slot.user_id for slot in plan.added)
    hours: Counter[int] = Counter()
    for slot in plan.added:
        hours[slot.user_id] += int((slot.ends_at - slot.starts_at).total_seconds())
    people = Counsellor.objects.filter(pk__in=shifts).order_by("username")
    return [{"user": user, "shifts": shifts[user.pk], "hours": round(hours[user.pk] / 3600, 1)} for user in people]
