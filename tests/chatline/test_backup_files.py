"""Whose fault it is when a backup cannot be unpacked: the file's, or the disk's that is to take it."""

from __future__ import annotations

import os
import resource
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from chatline.backups.archive import extract_database, write_archive
from chatline.backups.manifest import FORMAT, Manifest, chatline_version
from chatline.backups.problem import BackupProblem
from scripts.machine import ROOT
from tests.web import Installation

pytestmark = pytest.mark.once

BYTES = 3_000_000


@pytest.fixture
def file(tmp_path: Path) -> Path:
    database, file = tmp_path / "database", tmp_path / "night.chatline"
    database.write_bytes(os.urandom(BYTES))
    manifest = Manifest(FORMAT, "0.1.0", "localhost", "2026-01-01T10:00Z", "sqlite", [], {}, [], BYTES, "")
    write_archive(file, manifest=manifest, database=database)
    return file


@contextmanager
def files_of_at_most(size: int) -> Iterator[None]:
    """To a process a disk without room: writing on is refused."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def test_backup_is_unpacked_whole_and_for_its_owner_alone(file: Path, tmp_path: Path) -> None:
    extract_database(file, tmp_path / "unpacked")

    assert (tmp_path / "unpacked").read_bytes() == (tmp_path / "database").read_bytes()
    assert (tmp_path / "unpacked").stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("room", [0, BYTES // 2, BYTES - 1])
def test_disk_without_room_is_named_and_not_the_backup(file: Path, tmp_path: Path, room: int) -> None:
    with files_of_at_most(room), pytest.raises(BackupProblem) as problem:
        extract_database(file, tmp_path / "unpacked")

    assert str(problem.value) == f"The backup cannot be unpacked in {tmp_path}: File too large."


def test_backup_that_is_cut_is_named_and_not_the_disk(file: Path, tmp_path: Path) -> None:
    file.write_bytes(file.read_bytes()[: BYTES // 2])

    with pytest.raises(BackupProblem, match=r"night.chatline is damaged"):
        extract_database(file, tmp_path / "unpacked")


@pytest.mark.processes
def test_restore_without_a_place_to_unpack_says_so_plainly(tmp_path: Path) -> None:
    installation, file = Installation(tmp_path / "data"), tmp_path / "night.chatline"
    installation.manage("backup", str(file))
    arguments = ["manage.py", "restore", str(file), "--replace", "--yes"]
    code = (
        "import tempfile; tempfile.tempdir = '/nowhere/at/all';"
        f"from django.core.management import execute_from_command_line; execute_from_command_line({arguments})"
    )
    environment = {**installation.environment, "DJANGO_SETTINGS_MODULE": "chatline.settings"}

    answer = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, env=environment, capture_output=True, text=True, check=False
    )

    assert answer.returncode == 1
    assert answer.stderr == (
        "CommandError: The restore stopped: No such file or directory. Mend that, and give the same command.\n"
    )


@pytest.mark.processes
def test_backup_removes_what_killed_ones_have_left_a_day_ago(tmp_path: Path) -> None:
    installation, backups = Installation(tmp_path / "data"), tmp_path / "backups"
    left, running, own = (backups / name for name in (".backup-killed", ".backup-running", "my-copies"))
    for folder in (left, running, own):
        folder.mkdir(parents=True)
        (folder / "database").write_text("a copy that nobody has proved")
    (backups / ".backup-link").symlink_to(own)
    just_before_a_day, more_than_a_day = (time.time() - 3600 * hours for hours in (23.5, 24.5))
    os.utime(running, times=(just_before_a_day, just_before_a_day))
    for old in (left, own):
        os.utime(old, times=(more_than_a_day, more_than_a_day))

    installation.manage("backup", str(backups / "night.chatline"))

    assert sorted(path.name for path in backups.iterdir()) == [
        ".backup-link", ".backup-running", "my-copies", "night.chatline",
    ]  # fmt: skip
    assert (own / "database").exists()


def test_version_is_the_project_s() -> None:
    assert f'\nversion = "{chatline_version()}"\n' in (ROOT / "pyproject.toml").read_text()
