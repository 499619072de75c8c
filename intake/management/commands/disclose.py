from __future__ import annotations

import uuid
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from intake.rules.privacy_disclosure import disclose_conversation


class Command(BaseCommand):
    help = "Print all that the system can produce on one conversation. After its purge that is nothing."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("public_id", type=uuid.UUID, metavar="PUBLIC_ID")

    def handle(self, *args: Any, public_id: uuid.UUID, **options: Any) -> None:
        disclosure = disclose_conversation(public_id)
        if disclosure is None:
            return
        for row in disclosure.rows:
            self.stdout.write(row.table)
            for name, value in row.facts:
                self.stdout.write(f"  {name}: {value}")
        for question, answer in disclosure.intro:
            self.stdout.write(f"{question} {answer}")
        for message in disclosure.messages:
            self.stdout.write(f"{message.seq} {message.sent_at} {message.sender}: {message.body}")
