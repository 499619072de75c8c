"""From an address to its helpline and the language it is read in. No cookie: the language travels as ?lang=."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

from csp.constants import SELF
from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.utils import translation

from intake.models import Helpline

HelplineView = Callable[[HttpRequest, Helpline], HttpResponse]


def for_helpline(view: HelplineView) -> Callable[..., HttpResponse]:
    """Hands the view the helpline of its address, with the language of the request active."""

    @wraps(view)
    def wrapper(request: HttpRequest, slug: str) -> HttpResponse:
        helpline = get_object_or_404(Helpline, slug=slug)
        with translation.override(choose_language(request, offered_languages(helpline))):
            response = view(request, helpline)
            response.headers["Content-Language"] = translation.get_language() or settings.LANGUAGE_CODE
            return _for_embedding(response, helpline)

    return wrapper


def _for_embedding(response: HttpResponse, helpline: Helpline) -> HttpResponse:
    """Let the helpline's own websites show its pages in a frame, and nobody else's."""
    if helpline.embed_origins:
        response._csp_replace = {"frame-ancestors": [SELF, *helpline.embed_origins]}  # type: ignore[attr-defined]  # the door of django-csp
        # The older header knows only all or none; browsers that know the policy above go by it.
        response.xframe_options_exempt = True
    return response


def offered_languages(helpline: Helpline) -> list[str]:
    """The helpline's languages that the pages speak; never empty."""
    spoken = [code for code, _ in settings.LANGUAGES]
    return [code for code in helpline.languages if code in spoken] or [settings.LANGUAGE_CODE]


def with_language(url: str) -> str:
    return f"{url}?lang={translation.get_language()}"


def choose_language(request: HttpRequest, offered: list[str]) -> str:
    """What ?lang= asks for, else what the browser asks for, else the first."""
    asked = request.GET.get("lang", "")
    if asked in offered:
        return asked
    preferred = translation.get_language_from_request(request)
    return preferred if preferred in offered else offered[0]


def language_choices(codes: list[str]) -> list[dict[str, Any]]:
    """What a page offers to be read in; empty when there is nothing to choose."""
    if len(codes) < 2:
        return []
    current = translation.get_language()
    names = {code: translation.get_language_info(code)["name_local"].capitalize() for code in codes}
    names |= {code: short for code, short in {"nb": "Bokmål", "nn": "Nynorsk"}.items() if code in names}
    return [{"code": code, "name": names[code], "current": code == current} for code in codes]
