"""Backup of real installations: nothing of the key store gets out, and a file that is not whole is refused."""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import os
import stat
import subprocess
import sys
import tarfile
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from django.db import connection

from chatline.backups.archive import write_archive
from chatline.backups.manifest import FORMAT, Manifest
from chatline.backups.postgres import find_program
from chatline.backups.problem import BackupProblem
from chatline.backups.restoring import inspect_backup
from scripts.machine import ROOT
from tests.conftest import MakeDemo
from tests.project.demos import (
    SETTINGS,
    ask,
    back_up,
    file,
    installation,
    refusal,
    restore,
    sqlite_demo,
    web,
    wrapped_keys,
)
from tests.project.leak_places import backup_contents
from tests.project.leak_scan import find_leaks, marked_secret
from tests.tab import open_conversation, say
from tests.web import Installation, Web

pytestmark = [pytest.mark.once, pytest.mark.processes]

__all__ = ["file", "installation", "sqlite_demo", "web"]  # fixtures that are shared with the tests of restoring


# -- what is in a backup ------------------------------------------------------------------------------------


def test_backup_holds_the_conversations_and_none_of_their_keys(
    installation: Installation, web: Web, file: Path
) -> None:
    token = open_conversation(web.address)
    say(web.address, token, "dette er forseglet")

    back_up(installation, file)

    (wrapped,) = wrapped_keys(installation)
    master = (installation.folder / "master_key").read_bytes()
    secrets = [marked_secret("key", wrapped), marked_secret("master key", bytes.fromhex(master.decode()))]
    contents = backup_contents(file)
    manifest = json.loads(contents["backup manifest.json"])
    assert find_leaks(contents, [*secrets, marked_secret("text", b"dette er forseglet")]) == []
    assert b"sealing_sealkey" not in contents["backup database"]
    assert (manifest["tables"]["intake_conversation"], manifest["tables"]["intake_message"]) == (1, 1)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert [path.name for path in file.parent.iterdir() if path.name.startswith(".backup")] == []


def test_key_or_its_table_in_a_backup_is_found(installation: Installation, file: Path) -> None:
    """The positive control of the test above, and of the command's own proof."""
    key = bytes(range(100, 160))
    binary = "decode('%s', 'hex')" if "DATABASE_URL" in installation.environment else "X'%s'"
    columns = "(subject_id, wrapped, created_at)"
    values = f"('{'0' * 31}1', {binary % key.hex()}, '2026-01-01 10:00:00')"
    ask(installation, f"INSERT INTO sealing_sealkey {columns} VALUES {values}", alias="keys")
    ask(installation, f"CREATE TABLE planted AS SELECT {binary % key.hex()} AS value")

    key_found = refusal(installation, "backup", str(file))
    ask(installation, "ALTER TABLE planted RENAME TO sealing_sealkey")
    table_found = refusal(installation, "backup", str(file))

    assert "holds a key" in key_found
    assert "sealing_sealkey" in table_found
    assert not file.exists()


def test_backup_goes_to_the_output_without_what_has_no_worth_later(installation: Installation, file: Path) -> None:
    ask(
        installation,
        "INSERT INTO django_session (session_key, session_data, expire_date)"
        " VALUES ('merketnoekkel', 'merketinnhold', '2099-01-01 00:00:00')",
    )

    command = [sys.executable, "manage.py", "backup", "-"]
    answer = subprocess.run(command, cwd=ROOT, env=installation.environment, capture_output=True, check=True)

    file.write_bytes(answer.stdout)
    contents = backup_contents(file)
    marks = [marked_secret("session", b"merketnoekkel"), marked_secret("data", b"merketinnhold")]
    assert list(contents) == ["backup manifest.json", "backup database"]
    assert find_leaks(contents, marks) == []
    assert json.loads(contents["backup manifest.json"])["tables"]["django_session"] == 0
    assert b"None of" in answer.stderr


def test_backup_without_conversations_keeps_what_is_to_be_registered(installation: Installation, file: Path) -> None:
    (helpline,) = ask(installation, "SELECT id FROM intake_helpline ORDER BY id LIMIT 1")[0]
    columns = "id, public_id, helpline_id, state, token_hash, epoch, language, head, created_at, claimed_at, ended_at"
    values = (
        f"77, '00000000000000000000000000000001', {helpline}, 'ended', '{'x' * 32}', 1, 'nb', 0,"
        " '2026-01-01 10:00:00', '2026-01-01 10:05:00', '2026-01-01 11:00:00'"
    )
    ask(
        installation,
        f"INSERT INTO intake_conversation ({columns}, end_reason, last_activity_at, visitor_seen_at)"
        f" VALUES ({values}, 'visitor', '2026-01-01 11:00:00', '2026-01-01 11:00:00')",
    )
    ask(
        installation,
        "INSERT INTO intake_pendingcontact (conversation_id, helpline_id, started_at, duration_minutes,"
        " waiting_minutes, language, ended_on)"
        f" VALUES (77, {helpline}, '2026-01-01 10:00:00', 55, 5, 'nb', '2026-01-01')",
    )

    back_up(installation, file, "--without-conversations")
    said = restore(installation, file)

    assert "made without conversations" in said
    assert ask(installation, "SELECT count(*) FROM intake_conversation")[0][0] == 0
    assert ask(installation, "SELECT conversation_id, duration_minutes FROM intake_pendingcontact") == [(None, 55)]


# -- which file is taken -----------------------------------------------------------------------------------


@pytest.fixture
def small(file: Path, tmp_path: Path) -> Path:
    """A whole backup of something small, of the kind of database that the tests run on."""
    database = tmp_path / "database"
    database.write_bytes(os.urandom(100_000))
    manifest = Manifest(
        format=FORMAT,
        chatline="0.1.0",
        installation="localhost",
        made_at="2026-01-01T10:00Z",
        engine=connection.vendor,
        migrations=[("intake", "0001_initial")],
        tables={},
        left_out=[],
        bytes=100_000,
        sha256=hashlib.sha256(database.read_bytes()).hexdigest(),
    )
    write_archive(file, manifest=manifest, database=database)
    return file


def test_whole_backup_is_taken(small: Path) -> None:
    assert inspect_backup(small).installation == "localhost"


@pytest.mark.parametrize("kind", ["cut", "bit", "turned", "empty", "other"])
def test_damaged_backup_is_refused(small: Path, kind: str) -> None:
    whole = small.read_bytes()
    turned = bytearray(gzip.decompress(whole))
    turned[-20_000] ^= 1
    damaged = {
        "cut": whole[: len(whole) // 2],
        "bit": whole[:5000] + bytes([whole[5000] ^ 1]) + whole[5001:],
        "turned": gzip.compress(bytes(turned)),
        "empty": b"",
        "other": b"PGDMP and something else",
    }
    small.write_bytes(damaged[kind])

    with pytest.raises(BackupProblem, match="damaged"):
        inspect_backup(small)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"format": 2}, "newer Chatline"),
        ({"migrations": [["intake", "9999_tomorrow"]], "chatline": "9.9"}, "newer Chatline .9.9, with intake.9999"),
        ({"engine": "oracle"}, "is of oracle"),
        ({"sha256": "0" * 64}, "damaged"),
    ],
)
def test_backup_that_does_not_fit_is_refused(small: Path, changes: dict[str, object], said: str) -> None:
    contents = backup_contents(small)
    described = json.dumps(json.loads(contents["backup manifest.json"]) | changes).encode()
    with tarfile.open(small, "w:gz") as tar:
        for name, data in (("manifest.json", described), ("database", contents["backup database"])):
            member = tarfile.TarInfo(name)
            member.size = len(data)
            tar.addfile(member, io.BytesIO(data))

    with pytest.raises(BackupProblem, match=said):
        inspect_backup(small)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [(["backup", "/nowhere/at/all"], "There is no folder"), (["restore", "/nowhere/at/all"], "There is no file")],
)
def test_what_is_not_there_is_said_plainly(arguments: list[str], said: str) -> None:
    with pytest.raises(CommandError, match=said):
        call_command(*arguments)


def test_dump_may_take_longer_than_a_page_may_be_idle(demo_on_postgres: MakeDemo, tmp_path: Path) -> None:
    slow = tmp_path / "bin" / "pg_dump"
    slow.parent.mkdir()
    slow.write_text(f'#!/bin/sh\nsleep 21\nexec {find_program("pg_dump")} "$@"\n')
    slow.chmod(0o755)
    installation = demo_on_postgres(tmp_path / "data", **SETTINGS)
    installation.environment["PATH"] = f"{slow.parent}{os.pathsep}{installation.environment['PATH']}"

    installation.manage("backup", str(tmp_path / "backup"))

    assert (tmp_path / "backup").stat().st_size > 0


def test_password_is_in_no_argument(demo_on_postgres: MakeDemo, tmp_path: Path) -> None:
    """Arguments can be read by everybody on the machine."""
    installation = demo_on_postgres(tmp_path / "data", **SETTINGS)
    code = (
        "import django; django.setup(); from chatline.backups import postgres; print(postgres._command('true', '-v'))"
    )
    password = installation.environment["DATABASE_URL"].split("@")[0].rpartition(":")[2]
    environment = {**installation.environment, "DJANGO_SETTINGS_MODULE": "chatline.settings"}
    answer = subprocess.run([sys.executable, "-c", code], cwd=ROOT, env=environment, capture_output=True, check=True)

    assert b"-h" in answer.stdout
    assert password.encode() not in answer.stdout.partition(b"]")[0]
