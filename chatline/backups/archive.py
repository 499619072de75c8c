"""One file: a compressed tar with what the backup says of itself and the database's own file."""

from __future__ import annotations

import hashlib
import io
import tarfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

import msgspec

from chatline.backups.manifest import FORMAT, Manifest
from chatline.backups.problem import BackupProblem

MANIFEST, DATABASE = "manifest.json", "database"
PART_BYTES = 1 << 20


def digest_of(stream: IO[bytes]) -> str:
    digest = hashlib.sha256()
    while part := stream.read(PART_BYTES):
        digest.update(part)
    return digest.hexdigest()


def write_archive(target: Path, *, manifest: Manifest, database: Path) -> None:
    """Readable by its owner alone from its first byte."""
    target.touch(mode=0o600, exist_ok=False)
    described = msgspec.json.format(msgspec.json.encode(manifest))
    with target.open("wb") as file, tarfile.open(fileobj=file, mode="w:gz") as tar:
        tar.addfile(_member(MANIFEST, len(described)), io.BytesIO(described))
        with database.open("rb") as content:
            tar.addfile(_member(DATABASE, database.stat().st_size), content)


def _member(name: str, size: int) -> tarfile.TarInfo:
    member = tarfile.TarInfo(name)
    member.size, member.mode = size, 0o600
    return member


@contextmanager
def _reading(path: Path) -> Iterator[tarfile.TarFile]:
    """What is damaged anywhere says so in the same words."""
    try:
        with tarfile.open(path, mode="r:gz") as tar:
            yield tar
    except FileNotFoundError:
        raise BackupProblem(f"There is no file {path}.") from None
    except (tarfile.TarError, EOFError, zlib.error, OSError, KeyError, msgspec.MsgspecError) as problem:
        if isinstance(problem, OSError) and problem.errno:
            raise BackupProblem(f"{path} cannot be read: {problem.strerror}.") from None
        raise BackupProblem(f"{path} is damaged, or no backup of Chatline. Take another one.") from None


def read_manifest(path: Path) -> Manifest:
    """Raises `BackupProblem` for a file that is damaged, no backup, or of a newer kind."""
    with _reading(path) as tar:
        content = tar.extractfile(MANIFEST)
        if content is None:
            raise KeyError(MANIFEST)
        described = content.read()
        kind = msgspec.json.decode(described, type=dict[str, object]).get("format")
        if isinstance(kind, int) and kind > FORMAT:
            raise BackupProblem(f"{path} was made by a newer Chatline. Install that version first.")
        return msgspec.json.decode(described, type=Manifest)


@contextmanager
def reading_database(path: Path) -> Iterator[IO[bytes]]:
    with _reading(path) as tar:
        content = tar.extractfile(DATABASE)
        if content is None:
            raise KeyError(DATABASE)
        yield content


def check_whole(path: Path, manifest: Manifest) -> None:
    """Raises `BackupProblem` unless the database's file is the one that was written."""
    with reading_database(path) as content:
        if digest_of(content) != manifest.sha256:
            raise BackupProblem(f"{path} is damaged: its checksum does not match. Take another one.")


def _parts_of(path: Path) -> Iterator[bytes]:
    with reading_database(path) as content:
        while part := content.read(PART_BYTES):
            yield part


def extract_database(path: Path, target: Path) -> None:
    """Raises `BackupProblem`: for the file's own faults, and for a disk that does not take what is in it."""
    try:
        target.touch(mode=0o600, exist_ok=False)
        with target.open("wb") as file:
            file.writelines(_parts_of(path))
    except OSError as problem:
        raise BackupProblem(f"The backup cannot be unpacked in {target.parent}: {problem.strerror}.") from None
