"""What the pages of the roster and of the settings share: whose clock is shown, which helplines to switch to."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone

from counsellor.access import counsellor_or_404, helplines_with, holds_permission
from intake.models import Helpline


def render_local(
    request: HttpRequest, helpline: Helpline, template: str, context: dict[str, Any], *, status: int = 200
) -> HttpResponse:
    """A page about one helpline: every time on it is a time on the wall there."""
    user = counsellor_or_404(request)
    may = {
        "change_roster": holds_permission(user, "counsellor.change_roster", slug=helpline.slug),
        "change_helpline": holds_permission(user, "intake.change_helpline", slug=helpline.slug),
        "soft_close": holds_permission(user, "intake.soft_close", slug=helpline.slug),
    }
    with timezone.override(helpline.zone):
        return render(request, template, {"helpline": helpline, "may": may, **context}, status=status)


def switchable(request: HttpRequest, permission: str) -> list[Helpline]:
    """The helplines between which a page can be switched; none to show when there is only one."""
    found = list(helplines_with(counsellor_or_404(request), permission))
    return found if len(found) > 1 else []
