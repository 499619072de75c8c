"""Deny by default: the middleware that holds every request against the authorisation table."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import ImproperlyConfigured
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import resolve_url

from counsellor.access import holds_permission, is_verified
from counsellor.authorisation import Rule, Who, rule_of

SLUG_NAMES = ("helpline", "slug", "helpline_slug")


class StaffGate:
    """Stands after authentication. An address without a rule is a mistake of ours and answers to nobody."""

    sync_capable = True
    async_capable = False

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_view(
        self, request: HttpRequest, view: Callable[..., HttpResponse], args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> HttpResponse | None:
        match = request.resolver_match
        rule = rule_of(match.view_name) if match else None
        if rule is None:
            raise ImproperlyConfigured(f"{match and match.view_name} is not declared in counsellor/authorisation.py")
        return self.hold(request, rule, kwargs)

    def hold(self, request: HttpRequest, rule: Rule, kwargs: dict[str, Any]) -> HttpResponse | None:
        if rule.who in (Who.PUBLIC, Who.VISITOR, Who.HALF):
            return None
        if not is_verified(request.user):
            return self.to_login(request)
        if rule.who is Who.ADMINISTRATOR and not request.user.is_staff:
            raise Http404
        slug = next((kwargs[name] for name in SLUG_NAMES if name in kwargs), None)
        if rule.permission and not holds_permission(request.user, rule.permission, slug=slug):
            raise Http404
        return None

    def to_login(self, request: HttpRequest) -> HttpResponse:
        """A page leads to the login; a fragment that a script fetches says so with a status."""
        if request.headers.get("X-Fragment"):
            return HttpResponse(status=401)
        following = request.get_full_path() if request.method == "GET" else resolve_url(settings.LOGIN_REDIRECT_URL)
        return redirect_to_login(following)
