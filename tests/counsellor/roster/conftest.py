from __future__ import annotations

import datetime as dt

import pytest

from counsellor.models import Counsellor, Membership
from intake.models import Helpline

Role = Membership.Role


def staff(name: str, **roles: Helpline) -> Counsellor:
    user = Counsellor.objects.create_user(name, None, pseudonym=name.title())
    for role, helpline in roles.items():
        Membership.objects.create(user=user, helpline=helpline, role=role)
    return user


@pytest.fixture
def day_line(db):
    """Monday to Friday 9-16."""
    helpline = Helpline.objects.create(slug="day", name={"nb": "Daglinjen"})
    for weekday in range(5):
        helpline.opening_hours.create(weekday=weekday, opens=dt.time(9), closes=dt.time(16))
    return helpline


@pytest.fixture
def night_line(db):
    """Round the clock."""
    helpline = Helpline.objects.create(slug="night", name={"nb": "Nattlinjen"})
    for weekday in range(7):
        helpline.opening_hours.create(weekday=weekday, opens=dt.time(), closes=dt.time())
    return helpline


@pytest.fixture
def anne(day_line, night_line):
    """Answers on both lines."""
    user = staff("anne", counsellor=day_line)
    Membership.objects.create(user=user, helpline=night_line, role=Role.COUNSELLOR)
    return user


@pytest.fixture
def bjarne(day_line):
    """Answers on the day line."""
    return staff("bjarne", counsellor=day_line)


@pytest.fixture
def kari(day_line):
    """Coordinates the day line and never answers."""
    return staff("kari", coordinator=day_line)
