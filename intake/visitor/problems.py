"""Refusals as problem documents (RFC 9457): turned into a response once, here."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import wraps
from typing import ParamSpec

from django.http import HttpResponse, JsonResponse

from intake.delivery.measures import note_refusal
from intake.errors import Refusal

P = ParamSpec("P")


def answers_problems(view: Callable[P, HttpResponse]) -> Callable[P, HttpResponse]:
    @wraps(view)
    def wrapper(*args: P.args, **kwargs: P.kwargs) -> HttpResponse:
        try:
            return view(*args, **kwargs)
        except Refusal as refusal:
            return problem_document(refusal)

    return wrapper


def problem_document(refusal: Refusal) -> JsonResponse:
    note_refusal(refusal.code)
    response = JsonResponse(
        {"type": "about:blank", "title": str(refusal.title), "status": refusal.status, "code": refusal.code},
        status=refusal.status,
        content_type="application/problem+json",
    )
    if refusal.retry_after_seconds is not None:
        response.headers["Retry-After"] = str(max(1, math.ceil(refusal.retry_after_seconds)))
    return response
