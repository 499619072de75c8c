"""The pages that a visitor sees: the helplines, a front page, its chat. None of them sets a cookie."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone, translation
from django.views.decorators.http import require_safe

from intake.delivery.rate import Buckets
from intake.models import Helpline, IntroQuestion
from intake.models.texts import in_language
from intake.rules.hours import opening_state
from intake.rules.queue import round_to_crowds, view_queues
from intake.rules.tallies import count
from intake.visitor.addressing import (
    choose_language,
    for_helpline,
    language_choices,
    offered_languages,
    with_language,
)
from intake.visitor.colours import dark_shades, light_shades
from intake.visitor.opening_words import say_state, week_lines

_closed_doors = Buckets(burst=1, per_second=1 / 3600)


@require_safe
def helplines(request: HttpRequest) -> HttpResponse:
    languages = [code for code, _ in settings.LANGUAGES]
    with translation.override(choose_language(request, languages)):
        lines = [_sign(helpline) for helpline in Helpline.objects.all()]
        return render(request, "intake/helplines.html", {"lines": lines, "languages": language_choices(languages)})


def _sign(helpline: Helpline) -> dict[str, Any]:
    now = timezone.now()
    state = opening_state(helpline, now=now)
    return {
        "url": with_language(reverse("visitor:front", args=[helpline.slug])),
        "name": in_language(helpline.name),
        "tagline": in_language(helpline.tagline),
        "open": state.open,
        "hours": say_state(state, helpline, now=now),
    }


@require_safe
@for_helpline
def front(request: HttpRequest, helpline: Helpline) -> HttpResponse:
    return render(
        request,
        "intake/front.html",
        {**_door(request, helpline), "about": in_language(helpline.about), "week": week_lines(helpline)},
    )


@require_safe
@for_helpline
def chat(request: HttpRequest, helpline: Helpline) -> HttpResponse:
    return render(
        request,
        "intake/chat.html",
        {
            **_door(request, helpline),
            "welcome": in_language(helpline.welcome),
            "questions": [_question(question) for question in helpline.intro_questions.all()],
            "body_characters": settings.BODY_CHARACTERS,
        },
    )


def _question(question: IntroQuestion) -> dict[str, Any]:
    choices = [(choice["value"], in_language(choice["label"])) for choice in question.choices]
    return {"key": question.key, "label": in_language(question.label), "choices": choices}


def _note_closed_door(request: HttpRequest, helpline: Helpline) -> None:
    """Count somebody who came while it was closed: once an hour by the day's pseudonym, known in memory alone."""
    if request.method == "GET" and not _closed_doors.take(f"{helpline.pk}/{request.META.get('REMOTE_ADDR', '')}"):
        count(helpline.pk, "closed_door", now=timezone.now())


def _door(request: HttpRequest, helpline: Helpline) -> dict[str, Any]:
    """What every page of a helpline shows: name, hours, queue, numbers."""
    now = timezone.now()
    state = opening_state(helpline, now=now)
    if not state.open:
        _note_closed_door(request, helpline)
    queue = view_queues([helpline.pk], now=now)[helpline.pk]
    return {
        "helpline": helpline,
        "name": in_language(helpline.name),
        "tagline": in_language(helpline.tagline),
        "closed_text": in_language(helpline.closed_text),
        "state": state,
        "hours": say_state(state, helpline, now=now),
        "waiting": round_to_crowds(len(queue.places)),
        "queue_full": len(queue.places) >= helpline.queue_cap,
        "notices": queue.notices,
        "numbers": [
            {"tel": contact.tel, "number": contact.number, "label": in_language(contact.label)}
            for contact in helpline.emergency_contacts.all()
        ],
        "languages": language_choices(offered_languages(helpline)),
        "front_url": with_language(reverse("visitor:front", args=[helpline.slug])),
        "chat_url": with_language(reverse("visitor:chat", args=[helpline.slug])),
        "privacy_url": f"{with_language(reverse('visitor:privacy'))}&from={helpline.slug}",
        "retention_hours": helpline.retention_hours,
    }


@require_safe
@for_helpline
def accent(request: HttpRequest, helpline: Helpline) -> HttpResponse:
    """The helpline's colour as a stylesheet of its own: the pages carry no inline style."""
    context = {"light": light_shades(helpline.accent_colour), "dark": dark_shades(helpline.accent_colour)}
    return render(request, "intake/accent.css", context, content_type="text/css; charset=utf-8")
