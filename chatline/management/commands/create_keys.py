from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand

from intake.sealing.master_key import create_master_key


class Command(BaseCommand):
    help = "Create the master key file, unless it is there. It is never overwritten."
    requires_system_checks: list[str] = []

    def handle(self, *args: Any, **options: Any) -> None:
        made = create_master_key(settings.MASTER_KEY_FILE)
        self.stdout.write(f"{'Created' if made else 'Kept'} {settings.MASTER_KEY_FILE}")
