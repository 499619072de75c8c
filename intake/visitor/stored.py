"""The public page that says what is stored now and for how long, from the same source as `manage.py privacy_report`."""

from __future__ import annotations

from itertools import groupby
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import translation
from django.utils.translation import gettext
from django.views.decorators.http import require_safe

from intake.models import Helpline
from intake.models.texts import in_language
from intake.rules.privacy import Topic, stored_tables
from intake.rules.privacy_lives import abandonment, until_purged
from intake.visitor.addressing import choose_language, language_choices, with_language


@require_safe
def privacy(request: HttpRequest) -> HttpResponse:
    """No counts: "one conversation" would tell somebody in the same house that it was written just now."""
    languages = [code for code, _ in settings.LANGUAGES]
    with translation.override(choose_language(request, languages)):
        context = {
            **_way_back(request),
            "topics": _topics(),
            "until_purged": until_purged(),
            "abandonment": abandonment(),
            "helplines": [(in_language(h.name), h.retention_hours) for h in Helpline.objects.all()],
            "languages": language_choices(languages),
        }
        response = render(request, "intake/stored.html", context)
        response.headers["Content-Language"] = translation.get_language() or settings.LANGUAGE_CODE
        return response


def _way_back(request: HttpRequest) -> dict[str, Any]:
    """To the helpline that the visitor came from (`?from=`), or to the list of all."""
    helpline = next((h for h in Helpline.objects.all() if h.slug == request.GET.get("from")), None)
    if helpline is None:
        exit_url = Helpline._meta.get_field("exit_url").default
        return {
            "back_url": with_language(reverse("visitor:helplines")),
            "back_name": gettext("Chat"),
            "exit_url": exit_url,
        }
    return {
        "back_url": with_language(reverse("visitor:front", args=[helpline.slug])),
        "back_name": in_language(helpline.name),
        "exit_url": helpline.exit_url,
        "from_slug": helpline.slug,
    }


def _topics() -> list[dict[str, Any]]:
    described = [found for table in stored_tables() if (found := table.description)]
    return [
        {"key": topic.value, "label": topic.label, "open": topic == Topic.CONVERSATION, "tables": list(tables)}
        for topic, tables in groupby(described, key=lambda found: found.topic)
    ]
