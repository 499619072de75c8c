"""A helpline's code lists, read once: five queries, whatever is then asked of them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from typing import TypeVar

from django.db.models import Prefetch

from intake.models import Helpline
from stats.models import AgeBand, Choice, FormRules, Question, ReferralBody, Theme
from stats.models.code_list import Retirable

Entry = TypeVar("Entry", bound=Retirable)


@dataclass(frozen=True, slots=True)
class CodeLists:
    """Everything in its order, retired entries too: a correction of an old contact needs them."""

    helpline: Helpline
    rules: FormRules
    themes: tuple[Theme, ...]
    bodies: tuple[ReferralBody, ...]
    questions: tuple[Question, ...]
    bands: tuple[AgeBand, ...]

    @property
    def choices(self) -> tuple[Choice, ...]:
        return tuple(choice for question in self.questions for choice in question.choices.all())

    def band_of(self, age: int, *, on: date) -> AgeBand | None:
        """The age band in use on that day that holds the age, None when no band does."""
        return next((band for band in in_use(self.bands, on=on) if band.holds(age)), None)


def load_code_lists(helpline: Helpline) -> CodeLists:
    """The code lists of a helpline as they are now. The rules are the defaults if it has written none."""
    choices = Prefetch("choices", Choice.objects.select_related("question"))
    return CodeLists(
        helpline=helpline,
        rules=FormRules.objects.filter(helpline=helpline).first() or FormRules(helpline=helpline),
        themes=tuple(Theme.objects.filter(helpline=helpline)),
        bodies=tuple(ReferralBody.objects.filter(helpline=helpline)),
        questions=tuple(Question.objects.filter(helpline=helpline).prefetch_related(choices)),
        bands=tuple(AgeBand.objects.filter(helpline=helpline)),
    )


def in_use(entries: Iterable[Entry], *, on: date, besides: Iterable[Entry] = ()) -> tuple[Entry, ...]:
    """The entries that can be chosen on that day, and those in `besides`, which were chosen before."""
    kept = {entry.pk for entry in besides}
    return tuple(entry for entry in entries if entry.is_in_use_on(on) or entry.pk in kept)
