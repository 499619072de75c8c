"""Conversations to break things under, and what the database says of them afterwards.

    python -m tests.faults.crowd make 200 prints their entrances as JSON
    python -m tests.faults.crowd read                  prints every stored message as JSON
    python -m tests.faults.crowd holders               prints who holds what, who claimed, who is behind which cookie
    python -m tests.faults.crowd seen                  prints when each conversation's visitor was last there
    python -m tests.faults.crowd stay-signed-in        lets staff's sessions last for ten days
    python -m tests.faults.crowd put-sessions-aside FILE    and bring-sessions-back FILE

A process of its own, because it is Django's, and the harness has databases that come and go.
"""

from __future__ import annotations

import json
import os
import sys
from collections import Counter
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "chatline.settings")


def make(number: int) -> list[dict[str, Any]]:
    """`number` active conversations of a helpline that never closes: visitor, counsellor, visitor, counsellor …"""
    from benchmarks.stage.conversations import make_chats, make_helpline

    return [
        {
            "conversation": entrance.conversation,
            "role": entrance.role,
            "path": entrance.path,
            "hello": {key: value for key, value in json.loads(entrance.hello).items() if key != "type"},
            "cookie": entrance.headers.removeprefix("Cookie: ").strip(),
        }
        for entrance in make_chats(make_helpline(), number)
    ]


def read() -> dict[int, list[list[Any]]]:
    """Every message of every conversation, opened: seq, role, origin id, body."""
    from benchmarks.stage.ledger import read_everything
    from intake.models import Conversation, Message

    found = read_everything(list(Conversation.objects.values_list("pk", flat=True)))
    return {
        pk: [[m.seq, str(Message.Role(m.sender).label), str(m.origin_id), m.body] for m in messages]
        for pk, messages in found.items()
    }


def staff() -> dict[str, str]:
    """User names by session cookie."""
    from django.conf import settings
    from django.contrib.auth import SESSION_KEY
    from django.contrib.sessions.models import Session

    from counsellor.models import Counsellor

    names = dict(Counsellor.objects.values_list("pk", "username"))
    return {
        f"{settings.SESSION_COOKIE_NAME}={session.session_key}": names[int(session.get_decoded()[SESSION_KEY])]
        for session in Session.objects.all()
    }


def holders() -> dict[str, dict[str, Any]]:
    """Who holds which conversation, how many claims the log has of each, and whose session is which."""
    from counsellor.models import AuditEntry
    from intake.models import Conversation

    names = Conversation.objects.exclude(counsellor=None).values_list("public_id", "counsellor__username")
    claims = AuditEntry.objects.filter(action=AuditEntry.Action.CLAIMED).values_list("actor__username", flat=True)
    return {"held": {str(public_id): name for public_id, name in names}, "claims": Counter(claims), "staff": staff()}


def seen() -> dict[int, str]:
    """When each conversation's visitor was last there."""
    from intake.models import Conversation

    return {pk: at.isoformat() for pk, at in Conversation.objects.values_list("pk", "visitor_seen_at")}


def stay_signed_in() -> int:
    from django.contrib.sessions.models import Session
    from django.utils import timezone

    return Session.objects.update(expire_date=timezone.now() + timedelta(days=10))


def put_sessions_aside(file: str) -> int:
    from django.contrib.sessions.models import Session
    from django.core import serializers

    return Path(file).write_text(serializers.serialize("json", Session.objects.all()))


def bring_sessions_back(file: str) -> int:
    from django.core import serializers

    sessions = list(serializers.deserialize("json", Path(file).read_text()))
    for session in sessions:
        session.save()
    return len(sessions)


def main(arguments: list[str]) -> None:
    django.setup()
    work: dict[str, Callable[..., object]] = {
        "make": lambda number: make(int(number)),
        "read": read,
        "holders": holders,
        "seen": seen,
        "stay-signed-in": stay_signed_in,
        "put-sessions-aside": put_sessions_aside,
        "bring-sessions-back": bring_sessions_back,
    }
    sys.stdout.write(json.dumps(work[arguments[0]](*arguments[1:])))


if __name__ == "__main__":
    main(sys.argv[1:])
