from __future__ import annotations

import tempfile
from collections.abc import Callable
from pathlib import Path

from django.core.exceptions import ImproperlyConfigured
from django.core.management import call_command
from django.db import connection, connections
from django.utils import timezone

from chatline.backups.archive import check_whole, extract_database, read_manifest
from chatline.backups.making import engine, size
from chatline.backups.manifest import Manifest, unknown_migrations
from chatline.backups.problem import BackupProblem
from counsellor.models import SecondFactor
from intake.rules.restoration import Settled, settle_restored
from intake.sealing.cipher import SealBroken
from intake.sealing.models import SealKey
from intake.sealing.router import ALIAS as KEYS

Say = Callable[[str], None]

COUNTED = {
    "intake_helpline": "helplines",
    "counsellor_counsellor": "staff accounts",
    "stats_contact": "contacts",
    "intake_pendingcontact": "conversations to register",
    "intake_conversation": "conversations",
}


def inspect_backup(path: Path) -> Manifest:
    """What it says of itself. Raises `BackupProblem` when it is damaged, newer, or for another kind of database."""
    manifest = read_manifest(path)
    if unknown := unknown_migrations(manifest):
        app, name = unknown[0]
        raise BackupProblem(
            f"This backup was made by a newer Chatline ({manifest.chatline}, with {app}.{name}). "
            "Install that version first."
        )
    if manifest.engine != connection.vendor:
        raise BackupProblem(
            f"This backup is of {manifest.engine}, and DATABASE_URL names a database of {connection.vendor}."
        )
    check_whole(path, manifest)
    return manifest


def contents() -> dict[str, int]:
    """What is in the database now, by its name; empty when nobody has used it."""
    with connection.cursor() as cursor:
        there = set(connection.introspection.table_names(cursor))
        found = {}
        for table, name in COUNTED.items():
            if table in there:
                cursor.execute(f'SELECT count(*) FROM "{table}"')  # noqa: S608 - names of our own models
                if count := cursor.fetchone()[0]:
                    found[name] = count
    return found


def keys_there() -> int:
    """How many keys of conversations the key store holds now."""
    with connections[KEYS].cursor() as cursor:
        there = connections[KEYS].introspection.table_names(cursor)
    return SealKey.objects.count() if SealKey._meta.db_table in there else 0


def counted(manifest: Manifest) -> dict[str, int]:
    """The same of a backup."""
    return {name: count for table, name in COUNTED.items() if (count := manifest.tables.get(table, 0))}


def restore_backup(path: Path, manifest: Manifest, *, say: Say) -> Settled:
    """Put the backup in the database's place, bring it up to this version, and settle it with the key store.

    Each step may be cut short: before the second nothing has changed, and afterwards running it again does it all anew.
    """
    engine().wait_until_alone()
    with tempfile.TemporaryDirectory(prefix="chatline-restore-") as name:
        dump = Path(name) / "database"
        say(f"1 of 4. Unpacking {size(manifest.bytes)} ...")
        extract_database(path, dump)
        say("2 of 4. Putting it in the database's place, with a new epoch for every conversation ...")
        engine().restore_database(dump, tables=manifest.tables)
    say("3 of 4. Bringing it up to this version ...")
    for alias in connections:
        call_command("migrate", database=alias, interactive=False, verbosity=0)
    say("4 of 4. Comparing with the key store ...")
    return settle_restored(now=timezone.now())


def lost_second_factors() -> int:
    """How many second factors cannot be read: the master key is another than when they were sealed."""
    lost = 0
    for factor in SecondFactor.objects.all():
        try:
            factor.seed  # noqa: B018 - opens it
        except (SealBroken, ImproperlyConfigured):
            lost += 1
    return lost
