"""Code lists on `helpline` and a few on `other_helpline`, and entries that are right until a test makes them wrong."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest

from counsellor.models import Counsellor
from intake.models import Helpline, PendingContact
from stats.models import AgeBand, Channel, Choice, Contact, Gender, Kind, Question, ReferralBody, Theme
from stats.rules.entry import ContactEntry
from stats.rules.registration import register_contact

FIXTURES = Path(__file__).parent.parent / "fixtures"
THEMES_2020 = FIXTURES / "foreldresupport_themes_2020.csv"
NOW = datetime(2020, 9, 1, 12, 0, tzinfo=UTC)

Enter = Callable[..., ContactEntry]
Register = Callable[..., Contact]


def make_theme(helpline: Helpline, code: str, *, parent: Theme | None = None, **fields: Any) -> Theme:
    fields.setdefault("name", {"nb": code.capitalize()})
    return Theme.objects.create(helpline=helpline, code=code, parent=parent, **fields)


@pytest.fixture
def visits(helpline: Helpline) -> Theme:
    return make_theme(helpline, "visits", name={"nb": "Besøk", "nn": "Besøk", "en": "Visits"}, position=1)


@pytest.fixture
def health(helpline: Helpline) -> Theme:
    return make_theme(helpline, "health", name={"nb": "Psykisk helse"}, position=2)


@pytest.fixture
def crisis(health: Theme) -> Theme:
    return make_theme(health.helpline, "crisis", parent=health, name={"nb": "Krise"}, position=3)


@pytest.fixture
def retired_theme(helpline: Helpline) -> Theme:
    return make_theme(helpline, "call-back", name={"nb": "Oppfølging"}, position=4, retired_on=date(2020, 6, 1))


@pytest.fixture
def other_theme(other_helpline: Helpline) -> Theme:
    return make_theme(other_helpline, "sleep", name={"nb": "Søvn i et annet hus"})


@pytest.fixture
def police(helpline: Helpline) -> ReferralBody:
    return ReferralBody.objects.create(helpline=helpline, code="police", name={"nb": "Politiet"})


@pytest.fixture
def young(helpline: Helpline) -> AgeBand:
    return AgeBand.objects.create(helpline=helpline, code="young", from_age=0, to_age=25)


@pytest.fixture
def grown(helpline: Helpline) -> AgeBand:
    return AgeBand.objects.create(helpline=helpline, code="grown", from_age=26)


@pytest.fixture
def relation(helpline: Helpline) -> Question:
    question = Question.objects.create(helpline=helpline, code="relation", name={"nb": "Relasjon"})
    for position, name in enumerate(("Mor", "Far", "Venn")):
        Choice.objects.create(question=question, code=name.lower(), name={"nb": name}, position=position)
    return question


@pytest.fixture
def enter(visits: Theme) -> Enter:
    """An entry of a quarter past two in Oslo on 10 March 2020, with what the test gives it."""

    def make(**changes: Any) -> ContactEntry:
        fields: dict[str, Any] = {
            "started_at": datetime(2020, 3, 10, 13, 15, tzinfo=UTC),
            "duration_minutes": 25,
            "channel": Channel.CHAT,
            "kind": Kind.GENUINE,
            "gender": Gender.WOMAN,
            "themes": (visits,),
        }
        return ContactEntry(**{**fields, **changes})

    return make


@pytest.fixture
def register(helpline: Helpline, enter: Enter) -> Register:
    """A contact in the ledger of `helpline`, entered by hand."""

    def make(**changes: Any) -> Contact:
        return register_contact(None, helpline=helpline, entry=enter(**changes), now=NOW)

    return make


@pytest.fixture
def pending(helpline: Helpline, counsellor: Counsellor) -> PendingContact:
    return make_pending(helpline, counsellor)


def make_pending(helpline: Helpline, counsellor: Counsellor | None, **changes: Any) -> PendingContact:
    fields: dict[str, Any] = {
        "started_at": datetime(2020, 8, 31, 10, 15, tzinfo=UTC),
        "duration_minutes": 47,
        "waiting_minutes": 3,
        "language": "nb",
        "ended_on": date(2020, 8, 31),
    }
    return PendingContact.objects.create(helpline=helpline, counsellor=counsellor, **{**fields, **changes})
