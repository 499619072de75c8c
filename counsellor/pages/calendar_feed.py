from __future__ import annotations

from django.http import Http404, HttpRequest, HttpResponse
from django.utils import timezone
from django.views.decorators.http import require_safe

from counsellor.rules.roster_feed import find_feed_owner, render_calendar


@require_safe
def calendar_feed(request: HttpRequest, secret: str) -> HttpResponse:
    """The shifts of whoever the secret belongs to. Asked by calendar applications, which cannot log in."""
    owner = find_feed_owner(secret)
    if owner is None:
        raise Http404
    return HttpResponse(
        render_calendar(owner, now=timezone.now()),
        content_type="text/calendar; charset=utf-8",
        headers={
            "Cache-Control": "private, no-store",
            "Content-Disposition": 'inline; filename="vakter.ics"',
            "X-Robots-Tag": "noindex",
        },
    )
