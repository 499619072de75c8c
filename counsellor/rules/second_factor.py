"""The second factor: an app that shows codes, and recovery codes for the day the phone is lost."""

from __future__ import annotations

import secrets
from datetime import datetime

from django.db import transaction
from django.utils.crypto import salted_hmac
from django.utils.translation import gettext_lazy as _

from counsellor.models import AuditEntry, Counsellor, RecoveryCode, SecondFactor
from counsellor.rules.audit import record_action
from intake.errors import Refusal

RECOVERY_CODES = 10
# No 0/o, 1/l/i: they are read from paper. 12 of 31 characters are 59 bits.
ALPHABET = "abcdefghjkmnpqrstuvwxyz23456789"
CODE_LENGTH = 12

Action = AuditEntry.Action


class WrongCode(Refusal):
    code = "wrong_code"
    status = 403
    title = _("Koden stemte ikke. Se etter en ny kode i appen og prøv igjen.")


class TooManyTries(Refusal):
    code = "too_many_tries"
    status = 429
    title = _("Det ble for mange feil koder. Vent litt før du prøver igjen.")


def enrolled_factor(user: Counsellor) -> SecondFactor | None:
    return SecondFactor.objects.filter(user=user, confirmed=True).first()


@transaction.atomic
def begin_enrolment(user: Counsellor) -> SecondFactor:
    """A new unconfirmed factor. Earlier unfinished ones go: somebody else may have seen their seed."""
    SecondFactor.objects.filter(user=user, confirmed=False).delete()
    factor = SecondFactor.with_seed(user)
    factor.save()
    return factor


@transaction.atomic
def confirm_enrolment(factor: SecondFactor, *, code: str, now: datetime) -> None:
    """Make `factor` the one that counts, in the place of an earlier one. Raises `WrongCode`."""
    step = factor.matching_step(_digits(code), now=now)
    if step is None:
        raise WrongCode
    SecondFactor.objects.filter(user_id=factor.user_id, confirmed=True).delete()
    factor.confirmed, factor.last_step = True, step
    factor.save()
    record_action(Action.FACTOR_ENROLLED, actor=factor.user, now=now)


def check_code(user: Counsellor, *, code: str, now: datetime) -> SecondFactor:
    """The factor that a code from the app, or a recovery code, speaks for. No code works twice.

    Raises `WrongCode`, or `TooManyTries` while the wait after earlier failures (1, 2, 4, 8 … 300 s) lasts.
    """
    with transaction.atomic():
        factor: SecondFactor | None = SecondFactor.objects.select_for_update().filter(user=user, confirmed=True).first()
        if factor is None:
            raise WrongCode
        # A recovery code is too long to guess, so the wait is not for it.
        accepted = _spend_recovery_code(user, code=code, now=now)
        if not accepted:
            if (until := factor.waits_until()) is not None:
                raise TooManyTries(retry_after_seconds=(until - now).total_seconds())
            accepted = _spend_app_code(factor, code=code, now=now)
        factor.count_try(accepted=accepted)
        if not accepted:
            record_action(Action.CODE_FAILED, actor=user, now=now)
    # Outside the transaction: the count of failures must stay.
    if not accepted:
        raise WrongCode
    return factor


@transaction.atomic
def make_recovery_codes(user: Counsellor, *, now: datetime) -> list[str]:
    """Ten new codes, shown this once. Earlier ones stop working."""
    codes = ["".join(secrets.choice(ALPHABET) for _ in range(CODE_LENGTH)) for _ in range(RECOVERY_CODES)]
    RecoveryCode.objects.filter(user=user).delete()
    RecoveryCode.objects.bulk_create(RecoveryCode(user=user, digest=_digest(user, code)) for code in codes)
    record_action(Action.RECOVERY_CODES_MADE, actor=user, now=now)
    return ["-".join(code[start : start + 4] for start in range(0, CODE_LENGTH, 4)) for code in codes]


@transaction.atomic
def remove_factor(user: Counsellor, *, by: Counsellor, now: datetime) -> None:
    """For who lost both phone and recovery codes: the next login enrols anew. Sessions of today end at once."""
    SecondFactor.objects.filter(user=user).delete()
    RecoveryCode.objects.filter(user=user).delete()
    record_action(Action.FACTOR_REMOVED, actor=by, subject=user, now=now)


def _spend_app_code(factor: SecondFactor, *, code: str, now: datetime) -> bool:
    step = factor.matching_step(_digits(code), now=now)
    if step is None:
        return False
    # Two requests with one code: the row count decides who was first, also where rows cannot be locked.
    won = SecondFactor.objects.filter(pk=factor.pk, last_step__lt=step).update(last_step=step)
    factor.last_step = step
    return won == 1


def _spend_recovery_code(user: Counsellor, *, code: str, now: datetime) -> bool:
    cleaned = "".join(character for character in code.lower() if character in ALPHABET)
    if len(cleaned) != CODE_LENGTH:
        return False
    spent, _rows = RecoveryCode.objects.filter(user=user, digest=_digest(user, cleaned)).delete()
    if spent:
        record_action(Action.RECOVERY_CODE_USED, actor=user, now=now)
    return spent == 1


def _digest(user: Counsellor, code: str) -> str:
    return salted_hmac(f"counsellor.recovery_code.{user.pk}", code, algorithm="sha256").hexdigest()


def _digits(code: str) -> str:
    """Apps show "123 456", and people type it so."""
    return "".join(code.split())
