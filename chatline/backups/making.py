from __future__ import annotations

import os
import shutil
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

from django.db import connection
from django.utils import timezone

from chatline.backups import postgres, sqlite
from chatline.backups.archive import check_whole, digest_of, read_manifest, write_archive
from chatline.backups.manifest import (
    FORMAT,
    Manifest,
    applied_migrations,
    chatline_version,
    installation_name,
    left_out_tables,
)
from chatline.backups.proof import prove_without_keys
from intake.sealing.material import key_material

Say = Callable[[str], None]

UNFINISHED = ".backup-"
UNFINISHED_HOURS = 24
"""No backup takes as long: what is older was left by one that was killed."""


def engine() -> ModuleType:
    """What dumps and restores this installation's kind of database."""
    return postgres if connection.vendor == "postgresql" else sqlite


def default_name() -> str:
    return f"{installation_name()}-{timezone.now():%Y%m%d-%H%M%S}.chatline"


def make_backup(target: Path, *, conversations: bool, say: Say) -> Manifest:
    """Write a backup of the database and prove that it holds no keys, before it gets its name.

    Readable by its owner alone; a file that was there is replaced when the new one is whole. Raises `BackupProblem`.
    """
    remove_unfinished(target.parent)
    with tempfile.TemporaryDirectory(prefix=UNFINISHED, dir=target.parent) as name:
        folder = Path(name)
        dump, part = folder / "database", folder / "archive"
        say("Copying the database ...")
        manifest = _describe(dump, conversations=conversations)
        say(f"{sum(manifest.tables.values())} rows of {len(manifest.tables)} tables, {size(manifest.bytes)}.")
        write_archive(part, manifest=manifest, database=dump)
        say("Reading the file back, and looking for keys in it ...")
        looked_for = check_backup(part, tables=engine().tables_in(dump))
        say(f"Whole. None of {looked_for} keys is in it, and no table of the key store.")
        _give_name(part, target)
    return manifest


def remove_unfinished(folder: Path) -> None:
    """Remove what backups that were killed have left: copies that nobody has proved to be without keys."""
    long_ago = time.time() - UNFINISHED_HOURS * 3600
    for left in folder.glob(f"{UNFINISHED}*"):
        if left.is_dir() and not left.is_symlink() and left.stat().st_mtime < long_ago:
            shutil.rmtree(left, ignore_errors=True)


def _describe(dump: Path, *, conversations: bool) -> Manifest:
    left_out = left_out_tables(conversations=conversations)
    migrations = applied_migrations()
    tables = engine().dump_database(dump, leave_out=left_out)
    with dump.open("rb") as content:
        digest = digest_of(content)
    return Manifest(
        format=FORMAT,
        chatline=chatline_version(),
        installation=installation_name(),
        made_at=f"{timezone.now():%Y-%m-%dT%H:%MZ}",
        engine=connection.vendor,
        migrations=migrations,
        tables=tables,
        left_out=left_out,
        bytes=dump.stat().st_size,
        sha256=digest,
    )


def check_backup(path: Path, *, tables: list[str]) -> int:
    """How many secrets were looked for in vain. Raises `BackupProblem`."""
    check_whole(path, read_manifest(path))
    return prove_without_keys(path, tables=tables, material=key_material())


def _give_name(part: Path, target: Path) -> None:
    """On the disk before it has its name: a power cut leaves the old backup or the new one, never half of it."""
    with part.open("rb") as written:
        os.fsync(written.fileno())
    part.replace(target)
    folder = os.open(target.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def size(count: int) -> str:
    return f"{count / 1_000_000:.1f} MB"
