"""The dashboard: the queue, one's own conversations, who is on, what is left to register."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db.models import Q, prefetch_related_objects
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe

from counsellor.access import counsellor_or_404, helplines_with, own_conversations, waiting_conversations
from counsellor.models import Counsellor
from counsellor.rules.roster import own_shifts, shifts_on_now
from intake.delivery.announcing import announce_queue
from intake.models import Conversation, Helpline, PendingContact, StaffPresence
from intake.rules.clock_guard import count_held_back
from intake.rules.hours import OpeningState, opening_state
from intake.rules.intro import read_intro
from intake.rules.presence import mark_staff_present, set_available
from intake.sealing.key_store import open_keys

SHOWN_WAITING = 30
"""Every desk fetches the queue each time it changes: of a thousand who wait, the first are enough to choose from."""
UNSEEN_AFTER = timedelta(minutes=2)
ANSWERS = "intake.claim_conversation"
TURNS_DOOR = "intake.soft_close"


@dataclass(frozen=True, slots=True)
class Waiting:
    """A waiting conversation as the queue shows it. `silent`: the visitor's page has not been heard from lately."""

    conversation: Conversation
    intro: list[tuple[str, str]]
    minutes: int
    silent: bool
    language: str


@require_safe
def desk(request: HttpRequest) -> HttpResponse:
    user = counsellor_or_404(request)
    mine = own_conversations(user).filter(state=Conversation.State.ACTIVE).order_by("claimed_at")
    conversations = list(mine.prefetch_related("helpline__intro_questions"))
    now = timezone.now()
    context = {
        **queue_context(user, now=now),
        "answers": helplines_with(user, ANSWERS).exists(),
        "on_now": shifts_on_now(helplines_with(user, "counsellor.view_roster"), now=now),
        "my_shifts": own_shifts(user, now=now, limit=3),
        "chats": [(chat, intro, foreign_language(chat)) for chat, intro in with_intros(conversations)],
        **doors_context(user, now=now),
        "available": not StaffPresence.objects.filter(user=user, available=False).exists(),
    }
    return render(request, "counsellor/desk.html", context)


@require_safe
def queue(request: HttpRequest) -> HttpResponse:
    """The partial that the desk fetches again when a queue has changed. Asking for it says that she is there."""
    user, now = counsellor_or_404(request), timezone.now()
    mark_staff_present(user.pk, helplines_with(user, ANSWERS).values_list("pk", flat=True), now=now)
    return render(request, "counsellor/_queue.html", queue_context(user, now=now))


@require_POST
def presence(request: HttpRequest) -> HttpResponse:
    """Her own switch for new conversations, the same on all her helplines."""
    user, now = counsellor_or_404(request), timezone.now()
    for helpline in helplines_with(user, ANSWERS):
        set_available(user, helpline, available=request.POST.get("available") == "1", now=now)
        announce_queue(helpline.pk)
    return HttpResponse(status=204) if request.headers.get("X-Fragment") else redirect("counsellor:desk")


def queue_context(user: Counsellor, *, now: datetime) -> dict[str, Any]:
    waiting = waiting_conversations(user)
    conversations = waiting.order_by("pk").prefetch_related("helpline__intro_questions")[:SHOWN_WAITING]
    rows = [
        Waiting(
            conversation=conversation,
            intro=intro,
            minutes=max(0, int((now - conversation.created_at).total_seconds() // 60)),
            silent=now - conversation.visitor_seen_at > UNSEEN_AFTER,
            language=foreign_language(conversation),
        )
        for conversation, intro in with_intros(list(conversations))
    ]
    nobodys = Q(counsellor=None, helpline__in=helplines_with(user, "stats.register_contact"))
    unregistered = PendingContact.objects.filter(Q(counsellor=user) | nobodys).select_related("helpline")
    total = len(rows) if len(rows) < SHOWN_WAITING else waiting.count()
    return {
        "rows": rows,
        "waiting": total,
        "more": total - len(rows),
        "unregistered": unregistered,
        "several": helplines_with(user, ANSWERS).count() > 1,
    }


def doors_context(user: Counsellor, *, now: datetime) -> dict[str, Any]:
    """The doors that she may turn, and the names of her helplines that let nobody new in."""
    mine = list((helplines_with(user, ANSWERS) | helplines_with(user, TURNS_DOOR)).distinct())
    prefetch_related_objects(mine, "opening_hours", "exception_dates")
    turned = set(helplines_with(user, TURNS_DOOR).values_list("pk", flat=True))
    states: list[tuple[Helpline, OpeningState]] = [(helpline, opening_state(helpline, now=now)) for helpline in mine]
    return {
        "doors": [(helpline, state) for helpline, state in states if helpline.pk in turned],
        "held_back": count_held_back() if turned else 0,
        "soft_closed": [helpline for helpline, state in states if state.soft_closed],
    }


def foreign_language(conversation: Conversation) -> str:
    """The name of the visitor's language, empty for the one that everybody here writes."""
    code = conversation.language
    return "" if code == settings.LANGUAGE_CODE else str(dict(settings.LANGUAGES).get(code, code))


def with_intros(conversations: list[Conversation]) -> list[tuple[Conversation, list[tuple[str, str]]]]:
    """Each conversation with its intro answers; the keys are fetched in one query for all."""
    open_keys([conversation.public_id for conversation in conversations if conversation.intro_sealed])
    return [(conversation, read_intro(conversation)) for conversation in conversations]
