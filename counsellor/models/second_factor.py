from __future__ import annotations

import os
from base64 import b32encode
from datetime import datetime, timedelta
from urllib.parse import quote, urlencode

from django.conf import settings
from django.db import models
from django.utils import timezone
from django_otp.models import Device, ThrottlingMixin
from django_otp.oath import TOTP

from counsellor.models.account import Counsellor
from intake.sealing.master_key import open_secret, seal_secret

SEED_BYTES = 20
STEP_SECONDS = 30
TOLERANCE_STEPS = 1
DIGITS = 6


# Long enough that guessing six digits is hopeless, short enough that nobody is locked out of her shift.
LONGEST_WAIT = timedelta(minutes=5)


class SecondFactor(ThrottlingMixin, Device):
    """A time-based code from an app on the counsellor's phone (RFC 6238).

    The seed is sealed with a key that is not in the database, and bound to its owner: django_otp's own
    model keeps it in clear. `last_step` is the step of the last code used, so that no code works twice.
    """

    seed_sealed = models.BinaryField()
    last_step = models.BigIntegerField(default=-1)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=("user",), condition=models.Q(confirmed=True), name="second_factor_confirmed_once"
            )
        ]

    @classmethod
    def with_seed(cls, user: Counsellor, seed: bytes | None = None) -> SecondFactor:
        """An unsaved, unconfirmed factor for `user`, with a random seed unless one is given."""
        sealed = seal_secret(seed or os.urandom(SEED_BYTES), purpose="second factor", place=_place(user.pk))
        return cls(user=user, name="totp", confirmed=False, seed_sealed=sealed)

    @property
    def seed(self) -> bytes:
        return open_secret(bytes(self.seed_sealed), purpose="second factor", place=_place(self.user_id))

    @property
    def secret(self) -> str:
        return b32encode(self.seed).decode()

    @property
    def address(self) -> str:
        """What the QR code says to the app. It names the login, so that a phone with several can tell them apart."""
        label = quote(f"{settings.OTP_TOTP_ISSUER}:{self.user.get_username()}")
        return f"otpauth://totp/{label}?" + urlencode({"secret": self.secret, "issuer": settings.OTP_TOTP_ISSUER})

    def matching_step(self, code: str, *, now: datetime) -> int | None:
        """The step whose code this is, if it is current (± 30 s) and later than the last one used."""
        totp = TOTP(self.seed, STEP_SECONDS, 0, DIGITS)
        totp.time = now.timestamp()
        if not (code.isascii() and code.isdigit() and totp.verify(int(code), TOLERANCE_STEPS, self.last_step + 1)):
            return None
        return int(totp.t())

    def code_at(self, now: datetime) -> str:
        totp = TOTP(self.seed, STEP_SECONDS, 0, DIGITS)
        totp.time = now.timestamp()
        return f"{totp.token():0{DIGITS}d}"

    def fresh_code(self, now: datetime) -> str:
        """A code that will be accepted: the current one, or the next when the current one has been used.

        When both have been, there is none for up to half a minute: see `is_spent`.
        """
        used_up = self.last_step >= int(now.timestamp()) // STEP_SECONDS
        return self.code_at(now + timedelta(seconds=STEP_SECONDS) if used_up else now)

    def is_spent(self, now: datetime) -> bool:
        """Whether both codes that could be accepted at `now` have been used."""
        return self.last_step > int(now.timestamp()) // STEP_SECONDS

    def waits_until(self) -> datetime | None:
        """Until when no code is looked at, after earlier failures. None when one may be tried."""
        allowed, why = self.verify_is_allowed()  # type: ignore[no-untyped-call]
        if allowed or self.throttling_failure_timestamp is None:
            return None
        until = min(why["locked_until"], self.throttling_failure_timestamp + LONGEST_WAIT)
        # A failure in the future is of a clock that was ahead: nobody waits a day for it.
        return until if timezone.now() < until <= timezone.now() + LONGEST_WAIT else None

    def count_try(self, *, accepted: bool) -> None:
        if accepted:
            self.throttle_reset()  # type: ignore[no-untyped-call]
        else:
            self.throttle_increment()  # type: ignore[no-untyped-call]

    def get_throttle_factor(self) -> float:
        return float(settings.OTP_TOTP_THROTTLE_FACTOR)


class RecoveryCode(models.Model):
    """A code that takes the place of the app once. Only its keyed hash is kept, and the row goes when it is used."""

    user = models.ForeignKey(Counsellor, on_delete=models.CASCADE, related_name="recovery_codes")
    digest = models.CharField(max_length=64)

    class Meta:
        constraints = [models.UniqueConstraint(fields=("user", "digest"), name="recovery_code_once")]

    def __str__(self) -> str:
        return str(self.user_id)


def _place(user_id: int) -> bytes:
    return str(user_id).encode()
