"""Conversations to break things under, and what the database says of them afterwards.

    python -m tests.faults.crowd make 200 prints their entrances as JSON
    python -m tests.faults.crowd read                  prints every stored message as JSON

A process of its own, because it is Django's, and the harness has databases that come and go.
"""

from __future__ import annotations

import json
import os
import sys
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


def main(arguments: list[str]) -> None:
    django.setup()
    answer: object = make(int(arguments[1])) if arguments[0] == "make" else read()
    sys.stdout.write(json.dumps(answer))


if __name__ == "__main__":
    main(sys.argv[1:])
