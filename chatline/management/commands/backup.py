from __future__ import annotations

import shutil
import sys
import tempfile
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from chatline.backups.making import default_name, make_backup, size
from chatline.backups.problem import BackupProblem


class Command(BaseCommand):
    help = "Back up the database, and prove that no key is in the file. The key store and the master key never are."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("target", help="a file, a folder (the file is named after the time), or - for the output")
        parser.add_argument(
            "--without-conversations",
            action="store_true",
            help="leave out conversations too: for a copy that is kept for long, or elsewhere",
        )

    def handle(self, *args: Any, target: str, without_conversations: bool, **options: Any) -> None:
        try:
            if target == "-":
                self._write_out(conversations=not without_conversations)
                return
            path = Path(target) / default_name() if Path(target).is_dir() else Path(target)
            if not path.parent.is_dir():
                raise CommandError(f"There is no folder {path.parent}.")
            make_backup(path, conversations=not without_conversations, say=self._say)
        except BackupProblem as problem:
            raise CommandError(str(problem)) from None
        except OSError as problem:
            raise CommandError(f"{target} cannot be written: {problem.strerror}.") from None
        self._say(f"Wrote {path} ({size(path.stat().st_size)}).")

    def _write_out(self, *, conversations: bool) -> None:
        with tempfile.TemporaryDirectory(prefix="chatline-backup-") as folder:
            path = Path(folder) / "backup"
            make_backup(path, conversations=conversations, say=self._say)
            with path.open("rb") as content:
                shutil.copyfileobj(content, sys.stdout.buffer)
            sys.stdout.buffer.flush()

    def _say(self, sentence: str) -> None:
        """On the error channel: the output may be the backup itself."""
        self.stderr.write(sentence, str)
