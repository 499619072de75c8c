"""Opening, ending and erasing a conversation, and the state of the door, as JSON.

No cookie carries rights here, so a foreign page can do nothing in a visitor's name: Django's protection against that
is not needed, and would set a cookie.
"""

from __future__ import annotations

import json
import uuid

from django.conf import settings
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils import timezone
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from intake.delivery.announcing import announce
from intake.delivery.rate import Buckets
from intake.delivery.together import do_together
from intake.errors import (
    Malformed,
    QueueFull,
    RateLimited,
    Refusal,
    Unavailable,
    UnknownConversation,
    UnsupportedMedia,
)
from intake.models import Conversation, Helpline
from intake.rules.hours import opening_state
from intake.rules.intro import check_intro
from intake.rules.lifecycle import EndReason, end_conversation, erase_conversation, find_by_token
from intake.rules.openings import Opened, Wanted, open_conversations
from intake.rules.queue import count_waiting, round_to_crowds
from intake.rules.tokens import new_token, token_for
from intake.visitor.addressing import for_helpline
from intake.visitor.problems import answers_problems

OPENED_TOGETHER = 64

_openings = Buckets(settings.OPENINGS_BURST, settings.OPENINGS_PER_HOUR / 3600)
"""By the day's pseudonym, in memory alone (docs/privacy.md, "No device trace")."""


@require_safe
@for_helpline
def status(request: HttpRequest, helpline: Helpline) -> HttpResponse:
    """Open or not, until when, from when, and roughly how many wait."""
    state = opening_state(helpline, now=timezone.now())
    return JsonResponse(
        {
            "open": state.open,
            "closes_at": state.closes_at and state.closes_at.isoformat(),
            "opens_at": state.opens_at and state.opens_at.isoformat(),
            "queue": round_to_crowds(count_waiting(helpline)),
        }
    )


@csrf_exempt
@require_POST
@for_helpline
@answers_problems
def open_one(request: HttpRequest, helpline: Helpline) -> HttpResponse:
    language, intro = _read_opening(request)
    token = _read_token(request, helpline)
    wanted = Wanted(helpline, language, check_intro(helpline, intro), token=token)
    opened = _open_in_turn(request, wanted)
    conversation = opened.conversation
    announce(conversation)
    return JsonResponse(
        {"conversation": str(conversation.public_id), "token": opened.token, "epoch": conversation.epoch}, status=201
    )


def _open(wanted: list[Wanted]) -> list[Opened | Refusal]:
    return open_conversations(wanted, now=timezone.now())


def _read_opening(request: HttpRequest) -> tuple[str, object]:
    if request.content_type != "application/json":
        raise UnsupportedMedia
    try:
        wanted = json.loads(request.body)
    except (ValueError, RecursionError):
        raise Malformed from None
    if not isinstance(wanted, dict) or wanted.keys() - {"language", "intro"}:
        raise Malformed
    language = wanted.get("language", settings.LANGUAGE_CODE)
    if not isinstance(language, str):
        raise Malformed
    return language, wanted.get("intro", {})


def _read_token(request: HttpRequest, helpline: Helpline) -> str:
    """The same for the same `Idempotency-Key`, a UUIDv4: who was not answered asks again, and opens nothing twice."""
    key = request.headers.get("Idempotency-Key")
    if key is None:
        return new_token()
    try:
        identifier = uuid.UUID(key.strip('"'))
    except ValueError:
        raise Malformed from None
    if identifier.version != 4:
        raise Malformed
    return token_for(identifier, helpline_id=helpline.pk)


def _open_in_turn(request: HttpRequest, wanted: Wanted) -> Opened:
    """Raises `RateLimited`, and what `open_conversations` refuses.

    What was opened before, and what failed for want of room, costs nothing: a school is one device, and after an
    outage all of it comes again.
    """
    device = request.META.get("REMOTE_ADDR", "")
    if wait_seconds := _openings.take(device):
        raise RateLimited(retry_after_seconds=wait_seconds)
    try:
        opened = do_together(_open, wanted, most=OPENED_TOGETHER, name="openings")
        if isinstance(opened, Refusal):
            raise opened
    except (QueueFull, Unavailable):
        _openings.give_back(device)
        raise
    if not opened.first:
        _openings.give_back(device)
    return opened


@csrf_exempt
@require_POST
@for_helpline
@answers_problems
def end_current(request: HttpRequest, helpline: Helpline) -> HttpResponse:
    conversation = _current(request, helpline)
    if end_conversation(conversation, reason=EndReason.VISITOR, now=timezone.now()):
        announce(conversation)
    return HttpResponse(status=204)


@csrf_exempt
@require_http_methods(["DELETE"])
@for_helpline
@answers_problems
def erase_current(request: HttpRequest, helpline: Helpline) -> HttpResponse:
    conversation = _current(request, helpline)
    erase_conversation(conversation, now=timezone.now())
    announce(conversation)
    return HttpResponse(status=204)


def _current(request: HttpRequest, helpline: Helpline) -> Conversation:
    """The conversation of the token in the header, if it is one of this helpline's."""
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not token:
        raise UnknownConversation
    conversation = find_by_token(token.strip())
    if conversation.helpline_id != helpline.pk:
        raise UnknownConversation
    return conversation
