"""Two helplines with hours of their own, and the people of the tests on them."""

from __future__ import annotations

import datetime as dt

import pytest

from counsellor.models import Counsellor, Membership
from intake.models import Helpline
from tests.people import make_counsellor

Role = Membership.Role


@pytest.fixture
def day_line(db: None) -> Helpline:
    """Monday to Friday 9-16."""
    helpline = Helpline.objects.create(slug="day", name={"nb": "Daglinjen"}, languages=["nb"])
    for weekday in range(5):
        helpline.opening_hours.create(weekday=weekday, opens=dt.time(9), closes=dt.time(16))
    return helpline


@pytest.fixture
def night_line(db: None) -> Helpline:
    """Round the clock."""
    helpline = Helpline.objects.create(slug="night", name={"nb": "Nattlinjen"}, languages=["nb"])
    for weekday in range(7):
        helpline.opening_hours.create(weekday=weekday, opens=dt.time(), closes=dt.time())
    return helpline


@pytest.fixture
def counsellor(day_line: Helpline, night_line: Helpline) -> Counsellor:
    """Answers on both lines."""
    return make_counsellor("kari", "Kari", (day_line, Role.COUNSELLOR), (night_line, Role.COUNSELLOR))


@pytest.fixture
def other_counsellor(day_line: Helpline) -> Counsellor:
    return make_counsellor("ola", "Ola", (day_line, Role.COUNSELLOR))


@pytest.fixture
def duty_leader(day_line: Helpline) -> Counsellor:
    return make_counsellor("vigdis", "Vigdis", (day_line, Role.DUTY_LEADER))


@pytest.fixture
def coordinator(day_line: Helpline) -> Counsellor:
    """Coordinates the day line and never answers."""
    return make_counsellor("kaja", "Kaja", (day_line, Role.COORDINATOR))


@pytest.fixture
def stranger(night_line: Helpline) -> Counsellor:
    """Everything on the night line, nothing on the day line."""
    return make_counsellor("fremmed", "Fremmed", *((night_line, role) for role in Role.values))
