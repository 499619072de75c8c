"""Staff to try Chatline with. Their passwords and seeds are known to everybody: demo mode alone may hold them."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

from django.db import transaction

from counsellor.models import Counsellor, Membership, SecondFactor
from counsellor.models.second_factor import SEED_BYTES
from intake.models import Helpline

PASSWORD = "regnbue over fjorden"  # noqa: S105  # known to everybody, on purpose
Role = Membership.Role


@dataclass(frozen=True, slots=True)
class Person:
    username: str
    pseudonym: str
    roles: tuple[tuple[str, str], ...] = ()
    is_administrator: bool = False


PEOPLE = (
    Person("kari", "Kari", (("ffp", Role.COUNSELLOR),)),
    Person("jonas", "Jonas", (("ffp", Role.COUNSELLOR),)),
    Person("sara", "Sara", (("ffp", Role.COUNSELLOR), ("foreldresupport", Role.COUNSELLOR))),
    Person("vigdis", "Vigdis", (("ffp", Role.DUTY_LEADER),)),
    Person("astrid", "Astrid", (("ffp", Role.COORDINATOR),)),
    Person("mona", "Mona", (("foreldresupport", Role.COUNSELLOR),)),
    Person("per", "Per", (("foreldresupport", Role.COUNSELLOR),)),
    Person("ellen", "Ellen", (("foreldresupport", Role.DUTY_LEADER),)),
    Person("tor", "Tor", (("foreldresupport", Role.COORDINATOR),)),
    Person("admin", "Administrator", is_administrator=True),
)


@transaction.atomic
def create_staff(helplines: dict[str, Helpline]) -> dict[str, Counsellor]:
    """The people above, by user name. Those who are there already keep what they have."""
    return {person.username: _create_person(person, helplines) for person in PEOPLE}


def seed_of(username: str) -> bytes:
    """The same on every demonstration, so that an app that was connected once stays connected."""
    return hashlib.sha256(f"chatline demonstration {username}".encode()).digest()[:SEED_BYTES]


def _create_person(person: Person, helplines: dict[str, Helpline]) -> Counsellor:
    user = Counsellor.objects.filter(username=person.username).first()
    if user is not None:
        return user
    create = Counsellor.objects.create_superuser if person.is_administrator else Counsellor.objects.create_user
    user = create(person.username, PASSWORD, pseudonym=person.pseudonym)
    Membership.objects.bulk_create(
        Membership(user=user, helpline=helplines[slug], role=role) for slug, role in person.roles
    )
    factor = SecondFactor.with_seed(user, seed_of(person.username))
    factor.confirmed = True
    factor.save()
    return user
