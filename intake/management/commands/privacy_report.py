from __future__ import annotations

from itertools import groupby
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandParser
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext, override

from intake.models import Helpline
from intake.models.texts import in_language
from intake.rules.privacy import Form, StoredTable, Topic, stored_tables


class Command(BaseCommand):
    help = "Print what is stored now and for how long: every table and every field, from the models and the settings."

    def add_arguments(self, parser: CommandParser) -> None:
        codes = [code for code, _name in settings.LANGUAGES]
        parser.add_argument("--language", default=settings.LANGUAGE_CODE, choices=codes)

    def handle(self, *args: Any, language: str, **options: Any) -> None:
        with override(language):
            self.stdout.write(
                _("Hva denne installasjonen lagrer, %(when)s UTC.") % {"when": f"{timezone.now():%Y-%m-%d %H:%M}"}
            )
            self._tell_helplines()
            for topic, tables in groupby(
                stored_tables(), key=lambda table: table.description and table.description.topic
            ):
                self.stdout.write(f"\n== {Topic(topic).label if topic else _('Ikke beskrevet')} ==")
                for table in tables:
                    self._tell_table(table)

    def _tell_helplines(self) -> None:
        for helpline in Helpline.objects.all():
            life = ngettext("%(hours)d time", "%(hours)d timer", helpline.retention_hours)
            hours = life % {"hours": helpline.retention_hours}
            self.stdout.write(
                _("%(helpline)s: samtaler lever i %(hours)s etter siste aktivitet.")
                % {"helpline": in_language(helpline.name), "hours": hours}
            )

    def _tell_table(self, table: StoredTable) -> None:
        count = table.model._base_manager.count()
        rows = ngettext("%(count)d rad nå", "%(count)d rader nå", count) % {"count": count}
        found = table.description
        self.stdout.write(f"\n{found.name if found else '?'} ({table.model._meta.db_table}, {rows})")
        if found:
            self.stdout.write(f"  {found.why}")
            self.stdout.write(f"  {found.life()}")
            for line in found.lines:
                form = "" if line.form == Form.PLAIN else f" [{line.form.label}]"
                self.stdout.write(f"  - {', '.join(line.fields)}: {line.what}{form}")
        for name in table.undescribed:
            self.stdout.write(f"  - {name}: " + _("ikke beskrevet"))
