from __future__ import annotations

import time
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from counsellor.models import Counsellor, SecondFactor


class Command(BaseCommand):
    help = "Print a code that will be accepted now as the second factor of NAME. In demo mode only."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("name", help="user name")

    def handle(self, *args: Any, **options: Any) -> None:
        if not settings.DEMO:
            raise CommandError("Only in demo mode (CHATLINE_DEMO=1): elsewhere the code comes from the owner's app.")
        if not Counsellor.objects.filter(username=options["name"]).exists():
            raise CommandError(f"There is no account named {options['name']}.")
        factor = SecondFactor.objects.filter(user__username=options["name"], confirmed=True).first()
        if factor is None:
            raise CommandError(f"{options['name']} has no second factor yet. It is made at the first login.")
        while factor.is_spent(timezone.now()):
            time.sleep(0.5)
        self.stdout.write(factor.fresh_code(timezone.now()))
