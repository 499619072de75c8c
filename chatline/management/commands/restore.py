from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from chatline.backups.manifest import Manifest, installation_name
from chatline.backups.problem import BackupProblem
from chatline.backups.restoring import (
    contents,
    counted,
    inspect_backup,
    keys_there,
    lost_second_factors,
    restore_backup,
)
from intake.rules.restoration import Settled


class Command(BaseCommand):
    help = "Put a backup in the database's place. Stop the web processes and housekeeping first."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", type=Path)
        parser.add_argument("--replace", action="store_true", help="what is in the database now goes")
        parser.add_argument("--yes", action="store_true", help="do not ask")

    def handle(self, *args: Any, file: Path, replace: bool, yes: bool, **options: Any) -> None:
        try:
            manifest = inspect_backup(file)
            self._introduce(manifest)
            self._agree(manifest, replace=replace, yes=yes)
            settled = restore_backup(file, manifest, say=self.stdout.write)
        except BackupProblem as problem:
            raise CommandError(str(problem)) from None
        except OSError as problem:
            raise CommandError(
                f"The restore stopped: {problem.strerror}. Mend that, and give the same command."
            ) from None
        self._close(manifest, settled)

    def _introduce(self, manifest: Manifest) -> None:
        self.stdout.write(
            f"A backup of {manifest.installation}, made {manifest.made_at} by Chatline {manifest.chatline}: "
            f"{_listed(counted(manifest)) or 'nothing but tables'}."
        )
        if not manifest.has_conversations:
            self.stdout.write("It was made without conversations: those that are open now will be lost.")

    def _agree(self, manifest: Manifest, *, replace: bool, yes: bool) -> None:
        now, keys = contents(), keys_there()
        if now and not replace:
            raise CommandError(f"The database is not empty: {_listed(now)}. To replace all of it: --replace")
        if now:
            self.stdout.write(
                f"All of this goes: {_listed(now)}. What was written, registered or set up since the backup is lost, "
                "and the keys of conversations that began since are destroyed."
            )
        elif keys:
            self.stdout.write(
                f"The key store holds {keys} keys. Those of conversations that are not in this backup are destroyed: "
                "if there is a newer backup, restore that one."
            )
        else:
            return
        name = installation_name()
        if manifest.installation != name:
            self.stdout.write(f"This is a backup of another installation: {manifest.installation}, and this is {name}.")
        elif yes:
            return
        self.stdout.write(f"Type {name} to go on: ")
        if sys.stdin.readline().strip() != name:
            raise CommandError("That is not its name. Nothing was changed.")

    def _close(self, manifest: Manifest, settled: Settled) -> None:
        say = self.stdout.write
        say(f"Restored to what it was {manifest.made_at}. Conversations that go on: {settled.kept}.")
        if settled.removed:
            say(
                f"{settled.removed} conversations of the backup have no key any more: they were purged or erased "
                "since, or the key store was lost. They do not come back."
            )
        if settled.keys:
            say(f"{settled.keys} keys belonged to no conversation any more and were destroyed.")
        say("Staff sign in again. Pages of visitors that are open drop what they show and fetch it anew.")
        say("Accounts and passwords are those of the backup: who has left since can sign in again. Look at them first.")
        say(
            "What was registered since the backup is gone from the statistics. Of conversations that had begun before, "
            "it waits to be registered again."
        )
        if lost := lost_second_factors():
            say(
                f"The master key is not the one of the backup: {lost} second factors cannot be read, and no open "
                "conversation either. Put the old master key file back and restore again; if it is lost, remove the "
                "second factors in the administration, so that staff enrol anew."
            )
        say("Now start the web processes and housekeeping.")


def _listed(counts: dict[str, int]) -> str:
    return ", ".join(f"{count} {name}" for name, count in counts.items())
