"""One's own shifts, and the calendar address that follows them."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from counsellor.access import counsellor_or_404, helplines_with
from counsellor.models import CalendarFeed, Counsellor
from counsellor.rules.roster import own_shifts, shifts_on_now
from counsellor.rules.roster_feed import create_feed, revoke_feed
from counsellor.rules.roster_gaps import overlapping

SOON = timedelta(days=35)


@require_safe
def my_shifts(request: HttpRequest) -> HttpResponse:
    return render(request, "counsellor/roster/mine.html", page_context(counsellor_or_404(request)))


@require_POST
def calendar_create(request: HttpRequest) -> HttpResponse:
    """The one page that ever shows the address: it is not kept in clear, so it cannot be fetched again."""
    user = counsellor_or_404(request)
    secret = create_feed(user, now=timezone.now())
    address = request.build_absolute_uri(reverse("counsellor:calendar_feed", args=[secret]))
    context = {**page_context(user), "address": address, "subscribe": f"webcal:{address.partition(':')[2]}"}
    return render(request, "counsellor/roster/mine.html", context)


@require_POST
def calendar_revoke(request: HttpRequest) -> HttpResponse:
    revoke_feed(counsellor_or_404(request))
    messages.success(
        request, _("Kalenderadressen er slått av. Slett kalenderen i appen din også, så forsvinner vaktene der.")
    )
    return redirect("counsellor:my_shifts")


def page_context(user: Counsellor) -> dict[str, Any]:
    now = timezone.now()
    shifts = own_shifts(user, now=now)
    visible = list(helplines_with(user, "counsellor.view_roster"))
    return {
        "soon": [shift for shift in shifts if shift.starts_at < now + SOON],
        "later": [shift for shift in shifts if shift.starts_at >= now + SOON],
        "double_ids": {shift.pk for pair in overlapping(shifts) for shift in pair},
        "now": now,
        "feed": CalendarFeed.objects.filter(user=user).first(),
        "helplines": visible,
        "on_now": shifts_on_now(visible, now=now),
    }
