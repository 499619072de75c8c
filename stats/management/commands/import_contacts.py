from __future__ import annotations

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from intake.models import Helpline
from stats.imports.contacts import contacts_template, import_contacts
from stats.imports.table_file import ImportRefused, why_unreadable


class Command(BaseCommand):
    help = "Import contacts from a CSV file with one row a contact. All of it, or nothing."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", type=Path, nargs="?", help="CSV; see --template for the columns.")
        parser.add_argument("--helpline", required=True, metavar="SLUG")
        parser.add_argument("--template", action="store_true", help="Print an empty file with the helpline's columns.")

    def handle(self, *args: Any, **options: Any) -> None:
        helpline = Helpline.objects.filter(slug=options["helpline"]).first()
        if helpline is None:
            raise CommandError(
                _("Det finnes ingen tjeneste med adressedelen %(slug)s.") % {"slug": options["helpline"]}
            )
        if options["template"]:
            self.stdout.write(contacts_template(helpline), ending="")
            return
        if options["file"] is None:
            raise CommandError(_("Skriv hvilken fil som skal importeres."))
        self._import(options["file"], helpline)

    def _import(self, path: Path, helpline: Helpline) -> None:
        try:
            imported = import_contacts(path, helpline=helpline, now=timezone.now())
        except OSError as error:
            raise CommandError(why_unreadable(error)) from None
        except ImportRefused as refused:
            reasons = "\n".join(str(problem) for problem in refused.problems)
            raise CommandError(_("Ingenting ble importert.") + "\n" + reasons) from None
        if imported.known:
            self.stdout.write(_("Alle henvendelsene var importert fra før. Ingenting ble endret."))
        else:
            self.stdout.write(
                ngettext("%(count)d henvendelse er importert.", "%(count)d henvendelser er importert.", imported.added)
                % {"count": imported.added}
            )
