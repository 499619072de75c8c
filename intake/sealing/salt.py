"""The random salt of the day. Without it a pseudonym cannot be traced back, and it is destroyed after a day."""

from __future__ import annotations

import os
from datetime import date, timedelta

from django.db import IntegrityError, transaction

from intake.sealing.master_key import cipher_for
from intake.sealing.models import Salt

PURPOSE = "salt of the day"
SALT_BYTES = 32
KEEP_DAYS = 1


def salt_of(day_on: date) -> bytes:
    """The 32 random bytes of that UTC day, made by whichever process asks first."""
    place = day_on.isoformat().encode()
    row = Salt.objects.filter(day_on=day_on).first()
    if row is None:
        sealed = cipher_for(PURPOSE).seal(os.urandom(SALT_BYTES), place=place)
        try:
            with transaction.atomic(using="keys"):
                row = Salt.objects.create(day_on=day_on, wrapped=sealed)
        except IntegrityError:
            row = Salt.objects.get(day_on=day_on)
    return cipher_for(PURPOSE).open(bytes(row.wrapped), place=place)


def destroy_old_salts(*, today: date) -> int:
    """Destroy every salt of an earlier day. Idempotent; returns how many."""
    deleted, _ = Salt.objects.filter(day_on__lte=today - timedelta(days=KEEP_DAYS)).delete()
    return deleted


def destroy_future_salts(*, after: date) -> int:
    """Destroy salts of days that have not begun: a clock was ahead, and a salt must not live longer than its day."""
    deleted, _ = Salt.objects.filter(day_on__gt=after).delete()
    return deleted
