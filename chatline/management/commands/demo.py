from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from counsellor.demo import PASSWORD, PEOPLE, create_staff
from counsellor.demo_roster import create_roster
from counsellor.models import Membership
from intake.demo import create_helplines
from stats.demo.ledger import create_demo as create_contacts


class Command(BaseCommand):
    help = "Two helplines with staff, rosters and figures to try Chatline with. What is there already stays as it is."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--print", action="store_true", dest="only_print", help="only print the logins")
        parser.add_argument("--no-hint", action="store_true", help="do not say how to get a second-factor code")

    def handle(self, *args: Any, **options: Any) -> None:
        if not settings.DEMO:
            raise CommandError("Only in demo mode (CHATLINE_DEMO=1): the passwords are known to everybody.")
        if not options["only_print"]:
            create_demo()
        self.stdout.write("\n".join(logins()))
        if not options["no_hint"]:
            self.stdout.write("A second-factor code: manage.py totp NAME")


def create_demo() -> None:
    now = timezone.now()
    helplines = create_helplines(now)
    staff = create_staff(helplines)
    create_roster(helplines, staff, now)
    create_contacts(helplines, now=now)


def logins() -> list[str]:
    """Who can log in, as lines for a terminal."""
    lines = [f"Logins (password for all: {PASSWORD})"]
    for person in PEOPLE:
        roles = ", ".join(f"{Membership.Role(role).value.replace('_', ' ')} on {slug}" for slug, role in person.roles)
        lines.append(f"  {person.username:<8} {roles or 'administrator (/admin/)'}")
    return lines
