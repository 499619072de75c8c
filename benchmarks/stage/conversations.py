"""Visitors and counsellors to measure with, made by the same rules as real ones."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from importlib import import_module

import msgspec
from django.conf import settings
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from django.db import connection, transaction
from django.middleware.csrf import CSRF_SECRET_LENGTH
from django.utils import timezone
from django.utils.crypto import get_random_string
from django_otp import DEVICE_ID_SESSION_KEY

from benchmarks.load.party import Entrance
from counsellor.models import Counsellor, Membership, SecondFactor
from intake.models import Conversation, Helpline, OpeningHours
from intake.rules.lifecycle import claim_conversation
from intake.rules.openings import Opened, open_conversation
from intake.rules.tokens import hash_token, new_token

CHATS_PER_COUNSELLOR = 4
SEED = b"a seed to measure by"  # 20 bytes


@dataclass(frozen=True)
class Staff:
    """A counsellor who is logged in with both factors: `cookie` is her browser's, `form_token` what its forms hold."""

    counsellor: Counsellor
    cookie: str
    form_token: str


def make_helpline() -> Helpline:
    """Open day and night, with room for any queue."""
    helpline = Helpline.objects.create(slug="line", name={"nb": "Linje"}, languages=["nb"], queue_cap=1_000_000)
    OpeningHours.objects.bulk_create(
        OpeningHours(helpline=helpline, weekday=weekday, opens="00:00", closes="00:00") for weekday in range(7)
    )
    return helpline


def open_conversations(helpline: Helpline, number: int) -> list[Opened]:
    """`number` waiting conversations, in the order of arrival."""
    with transaction.atomic(), transaction.atomic(using="keys"):
        return [open_conversation(helpline, language="nb", intro={}, now=timezone.now()) for _ in range(number)]


def fill_queue(helpline: Helpline, number: int) -> list[Entrance]:
    """`number` visitors who will wait and say nothing, so that they need no key; the first is opened by the rule."""
    first, now = open_conversations(helpline, 1)[0], timezone.now()
    tokens = [new_token() for _ in range(number - 1)]
    Conversation.objects.bulk_create(
        [
            Conversation(
                helpline=helpline, token_hash=hash_token(token), language="nb",
                created_at=now, last_activity_at=now, visitor_seen_at=now,
            )
            for token in tokens
        ],
        batch_size=1000,
    )  # fmt: skip
    found = Conversation.objects.in_bulk([hash_token(token) for token in tokens], field_name="token_hash")
    rest = [Opened(found[hash_token(token)], token) for token in tokens]
    return [visitor_entrance(opened) for opened in sorted([first, *rest], key=lambda opened: opened.conversation.pk)]


def make_chats(helpline: Helpline, number: int) -> list[Entrance]:
    """`number` active conversations: visitor, counsellor, visitor, counsellor … Each counsellor holds four."""
    entrances: list[Entrance] = []
    staff: Staff | None = None
    for index, opened in enumerate(open_conversations(helpline, number)):
        if staff is None or index % CHATS_PER_COUNSELLOR == 0:
            staff = make_staff(helpline, f"counsellor{opened.conversation.pk}")
        claim_conversation(opened.conversation, counsellor=staff.counsellor, now=timezone.now())
        entrances += [visitor_entrance(opened), staff_entrance(opened.conversation, staff)]
    return entrances


def make_staff(helpline: Helpline, username: str) -> Staff:
    counsellor = Counsellor.objects.create(username=username, pseudonym=username.title())
    Membership.objects.create(user=counsellor, helpline=helpline, role=Membership.Role.COUNSELLOR)
    factor = SecondFactor.with_seed(counsellor, SEED)
    factor.confirmed = True
    factor.save()
    form_token = get_random_string(CSRF_SECRET_LENGTH)
    cookies = {settings.SESSION_COOKIE_NAME: session_of(counsellor, factor), settings.CSRF_COOKIE_NAME: form_token}
    return Staff(counsellor, "; ".join(f"{name}={value}" for name, value in cookies.items()), form_token)


def session_of(counsellor: Counsellor, factor: SecondFactor) -> str:
    """The key of a session in which she is logged in with both factors."""
    session = import_module(settings.SESSION_ENGINE).SessionStore()
    session[SESSION_KEY] = str(counsellor.pk)
    session[BACKEND_SESSION_KEY] = "counsellor.backend.RoleBackend"
    session[HASH_SESSION_KEY] = counsellor.get_session_auth_hash()
    session[DEVICE_ID_SESSION_KEY] = factor.persistent_id
    session.save()
    return str(session.session_key)


def visitor_entrance(opened: Opened) -> Entrance:
    hello = msgspec.json.encode({"type": "hello", "token": opened.token})
    return Entrance(opened.conversation.pk, "visitor", "/ws/visitor/", hello)


def staff_entrance(conversation: Conversation, staff: Staff) -> Entrance:
    hello = msgspec.json.encode({"type": "hello", "conversation": str(conversation.public_id)})
    return Entrance(conversation.pk, "counsellor", "/ws/counsellor/", hello, f"Cookie: {staff.cookie}\r\n")


def textbook_entrances(number: int) -> Iterator[Entrance]:
    for room in range(number):
        for role in ("visitor", "counsellor"):
            yield Entrance(room, role, f"/ws/{room}/{role}/")


def forget_messages() -> None:
    """Every round begins with empty tables."""
    Conversation.objects.update(head=0)
    with connection.cursor() as cursor:
        cursor.execute("TRUNCATE intake_message")
    with connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE intake_conversation")


def forget_textbook_messages() -> None:
    with connection.cursor() as cursor:
        cursor.execute("TRUNCATE textbook_message")
