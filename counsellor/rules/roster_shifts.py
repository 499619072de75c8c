"""Single shifts: added, changed and taken out by hand."""

from __future__ import annotations

import datetime as dt

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from counsellor.models import Counsellor, Shift
from intake.errors import Refusal
from intake.models import Helpline


class DuplicateShift(Refusal):
    code = "duplicate_shift"
    status = 409
    title = _("Denne personen har allerede en vakt som begynner da.")


class EmptyShift(Refusal):
    code = "empty_shift"
    title = _("Vakten må slutte etter at den begynner.")


@transaction.atomic
def add_shift(
    helpline: Helpline, *, user: Counsellor, starts_at: dt.datetime, ends_at: dt.datetime, note: str = ""
) -> Shift:
    """A shift by hand. Times are aware. Raises EmptyShift and DuplicateShift; overlaps are shown, not refused."""
    shift = Shift(helpline=helpline, user=user, starts_at=starts_at, ends_at=ends_at, note=note)
    return _stored(shift)


@transaction.atomic
def change_shift(shift: Shift, *, user: Counsellor, starts_at: dt.datetime, ends_at: dt.datetime, note: str) -> Shift:
    """Move a shift or give it to somebody else. Drawing up again leaves it as it is now. Raises like `add_shift`."""
    shift.user, shift.starts_at, shift.ends_at, shift.note = user, starts_at, ends_at, note
    return _stored(shift)


@transaction.atomic
def withdraw_shift(shift: Shift, *, now: dt.datetime) -> None:
    """Take a shift out of the roster. One that was drawn up is remembered, so that the next drawing leaves it out."""
    if shift.is_drawn:
        Shift.objects.filter(pk=shift.pk, withdrawn_at__isnull=True).update(withdrawn_at=now)
    else:
        shift.delete()


def _stored(shift: Shift) -> Shift:
    if shift.ends_at <= shift.starts_at:
        raise EmptyShift
    # Two coordinators at once: the second sees what the first did.
    Helpline.objects.select_for_update().get(pk=shift.helpline_id)
    same = Shift.objects.standing().filter(helpline=shift.helpline, user=shift.user, starts_at=shift.starts_at)
    if same.exclude(pk=shift.pk).exists():
        raise DuplicateShift
    shift.save()
    return shift
