"""The lock on the login: after too many wrong tries, a device waits. Kept by django-axes on the day's pseudonym."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from axes.handlers.database import AxesDatabaseHandler
from axes.handlers.proxy import AxesProxyHandler
from axes.helpers import get_cool_off
from axes.models import AccessAttempt
from django.contrib.auth.signals import user_login_failed
from django.db.models import Q
from django.http import HttpRequest

# What axes is told instead of a name. Names typed at a login are often real ones, or a password in the wrong field.
WITHHELD = {"username": "-"}


class TracelessHandler(AxesDatabaseHandler):
    """Counts failures by pseudonym and keeps nothing else (docs/privacy.md, "No device trace").

    Left to itself, axes stores the path, the form, the name that was typed and what the device accepts.
    """

    def user_login_failed(
        self, sender: Any, credentials: dict[str, Any], request: HttpRequest | None = None, **kwargs: Any
    ) -> None:
        if request is None:
            return
        bare = HttpRequest()
        AxesProxyHandler.update_request(bare)
        bare.axes_ip_address = request.axes_ip_address  # type: ignore[attr-defined]
        bare.axes_user_agent = bare.axes_path_info = bare.axes_http_accept = ""  # type: ignore[attr-defined]
        bare.axes_locked_out = request.axes_locked_out  # type: ignore[attr-defined]
        super().user_login_failed(sender, WITHHELD, bare, **kwargs)
        request.axes_locked_out = bare.axes_locked_out  # type: ignore[attr-defined]
        request.axes_credentials = WITHHELD  # type: ignore[attr-defined]


def is_locked_out(request: HttpRequest) -> bool:
    return not AxesProxyHandler.is_allowed(request, WITHHELD)


def count_failure(request: HttpRequest) -> None:
    """A wrong second factor counts like a wrong password."""
    user_login_failed.send(sender=__name__, credentials=WITHHELD, request=request)


def locked_until(request: HttpRequest) -> datetime | None:
    """When the device behind the request may try again."""
    AxesProxyHandler.update_request(request)
    address = request.axes_ip_address  # type: ignore[attr-defined]
    latest = AccessAttempt.objects.filter(ip_address=address).order_by("-attempt_time").first()
    cool_off = get_cool_off(request)
    return latest.attempt_time + cool_off if latest and cool_off else None


def forget_attempts(*, now: datetime) -> int:
    """Remove failures that count no more and whose pseudonym nobody can make again; how many. Idempotent.

    Those of a clock that was ahead go too: they would lock out for as long as it was.
    """
    over = Q(attempt_time__lt=now - timedelta(days=1)) | Q(attempt_time__gt=now + timedelta(hours=1))
    return AccessAttempt.objects.filter(over).delete()[0]
