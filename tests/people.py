"""The people of the tests, the same everywhere. Loaded for every test by `tests/conftest.py`.

On `helpline` (ffp): `counsellor`, `other_counsellor`, `duty_leader`, `coordinator`; `visitor` and `other_visitor`
wait there. `stranger` holds every role on `other_helpline` (foreldresupport) and none on `helpline`. `administrator`
runs the installation and has no role. `client_of(person)` is signed in with both factors.
"""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.test import Client
from django.utils import timezone
from django_otp import DEVICE_ID_SESSION_KEY

from counsellor.models import Counsellor, Membership, SecondFactor
from intake.models import EmergencyContact, Helpline, OpeningHours
from intake.rules.openings import Opened, open_conversation

PASSWORD = "tre blå hester i regn"  # long, with a letter outside ASCII
SEED = b"a seed for the tests"  # 20 bytes

Role = Membership.Role
ClientOf = Callable[[Counsellor], Client]


def make_helpline(slug: str, name: str) -> Helpline:
    """A helpline that is open day and night and belongs to the three languages."""
    helpline = Helpline.objects.create(
        slug=slug, name={"nb": name, "nn": name, "en": f"{name} (English)"}, languages=["nb", "nn", "en"]
    )
    OpeningHours.objects.bulk_create(
        OpeningHours(helpline=helpline, weekday=weekday, opens="00:00", closes="00:00") for weekday in range(7)
    )
    EmergencyContact.objects.create(helpline=helpline, label={"nb": "Ambulanse"}, number="113")
    return helpline


def make_counsellor(
    username: str, pseudonym: str, *roles: tuple[Helpline, str], password: str | None = None
) -> Counsellor:
    """Staff with a confirmed second factor. Without a password nobody can log in as her; `client_of` still can."""
    person = Counsellor.objects.create_user(username, password, pseudonym=pseudonym)
    for helpline, role in roles:
        Membership.objects.create(user=person, helpline=helpline, role=role)
    enrol(person)
    return person


def enrol(person: Counsellor) -> SecondFactor:
    factor = SecondFactor.with_seed(person, SEED)
    factor.confirmed = True
    factor.save()
    return factor


@pytest.fixture
def helpline(db: None) -> Helpline:
    return make_helpline("ffp", "Chat for pårørende")


@pytest.fixture
def other_helpline(db: None) -> Helpline:
    return make_helpline("foreldresupport", "Foreldresupport")


@pytest.fixture
def counsellor(helpline: Helpline) -> Counsellor:
    return make_counsellor("kari", "Kari", (helpline, Role.COUNSELLOR))


@pytest.fixture
def other_counsellor(helpline: Helpline) -> Counsellor:
    return make_counsellor("ola", "Ola", (helpline, Role.COUNSELLOR))


@pytest.fixture
def duty_leader(helpline: Helpline) -> Counsellor:
    return make_counsellor("vigdis", "Vigdis", (helpline, Role.DUTY_LEADER))


@pytest.fixture
def coordinator(helpline: Helpline) -> Counsellor:
    return make_counsellor("kaja", "Kaja", (helpline, Role.COORDINATOR))


@pytest.fixture
def stranger(other_helpline: Helpline) -> Counsellor:
    return make_counsellor("fremmed", "Fremmed", *((other_helpline, role) for role in Role.values))


@pytest.fixture
def administrator(db: None) -> Counsellor:
    person = Counsellor.objects.create_superuser("admin", None, pseudonym="Admin")
    enrol(person)
    return person


@pytest.fixture
def visitor(helpline: Helpline) -> Opened:
    return open_conversation(helpline, language="nb", intro={}, now=timezone.now())


@pytest.fixture
def other_visitor(helpline: Helpline) -> Opened:
    return open_conversation(helpline, language="en", intro={}, now=timezone.now())


@pytest.fixture
def client_of(db: None) -> ClientOf:
    """Signs a person in, with a second factor that was checked."""

    def sign_in(person: Counsellor) -> Client:
        client = Client()
        client.force_login(person, backend="counsellor.backend.RoleBackend")
        session = client.session
        session[DEVICE_ID_SESSION_KEY] = SecondFactor.objects.get(user=person, confirmed=True).persistent_id
        session.save()
        return client

    return sign_in
