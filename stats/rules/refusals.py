"""What the ledger says no to, in the family of `intake.errors`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from django.utils.translation import gettext_lazy as _

from intake.errors import Refusal


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong with an entry: the field of `ContactEntry`, and what to do about it."""

    field: str
    sentence: str


class InvalidEntry(Refusal):
    code = "invalid_entry"
    status = 422
    title = _("Henvendelsen kan ikke lagres slik den er fylt ut.")

    def __init__(self, problems: Sequence[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__()


class AlreadyRegistered(Refusal):
    code = "already_registered"
    status = 409
    title = _("Denne samtalen er allerede registrert.")


class BadPeriod(Refusal):
    code = "bad_period"
    title = _("Skriv månedene som år og måned, for eksempel 2020-03.")


class UnknownTable(Refusal):
    code = "unknown_table"
    status = 404
    title = _("Rapporten har ingen slik tabell.")
