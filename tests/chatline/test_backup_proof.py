"""What is looked for in a finished backup is found, wherever and however it lies there."""

from __future__ import annotations

import base64
import hashlib
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from chatline.backups.archive import PART_BYTES, write_archive
from chatline.backups.manifest import FORMAT, Manifest, key_store_tables
from chatline.backups.problem import BackupProblem
from chatline.backups.proof import prove_without_keys

SECRETS = [hashlib.sha512(bytes([number])).digest() for number in range(200)]
FILLING = os.urandom(PART_BYTES)


def backup_of(folder: Path, content: bytes) -> Path:
    database, path = folder / "database", folder / "archive"
    database.write_bytes(content)
    manifest = Manifest(FORMAT, "0", "here", "2026-01-01T00:00Z", "sqlite", [], {}, [], len(content), "")
    write_archive(path, manifest=manifest, database=database)
    return path


@pytest.mark.parametrize(
    "written",
    [bytes, lambda secret: secret.hex().encode(), lambda secret: secret.hex().upper().encode(), base64.b64encode],
)
@pytest.mark.parametrize("at", [0, PART_BYTES - 5])
def test_secret_in_a_backup_is_found(tmp_path: Path, written: Callable[[bytes], bytes], at: int) -> None:
    content = FILLING[:at] + written(SECRETS[-1]) + FILLING[:100]

    with pytest.raises(BackupProblem):
        prove_without_keys(backup_of(tmp_path, content), tables=[], material=SECRETS)


def test_secret_at_the_very_end_is_found(tmp_path: Path) -> None:
    with pytest.raises(BackupProblem):
        prove_without_keys(backup_of(tmp_path, FILLING + SECRETS[7]), tables=[], material=SECRETS)


def test_name_of_a_table_of_the_key_store_is_found(tmp_path: Path) -> None:
    content = FILLING + key_store_tables()[0].encode()

    with pytest.raises(BackupProblem):
        prove_without_keys(backup_of(tmp_path, content), tables=[], material=[])


def test_backup_without_secrets_passes(tmp_path: Path) -> None:
    # The beginning of a secret is none.
    content = FILLING + b"".join(secret[:24] for secret in SECRETS)

    assert prove_without_keys(backup_of(tmp_path, content), tables=["intake_message"], material=SECRETS) == 200
