"""SQLite's own backup, which copies a database while others write to it, and puts a copy in its place at once."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

from django.db import connection, connections

from chatline.backups.problem import BackupProblem
from intake.rules.restoration import NEW_EPOCHS, PENDING_WITHOUT_CONVERSATION, SEQUENCE_LEAP

LEAVE_SECONDS = 5.0


def database_file() -> Path:
    return Path(connection.settings_dict["NAME"])


def dump_database(target: Path, *, leave_out: Sequence[str]) -> dict[str, int]:
    """Write the copy; rows by table."""
    target.touch(mode=0o600)
    with closing(sqlite3.connect(database_file(), timeout=30)) as source, closing(sqlite3.connect(target)) as copy:
        source.backup(copy)
        # One file, and nothing left in its free pages.
        copy.executescript("PRAGMA journal_mode=DELETE; PRAGMA secure_delete=ON; PRAGMA foreign_keys=OFF;")
        for table in leave_out:
            if table in _tables(copy):
                copy.execute(f'DELETE FROM "{table}"')  # noqa: S608 - names of our own models
        copy.execute(PENDING_WITHOUT_CONVERSATION)
        copy.commit()
        copy.execute("VACUUM")
        return _count_rows(copy)


def _tables(database: sqlite3.Connection) -> list[str]:
    found = database.execute("SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'")
    return sorted(name for (name,) in found)


def _count_rows(database: sqlite3.Connection) -> dict[str, int]:
    counts = {}
    for table in _tables(database):
        (counts[table],) = database.execute(f'SELECT count(*) FROM "{table}"').fetchone()  # noqa: S608
    return counts


def tables_in(dump: Path) -> list[str]:
    with closing(sqlite3.connect(dump)) as database:
        return _tables(database)


def wait_until_alone() -> None:
    """Raises `BackupProblem` while anybody else has the database open."""
    with closing(_alone()):
        pass


def _alone() -> sqlite3.Connection:
    """The database, with nobody else connected and nobody let in."""
    connections.close_all()
    give_up_at = time.monotonic() + LEAVE_SECONDS
    while True:
        database = sqlite3.connect(database_file(), timeout=0.2, isolation_level=None)
        try:
            # Leaving the write-ahead log is allowed to the only connection there is.
            database.execute("PRAGMA locking_mode=EXCLUSIVE")
            database.execute("PRAGMA journal_mode=DELETE")
            database.execute("BEGIN EXCLUSIVE")
            database.execute("COMMIT")
        except sqlite3.OperationalError:
            database.close()
            if time.monotonic() > give_up_at:
                raise BackupProblem(
                    "Another process has the database open. Stop Chatline and its housekeeping first."
                ) from None
            time.sleep(0.1)
        else:
            return database


def restore_database(dump: Path, *, tables: dict[str, int]) -> None:
    """All or nothing: the copy is made ready beside the database, and then takes its place in one transaction."""
    with closing(sqlite3.connect(dump)) as copy:
        if _count_rows(copy) != tables:
            raise BackupProblem("The rows are not those that the backup counted. Nothing was changed.")
        copy.execute(NEW_EPOCHS["sqlite"])
        # Numbers given out after the backup was made are never given out again: somebody may still hold one.
        known = {name for (name,) in copy.execute("SELECT name FROM sqlite_sequence")}
        copy.execute("UPDATE sqlite_sequence SET seq = seq + ?", [SEQUENCE_LEAP])
        missing = [(table, SEQUENCE_LEAP) for table in ("intake_conversation", "intake_pendingcontact")]
        copy.executemany(
            "INSERT INTO sqlite_sequence (name, seq) VALUES (?, ?)", [row for row in missing if row[0] not in known]
        )
        copy.commit()
        with closing(_alone()) as live:
            copy.backup(live)
