from __future__ import annotations

from threading import BoundedSemaphore
from typing import Any

from django.conf import settings
from django.contrib import auth
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render, resolve_url
from django.utils import timezone
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST

from counsellor.access import counsellor_or_404, is_verified
from counsellor.models import AuditEntry, Counsellor
from counsellor.pages import half_login
from counsellor.pages.forms import LoginForm
from counsellor.rules.audit import record_action
from counsellor.rules.lockout import is_locked_out, locked_until
from counsellor.rules.second_factor import enrolled_factor

# A password costs 100 MB and a tenth of a second to check, on purpose. Many at once must not slow the visitors' pages.
HASHING_SECONDS = 2.0
_hashing = BoundedSemaphore(2)


@sensitive_post_parameters("password")
@require_http_methods(["GET", "POST"])
def login(request: HttpRequest) -> HttpResponse:
    if is_verified(request.user):
        return redirect(following_of(request))
    form = LoginForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        if is_locked_out(request):
            # Before she stands in line: whoever tries on and on must not keep the others from their places.
            return locked_out(request, None, None)
        if not _hashing.acquire(timeout=HASHING_SECONDS):
            return busy(request)
        try:
            user = auth.authenticate(request, **form.cleaned_data)
        finally:
            _hashing.release()
        if isinstance(user, Counsellor):
            half_login.begin(request, user, following=following_of(request))
            return redirect("counsellor:second_factor" if enrolled_factor(user) else "counsellor:enrol")
        record_action(AuditEntry.Action.PASSWORD_FAILED, actor=None, now=timezone.now())
    context = {"form": form, "failed": form.is_bound, "next": following_of(request)}
    return render(request, "counsellor/login.html", context, status=403 if form.is_bound else 200)


def busy(request: HttpRequest) -> HttpResponse:
    answer = render(request, "counsellor/busy.html", status=503)
    answer["Retry-After"] = "5"
    return answer


@require_POST
def logout(request: HttpRequest) -> HttpResponse:
    if is_verified(request.user):
        record_action(AuditEntry.Action.SIGNED_OUT, actor=counsellor_or_404(request), now=timezone.now())
    auth.logout(request)
    return redirect("counsellor:login")


def locked_out(request: HttpRequest, response: HttpResponse | None, credentials: Any) -> HttpResponse:
    """What django-axes answers with when the device behind a request has tried too often."""
    until = locked_until(request)
    answer = render(request, "counsellor/locked_out.html", {"until": until}, status=429)
    if until:
        answer["Retry-After"] = str(max(1, round((until - timezone.now()).total_seconds())))
    return answer


def following_of(request: HttpRequest) -> str:
    """Where to go after the login: an address of our own, or the desk."""
    wanted = request.POST.get("next") or request.GET.get("next") or ""
    if wanted.startswith("/") and url_has_allowed_host_and_scheme(wanted, allowed_hosts=None):
        return wanted
    return resolve_url(settings.LOGIN_REDIRECT_URL)
