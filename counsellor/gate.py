"""Deny by default: the middleware that holds every request against the authorisation table."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any, cast

from django.conf import settings
from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import ImproperlyConfigured
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, resolve_url
from django.utils import translation
from django.utils.functional import SimpleLazyObject

from counsellor.access import held_permissions, holds_permission, is_verified
from counsellor.authorisation import Rule, Who, rule_of
from counsellor.models import Counsellor

SLUG_NAMES = ("helpline", "slug", "helpline_slug")
STAFF_APPS = frozenset({"counsellor", "stats", "admin"})
SECTIONS = {
    "desk": ("desk",),
    "roster": ("roster", "my_shifts", "calendar"),
    "settings": ("settings", "helpline", "hours"),
    "account": ("account", "password", "new_factor", "new_recovery_codes"),
}
# A start password was said aloud: it opens the page where a new one is chosen, and nothing else.
OPEN_TO_START_PASSWORDS = frozenset({"counsellor:password"})


class StaffGate:
    """Stands after authentication. An address without a rule is a mistake of ours and answers to nobody."""

    sync_capable = True
    async_capable = False

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        match = request.resolver_match
        if match and match.app_name in STAFF_APPS:
            # With "no-referrer" a browser posts a form with "Origin: null", which the check against forged requests
            # must refuse. Nothing is referred to anybody else.
            response["Referrer-Policy"] = "same-origin"
        if match and match.app_name == "admin":
            # Django's own admin scripts build pages from strings. Visitor pages and ours keep trusted types.
            response._csp_replace = {"require-trusted-types-for": None, "trusted-types": None}  # type: ignore[attr-defined]
        return response

    def process_view(
        self, request: HttpRequest, view: Callable[..., HttpResponse], args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> HttpResponse | None:
        name = request.resolver_match.view_name if request.resolver_match else ""
        rule = rule_of(name)
        if rule is None:
            raise ImproperlyConfigured(f"{name} is not declared in counsellor/authorisation.py")
        if rule.who is Who.NOBODY:
            raise Http404
        if rule.who in (Who.PUBLIC, Who.VISITOR, Who.HALF):
            return None
        if not is_verified(request.user):
            return self.to_login(request)
        return self.hold(request, name, rule, kwargs)

    def hold(self, request: HttpRequest, name: str, rule: Rule, kwargs: dict[str, Any]) -> HttpResponse | None:
        """Somebody is verified: may she, with this rule? What she may not looks missing."""
        user = cast(Counsellor, request.user)
        request.section = section_of(name)  # type: ignore[attr-defined]
        request.held_permissions = SimpleLazyObject(partial(held_permissions, user))  # type: ignore[attr-defined]
        if user.language:
            translation.activate(user.language)
        if user.must_change_password and name not in OPEN_TO_START_PASSWORDS:
            return redirect("counsellor:password")
        if rule.who is Who.ADMINISTRATOR and not user.is_staff:
            raise Http404
        slug = next((kwargs[key] for key in SLUG_NAMES if key in kwargs), None)
        if rule.permission and not holds_permission(user, rule.permission, slug=slug):
            raise Http404
        return None

    def to_login(self, request: HttpRequest) -> HttpResponse:
        """A page leads to the login; a fragment that a script fetches says so with a status."""
        if request.headers.get("X-Fragment"):
            return HttpResponse(status=401)
        following = request.get_full_path() if request.method == "GET" else resolve_url(settings.LOGIN_REDIRECT_URL)
        return redirect_to_login(following)


def section_of(name: str) -> str:
    """Which entry of the main menu an address belongs to."""
    app, _, own = name.partition(":")
    if app != "counsellor":
        return app
    return next((section for section, names in SECTIONS.items() if own.startswith(names)), "")
