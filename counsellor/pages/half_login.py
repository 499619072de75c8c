"""The minutes between a right password and a right second factor. The session knows who, but nobody is signed in."""

from __future__ import annotations

import time

from django.http import HttpRequest

from counsellor.models import Counsellor

SESSION_KEY = "half_login"
LASTS_SECONDS = 10 * 60
CLOCKS_APART_SECONDS = 60
"""The next page may come from another machine, whose clock is a little behind."""


def begin(request: HttpRequest, user: Counsellor, *, following: str) -> None:
    request.session.flush()
    request.session[SESSION_KEY] = {
        "user": user.pk,
        "hash": user.get_session_auth_hash(),
        "until": time.time() + LASTS_SECONDS,
        "following": following,
    }


def half_user(request: HttpRequest) -> Counsellor | None:
    """Whose password was given in this session, not too long ago and still the same."""
    half = request.session.get(SESSION_KEY)
    if not half or not 0 <= half["until"] - time.time() <= LASTS_SECONDS + CLOCKS_APART_SECONDS:
        return None
    user = Counsellor.objects.filter(pk=half["user"], is_active=True).first()
    return user if user and user.get_session_auth_hash() == half["hash"] else None


def following(request: HttpRequest) -> str:
    """Where she was going; asked before the session is exchanged."""
    return str(request.session[SESSION_KEY]["following"])
