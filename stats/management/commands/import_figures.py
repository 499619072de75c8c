from __future__ import annotations

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from intake.models import Helpline
from stats.imports.figures import ImportedFigures, import_figures
from stats.imports.table_file import ImportRefused, why_unreadable


class Command(BaseCommand):
    help = "Keep a theme x month table of an earlier report as earlier figures. All of it, or nothing."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", type=Path, help="CSV: theme, printed_total (if printed), then months as YYYY-MM.")
        parser.add_argument("--helpline", required=True, metavar="SLUG")
        parser.add_argument("--source", default="", help="What the report is called beside its figures.")
        parser.add_argument("--language", default="nb", help="The language of the themes' names in the file.")

    def handle(self, *args: Any, **options: Any) -> None:
        helpline = Helpline.objects.filter(slug=options["helpline"]).first()
        if helpline is None:
            raise CommandError(
                _("Det finnes ingen tjeneste med adressedelen %(slug)s.") % {"slug": options["helpline"]}
            )
        path: Path = options["file"]
        try:
            imported = import_figures(
                path, helpline=helpline, source=options["source"] or path.stem, language=options["language"]
            )
        except OSError as error:
            raise CommandError(why_unreadable(error)) from None
        except ImportRefused as refused:
            reasons = "\n".join(str(problem) for problem in refused.problems)
            raise CommandError(_("Ingenting ble importert.") + "\n" + reasons) from None
        self._tell(imported)

    def _tell(self, imported: ImportedFigures) -> None:
        if imported.is_known:
            self.stdout.write(_("Alle tallene var importert fra før. Ingenting ble endret."))
        else:
            self.stdout.write(_("%(count)d tall er importert.") % {"count": imported.figures})
        for name in imported.new_themes:
            self.stdout.write(_("Nytt tema, ute av bruk: %(name)s") % {"name": name})
        if count := len(imported.differing):
            self.stdout.write(
                ngettext(
                    "%(count)d trykt sum er ikke summen av månedene:",
                    "%(count)d trykte summer er ikke summen av månedene:",
                    count,
                )
                % {"count": count}
            )
        for row in imported.differing:
            self.stdout.write(
                _("  Linje %(line)d, %(theme)s: trykt %(printed)d, summen er %(summed)d")
                % {"line": row.line, "theme": row.name, "printed": row.printed_total, "summed": row.summed}
            )
