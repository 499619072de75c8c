"""Staff accounts: created and closed by an administrator, kept by their owner."""

from __future__ import annotations

import secrets
from collections.abc import Iterable
from datetime import datetime

from django.db import transaction

from counsellor.models import AuditEntry, Counsellor, Membership
from counsellor.rules.audit import record_action
from counsellor.rules.second_factor import ALPHABET
from intake.models import Helpline

START_PASSWORD_GROUPS = 4
Action = AuditEntry.Action


@transaction.atomic
def create_account(
    username: str,
    *,
    pseudonym: str,
    roles: Iterable[tuple[Helpline, str]] = (),
    by: Counsellor | None,
    now: datetime,
) -> tuple[Counsellor, str]:
    """An account and its start password, which is shown once and must be replaced at the first login."""
    user = Counsellor.objects.create_user(username, None, pseudonym=pseudonym)
    for helpline, role in roles:
        Membership.objects.create(user=user, helpline=helpline, role=role)
    record_creation(user, by=by, now=now)
    return user, renew_start_password(user, by=by, now=now)


def record_creation(user: Counsellor, *, by: Counsellor | None, now: datetime) -> None:
    record_action(Action.ACCOUNT_CREATED, actor=by, subject=user, now=now)


@transaction.atomic
def renew_start_password(user: Counsellor, *, by: Counsellor | None, now: datetime) -> str:
    """A new start password (79 bits), to be handed over by word of mouth. Ends the owner's sessions."""
    groups = ("".join(secrets.choice(ALPHABET) for _ in range(4)) for _ in range(START_PASSWORD_GROUPS))
    password = "-".join(groups)
    user.set_password(password)
    user.must_change_password = True
    user.save(update_fields=["password", "must_change_password"])
    record_action(Action.START_PASSWORD_MADE, actor=by, subject=user, now=now)
    return password


@transaction.atomic
def change_password(user: Counsellor, *, password: str, now: datetime) -> None:
    """The owner's own choice, already validated. Ends her other sessions: their hash no longer fits."""
    user.set_password(password)
    user.must_change_password = False
    user.save(update_fields=["password", "must_change_password"])
    record_action(Action.PASSWORD_CHANGED, actor=user, now=now)


@transaction.atomic
def close_account(user: Counsellor, *, by: Counsellor, now: datetime) -> None:
    """Nobody can work with it from now on. Pages stop at once, open sockets at their next check (≤ 5 s)."""
    if Counsellor.objects.filter(pk=user.pk, is_active=True).update(is_active=False):
        record_action(Action.ACCOUNT_CLOSED, actor=by, subject=user, now=now)


@transaction.atomic
def reopen_account(user: Counsellor, *, by: Counsellor, now: datetime) -> None:
    if Counsellor.objects.filter(pk=user.pk, is_active=False).update(is_active=True):
        record_action(Action.ACCOUNT_REOPENED, actor=by, subject=user, now=now)
