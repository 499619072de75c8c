"""Backup and restore of real installations: nothing of the key store gets out, nothing that was purged comes back."""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import os
import sqlite3
import stat
import subprocess
import sys
import tarfile
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from pathlib import Path
from typing import Any

import psycopg
import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from websockets.exceptions import ConnectionClosed

from chatline.backups.archive import write_archive
from chatline.backups.manifest import FORMAT, Manifest
from chatline.backups.problem import BackupProblem
from chatline.backups.restoring import inspect_backup
from scripts.machine import ROOT
from tests.conftest import MakeDemo
from tests.project.leak_places import backup_contents
from tests.project.leak_scan import find_leaks, marked_secret
from tests.tab import open_conversation, tab
from tests.web import Installation, Web

pytestmark = [pytest.mark.once, pytest.mark.processes]

Make = Callable[[Path], Installation]
SETTINGS = {"CHATLINE_DRAIN_SECONDS": "0.2", "REDIS_URL": ""}


@pytest.fixture(scope="module")
def sqlite_demo(tmp_path_factory: pytest.TempPathFactory) -> Installation:
    installation = Installation(tmp_path_factory.mktemp("demo"), SETTINGS)
    installation.manage("demo")
    return installation


@pytest.fixture(params=["sqlite", "postgresql"])
def installation(
    request: pytest.FixtureRequest, sqlite_demo: Installation, demo_on_postgres: MakeDemo, tmp_path: Path
) -> Installation:
    """The demo, in files or on PostgreSQL, for this test alone."""
    if request.param == "sqlite":
        return sqlite_demo.copied_to(tmp_path / "data", SETTINGS)
    return demo_on_postgres(tmp_path / "data", **SETTINGS)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "night.chatline"


def manage(
    installation: Installation, *arguments: str, typed: str = "", **settings: str
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "manage.py", *arguments],
        cwd=ROOT,
        env={**installation.environment, **settings},
        input=typed,
        capture_output=True,
        text=True,
        check=False,
    )


def back_up(installation: Installation, file: Path, *options: str) -> None:
    answer = manage(installation, "backup", str(file), *options)
    assert answer.returncode == 0, answer.stderr


def restore(installation: Installation, file: Path, *options: str, **settings: str) -> str:
    answer = manage(installation, "restore", str(file), "--replace", "--yes", *options, **settings)
    assert answer.returncode == 0, answer.stdout + answer.stderr
    return answer.stdout


def refusal(installation: Installation, *arguments: str, typed: str = "") -> str:
    answer = manage(installation, *arguments, typed=typed)
    assert answer.returncode != 0, answer.stdout
    return answer.stderr


def ask(installation: Installation, statement: str, *, alias: str = "default") -> list[Any]:
    """Rows of a statement; what it changes is committed."""
    url = installation.environment.get("KEYS_DATABASE_URL" if alias == "keys" else "DATABASE_URL")
    if url:
        with psycopg.connect(url) as server:
            cursor = server.execute(statement)
            return cursor.fetchall() if cursor.description else []
    path = installation.folder / ("keys.sqlite3" if alias == "keys" else "chatline.sqlite3")
    with closing(sqlite3.connect(path)) as database, database:
        return database.execute(statement).fetchall()


def wrapped_keys(installation: Installation) -> list[bytes]:
    return [bytes(wrapped) for (wrapped,) in ask(installation, "SELECT wrapped FROM sealing_sealkey", alias="keys")]


@pytest.fixture
def web(installation: Installation) -> Iterator[Web]:
    """One web process; a test may stop it and start it again."""
    with installation.running() as (process,):
        yield process


def say(web: Web, token: str, *bodies: str) -> list[str]:
    with tab(web.address, token) as visitor:
        ids = [visitor.write(body) for body in bodies]
        for origin_id in ids:
            visitor.wait_for("ack", origin_id=origin_id)
    return ids


def erase(web: Web, token: str) -> None:
    request = urllib.request.Request(
        f"{web.address}/foreldresupport/conversations/current/",
        method="DELETE",
        headers={"Authorization": f"Bearer {token}"},
    )
    with urllib.request.urlopen(request, timeout=10) as answer:
        assert answer.status == 204


def is_dead(web: Web, token: str) -> bool:
    with suppress(ConnectionClosed), tab(web.address, token):
        return False
    return True


# -- what is in a backup ------------------------------------------------------------------------------------


def test_backup_holds_the_conversations_and_none_of_their_keys(
    installation: Installation, web: Web, file: Path
) -> None:
    token = open_conversation(web.address)
    say(web, token, "dette er forseglet")

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


# -- the way back -------------------------------------------------------------------------------------------


def test_yesterdays_past_comes_back_with_another_epoch(installation: Installation, web: Web, file: Path) -> None:
    token, erased = open_conversation(web.address), open_conversation(web.address)
    say(web, token, "en", "to")
    say(web, erased, "slett meg")
    with tab(web.address, token) as visitor:
        epoch = visitor.welcome["epoch"]
    back_up(installation, file)
    (lost,) = say(web, token, "tre, etter sikkerhetskopien")
    erase(web, erased)
    later = open_conversation(web.address)
    web.stop()

    restore(installation, file)
    web.start()

    with tab(web.address, token, epoch=epoch, after=3) as visitor:
        gap = visitor.wait_for("gap")
        assert gap["epoch"] == visitor.welcome["epoch"] != epoch
        visitor.send(type="sync", after=0)
        visitor.wait_for("message", seq=2)
        assert visitor.bodies() == [(1, "en"), (2, "to")]
        visitor.send(type="message", origin_id=lost, body="tre, etter sikkerhetskopien")
        assert visitor.wait_for("ack", origin_id=lost)["seq"] == 3
    assert is_dead(web, erased)
    assert is_dead(web, later)
    assert len(wrapped_keys(installation)) == 1
    # Whoever still holds a number that was given out since, in whatever process, must not meet another there.
    open_conversation(web.address)
    assert ask(installation, "SELECT max(id) FROM intake_conversation")[0][0] > 1000


def test_restore_that_is_killed_in_the_middle_is_done_anew(installation: Installation, web: Web, file: Path) -> None:
    token = open_conversation(web.address)
    say(web, token, "en")
    back_up(installation, file)
    web.stop()
    for step in ("2 of 4", "3 of 4"):
        command = [sys.executable, "-u", "manage.py", "restore", str(file), "--replace", "--yes"]
        with subprocess.Popen(
            command, cwd=ROOT, env=installation.environment, stdout=subprocess.PIPE, text=True
        ) as process:
            for line in process.stdout or ():
                if line.startswith(step):
                    process.kill()
                    break
        assert ask(installation, "SELECT count(*) FROM intake_message") == [(1,)]

    restore(installation, file)
    web.start()

    with tab(web.address, token) as visitor:
        visitor.wait_for("message", seq=1)
        assert visitor.bodies() == [(1, "en")]


def test_lost_key_store_costs_the_open_conversations_alone(installation: Installation, web: Web, file: Path) -> None:
    open_conversation(web.address)
    back_up(installation, file)
    web.stop()
    contacts = ask(installation, "SELECT count(*) FROM stats_contact")
    ask(installation, "DELETE FROM sealing_sealkey", alias="keys")

    said = restore(installation, file)
    web.start()

    assert "1 conversations of the backup have no key any more" in said
    assert "second factors cannot be read" not in said
    assert ask(installation, "SELECT count(*) FROM stats_contact") == contacts
    say(web, open_conversation(web.address), "det går videre")


def test_older_backup_is_brought_up_to_this_version(installation: Installation, tmp_path: Path) -> None:
    installation.manage("migrate", "--no-input", "--verbosity", "0", "intake", "0001")
    folder = tmp_path / "backups"
    folder.mkdir()
    back_up(installation, folder)
    (written,) = folder.iterdir()
    (installation.folder / "master_key").write_text("0" * 64)

    said = restore(installation, written)

    assert written.name.startswith("localhost-20")
    assert ask(installation, "SELECT count(*) FROM intake_serviceclock") == [(0,)]
    assert "The master key is not the one of the backup" in said


# -- what is refused ----------------------------------------------------------------------------------------


def test_restore_is_refused_while_chatline_runs_and_over_what_nobody_named(
    installation: Installation, web: Web, file: Path
) -> None:
    token = open_conversation(web.address)
    back_up(installation, file)

    running = refusal(installation, "restore", str(file), "--replace", "--yes")
    alive = not is_dead(web, token)
    web.stop()
    without = refusal(installation, "restore", str(file))
    other_name = refusal(installation, "restore", str(file), "--replace", typed="chat.example.org\n")
    named = manage(installation, "restore", str(file), "--replace", typed="localhost\n")

    assert "first" in running
    assert alive
    assert "not empty: 2 helplines" in without
    assert "Nothing was changed" in other_name
    assert named.returncode == 0


def test_backup_of_another_installation_asks_for_the_name_whatever_was_said(
    installation: Installation, file: Path
) -> None:
    back_up(installation, file)
    installation.environment["CHATLINE_HOSTS"] = "chat.example.org,localhost"

    unnamed = manage(installation, "restore", str(file), "--replace", "--yes", typed="\n")
    named = manage(installation, "restore", str(file), "--replace", "--yes", typed="chat.example.org\n")

    assert "another installation: localhost" in unnamed.stdout
    assert (unnamed.returncode, named.returncode) == (1, 0)


def test_restore_to_an_empty_database_asks_before_keys_are_destroyed(
    installation: Installation, web: Web, file: Path
) -> None:
    """A wrong file, tried first, would cost what the right one could still have brought back."""
    back_up(installation, file)
    open_conversation(web.address)
    web.stop()
    if "DATABASE_URL" in installation.environment:
        ask(installation, "DROP SCHEMA public CASCADE; CREATE SCHEMA public")
    else:
        for path in installation.folder.glob("chatline.sqlite3*"):
            path.unlink()

    other_name = refusal(installation, "restore", str(file), typed="\n")
    kept = len(wrapped_keys(installation))
    named = manage(installation, "restore", str(file), typed="localhost\n")

    assert "Nothing was changed" in other_name
    assert "holds 1 keys" in named.stdout
    assert named.returncode == 0, named.stderr
    assert (kept, wrapped_keys(installation)) == (1, [])


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
