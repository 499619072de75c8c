"""The proof that a backup leaves the key store out: the finished file is read back and searched."""

from __future__ import annotations

import base64
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import IO

from chatline.backups.archive import PART_BYTES, reading_database
from chatline.backups.manifest import key_store_tables
from chatline.backups.problem import BackupProblem

NEEDLE_BYTES = 32
"""Of a longer secret its beginning is enough: it is random."""
HEAD_BYTES = 8
"""No needle is shorter."""


def prove_without_keys(path: Path, *, tables: Iterable[str], material: Iterable[bytes]) -> int:
    """How many secrets were looked for. Raises `BackupProblem` when a table or a secret of the key store is in it.

    `tables` are those in the database's file. A secret is looked for as bytes, in hexadecimal and in base64.
    """
    if found := sorted(set(tables) & set(key_store_tables())):
        raise BackupProblem(f"The key store is in the backup: {', '.join(found)}. The file was thrown away.")
    secrets = list(material)
    needles = [form for secret in secrets for form in _forms(secret)]
    needles += [name.encode() for name in key_store_tables()]
    holds = _search(needles)
    with reading_database(path) as content:
        if any(holds(part) for part in _overlapping(content, overlap=max(map(len, needles)))):
            raise BackupProblem("The backup holds a key or its table. The file was thrown away.")
    return len(secrets)


def _search(needles: Sequence[bytes]) -> Callable[[bytes], bool]:
    """Whether any of them is in a part. One walk for all, however many: thousands of keys may be open."""
    heads: defaultdict[bytes, list[bytes]] = defaultdict(list)
    for needle in needles:
        heads[needle[:HEAD_BYTES]].append(needle)

    def holds(part: bytes) -> bool:
        return any(
            part.startswith(tuple(heads[head]), at)
            for at in range(len(part) - HEAD_BYTES + 1)
            if (head := part[at : at + HEAD_BYTES]) in heads
        )

    return holds


def _forms(secret: bytes) -> list[bytes]:
    part = secret[:NEEDLE_BYTES]
    return [part, part.hex().encode(), part.hex().upper().encode(), base64.b64encode(part).rstrip(b"=")[:-1]]


def _overlapping(stream: IO[bytes], *, overlap: int) -> Iterator[bytes]:
    """The content in parts, each beginning with the end of the one before: nothing hides on a seam."""
    last = b""
    while part := stream.read(PART_BYTES):
        yield last + part
        last = (last + part)[-overlap:]
