"""Restore of real installations: what was goes on, and nothing that was purged comes back."""

from __future__ import annotations

import subprocess
import sys
import urllib.request
from contextlib import suppress
from pathlib import Path

import pytest
from websockets.exceptions import ConnectionClosed

from scripts.machine import ROOT
from tests.project.demos import (
    ask,
    back_up,
    file,
    installation,
    manage,
    refusal,
    restore,
    sqlite_demo,
    web,
    wrapped_keys,
)
from tests.tab import open_conversation, say, tab
from tests.web import Installation, Web

pytestmark = [pytest.mark.once, pytest.mark.processes]

__all__ = ["file", "installation", "sqlite_demo", "web"]  # fixtures that are shared with the tests of backups


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


# -- the way back -------------------------------------------------------------------------------------------


def test_yesterdays_past_comes_back_with_another_epoch(installation: Installation, web: Web, file: Path) -> None:
    token, erased = open_conversation(web.address), open_conversation(web.address)
    say(web.address, token, "en", "to")
    say(web.address, erased, "slett meg")
    with tab(web.address, token) as visitor:
        epoch = visitor.welcome["epoch"]
    back_up(installation, file)
    (lost,) = say(web.address, token, "tre, etter sikkerhetskopien")
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
    say(web.address, token, "en")
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
    say(web.address, open_conversation(web.address), "det går videre")


def test_older_backup_is_brought_up_to_this_version(installation: Installation, tmp_path: Path) -> None:
    installation.manage("migrate", "--no-input", "--verbosity", "0", "intake", "0001")
    folder = tmp_path / "backups"
    folder.mkdir()
    back_up(installation, folder)
    (written,) = folder.iterdir()
    (installation.folder / "master_key").write_text("0" * 64)

    said = restore(installation, written)

    assert written.name.startswith("localhost-20")
    assert ask(installation, "SELECT count(*) FROM intake_serviceclock") == [(1,)]  # from now on it is open
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
