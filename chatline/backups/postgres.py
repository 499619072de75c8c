"""PostgreSQL's own programs make the dump; a restore runs their script in one transaction: all or nothing."""

from __future__ import annotations

import io
import os
import re
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, BinaryIO, cast

from django.db import connection, transaction
from django.db.backends.postgresql.base import DatabaseWrapper
from django.db.backends.postgresql.client import DatabaseClient
from psycopg import sql

from chatline.backups.problem import BackupProblem
from intake.rules.restoration import NEW_EPOCHS, PENDING_WITHOUT_CONVERSATION, SEQUENCE_LEAP

LEAVE_SECONDS = 5.0
# Said by programs that are newer than the server.
NEWER_SETTINGS = ("SET transaction_timeout",)
DATA_LINE = re.compile(r"COPY .* FROM stdin;\n")


def find_program(name: str) -> str:
    """`name` on PATH, or where Debian hides it. Raises `BackupProblem`."""
    folders = sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
    path = os.pathsep.join([os.environ.get("PATH", os.defpath), *map(str, folders)])
    if found := shutil.which(name, path=path):
        return found
    raise BackupProblem(f"{name} is missing: apt install postgresql-client")


def _command(name: str, *arguments: str, connected: bool = True) -> tuple[list[str], dict[str, str]]:
    """The program with the database's address. The password goes by the environment: arguments can be seen by all."""
    if not connected:
        return [find_program(name), *arguments], dict(os.environ)
    command, own = DatabaseClient.settings_to_cmd_args_env(connection.settings_dict, list(arguments))
    return [find_program(name), *command[1:]], {**os.environ, **(own or {})}


MAY_BE_IDLE = "SET LOCAL idle_in_transaction_session_timeout = 0"
"""The transaction waits for a program that may take long; pages must not (`chatline/settings.py`)."""


def dump_database(target: Path, *, leave_out: Sequence[str]) -> dict[str, int]:
    """Write the dump; rows by table, counted in the very snapshot that was dumped."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        cursor.execute(MAY_BE_IDLE)
        cursor.execute("SELECT pg_export_snapshot()")
        options = [f"--snapshot={cursor.fetchone()[0]}", "--format=custom", f"--file={target}"]
        # Not compressed here but around: what is compressed cannot be searched for keys.
        options += ["--compress=0", "--no-owner", "--no-privileges"]
        options += [f"--exclude-table-data=*.{table}" for table in leave_out]
        counted = _count_rows(cursor, leave_out)
        command, environment = _command("pg_dump", *options)
        answer = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    if answer.returncode:
        raise BackupProblem(f"pg_dump failed: {_last_words(answer.stderr)}")
    return counted


def _count_rows(cursor: Any, leave_out: Sequence[str]) -> dict[str, int]:
    counted = {}
    for table in sorted(connection.introspection.table_names(cursor)):
        cursor.execute(sql.SQL("SELECT count(*) FROM {}").format(sql.Identifier(table)))
        counted[table] = 0 if table in leave_out else cursor.fetchone()[0]
    return counted


def _last_words(text: str) -> str:
    """The program's own complaint: it names places, never rows."""
    lines = [line for line in text.splitlines() if line.strip()]
    return lines[-1] if lines else "it does not say why."


def tables_in(dump: Path) -> list[str]:
    command, environment = _command("pg_restore", "--list", str(dump), connected=False)
    answer = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    if answer.returncode:
        raise BackupProblem(f"pg_restore failed: {_last_words(answer.stderr)}")
    return re.findall(r" TABLE (?:DATA )?\S+ (\S+) ", answer.stdout)


def wait_until_alone() -> None:
    """Raises `BackupProblem` while anybody else is connected: who lives through a restore mixes two pasts."""
    connection.close()
    # The pool keeps a connection of its own; from here on there is this one alone.
    cast(DatabaseWrapper, connection).close_pool()
    connection.settings_dict["OPTIONS"].pop("pool", None)
    give_up_at = time.monotonic() + LEAVE_SECONDS
    while others := _count_others():
        if time.monotonic() > give_up_at:
            raise BackupProblem(
                f"{others} other connections to the database are open. Stop the web processes and housekeeping first "
                "(docker-compose stop web-a web-b housekeeping)."
            )
        time.sleep(0.1)


def _count_others() -> int:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()"
            " AND pid <> pg_backend_pid() AND backend_type = 'client backend'"
        )
        found: int = cursor.fetchone()[0]
    return found


def restore_database(dump: Path, *, tables: dict[str, int]) -> None:
    """All or nothing: the old tables go, the backup's come, and every conversation has a new epoch, in one commit."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(MAY_BE_IDLE)
        _drop_tables(cursor)
        _run_script(cursor, _script(dump, "--section=pre-data", "--section=data"))
        cursor.execute("RESET search_path")
        cursor.execute(PENDING_WITHOUT_CONVERSATION)
        cursor.execute(NEW_EPOCHS["postgresql"])
        _run_script(cursor, _script(dump, "--section=post-data"))
        cursor.execute("RESET search_path")
        _leap(cursor)
        if _count_rows(cursor, ()) != tables:
            raise BackupProblem("The rows that arrived are not those that the backup counted. Nothing was changed.")
    connection.close()  # the script has set things for its session


def _drop_tables(cursor: Any) -> None:
    tables = connection.introspection.table_names(cursor)
    if tables:
        names = sql.SQL(", ").join(map(sql.Identifier, tables))
        cursor.execute(sql.SQL("DROP TABLE {} CASCADE").format(names))


def _script(dump: Path, *sections: str) -> Iterator[str]:
    """The script's lines, as pg_restore writes them."""
    options = [*sections, "--no-owner", "--no-privileges", "--file=-", str(dump)]
    command, environment = _command("pg_restore", *options, connected=False)
    with tempfile.TemporaryFile("w+") as complaint:
        with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=complaint) as process:
            yield from io.TextIOWrapper(cast(BinaryIO, process.stdout), encoding="utf-8", newline="\n")
        if process.returncode:
            complaint.seek(0)
            raise BackupProblem(f"pg_restore failed: {_last_words(complaint.read())} Nothing was changed.")


def _run_script(cursor: Any, lines: Iterator[str]) -> None:
    """Statement by statement, as psql would. Chatline's tables have no functions, so a line's last `;` ends one."""
    statement = ""
    for line in lines:
        if not statement and (not line.strip() or line.startswith(("--", "\\"))):
            continue  # comments, and words to psql itself
        if not statement and DATA_LINE.fullmatch(line):
            _copy(cursor, line, lines)
            continue
        statement += line
        if line.endswith(";\n"):
            if not statement.startswith(NEWER_SETTINGS):
                cursor.execute(statement)
            statement = ""


def _copy(cursor: Any, statement: str, lines: Iterable[str]) -> None:
    with cursor.copy(statement) as copy:
        for line in lines:
            if line == "\\.\n":
                return
            copy.write(line)
    raise BackupProblem("The backup ends in the middle of a table. Nothing was changed.")


def _leap(cursor: Any) -> None:
    """Numbers given out after the backup was made are never given out again: somebody may still hold one."""
    cursor.execute("SELECT schemaname, sequencename FROM pg_sequences WHERE data_type::text = 'bigint'")
    for schema, name in cursor.fetchall():
        sequence = sql.Identifier(schema, name)
        cursor.execute(
            sql.SQL("SELECT setval({}, last_value + %s) FROM {}").format(sql.Literal(f'"{schema}"."{name}"'), sequence),
            [SEQUENCE_LEAP],
        )
