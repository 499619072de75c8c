"""A key that was destroyed is nowhere on the key store's disk: the server of docker-compose.yml, its files as bytes
(docs/privacy.md, "Keys live apart").
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import psycopg
import pytest

from scripts.machine import ROOT, Missing
from tests.conftest import lacking
from tests.project.demos import wrapped_keys
from tests.project.leak_places import compose_flags
from tests.servers import running_cluster
from tests.web import Installation

PART_BYTES = 16
"""Its beginning, its middle and its end are looked for: a page of the write-ahead log may end within a key."""
MAKE_KEYS = """import sys, uuid
import django; django.setup()
from datetime import timedelta
from django.utils import timezone
from intake.sealing.key_store import create_keys
create_keys([uuid.uuid4() for _ in range(3)], now=timezone.now() - timedelta(hours=float(sys.argv[1])))
"""

pytestmark = [pytest.mark.once, pytest.mark.processes]


@dataclass
class Store:
    """An installation, and the files of its key store."""

    installation: Installation
    url: str
    files: Path

    def make_keys(self, *, hours_ago: float) -> list[bytes]:
        before = wrapped_keys(self.installation)
        environment = {**self.installation.environment, "DJANGO_SETTINGS_MODULE": "chatline.settings"}
        run_python(MAKE_KEYS, str(hours_ago), environment=environment)
        return [key for key in wrapped_keys(self.installation) if key not in before]

    def tell(self, *statements: str) -> None:
        with psycopg.connect(self.url, autocommit=True) as server:
            for statement in statements:
                server.execute(statement)

    def places_of(self, keys: Sequence[bytes]) -> set[str]:
        """The folders, at the top of the server's own, that hold a part of one of them."""
        parts = [key[at : at + PART_BYTES] for key in keys for at in (0, len(key) // 2, len(key) - PART_BYTES)]
        found = set()
        for path in self.files.rglob("*"):
            # Files come and go while we look.
            with suppress(FileNotFoundError):
                if path.is_file() and any(part in content for content in [path.read_bytes()] for part in parts):
                    found.add(path.relative_to(self.files).parts[0])
        return found


def run_python(code: str, *arguments: str, environment: dict[str, str]) -> None:
    answer = subprocess.run(
        [sys.executable, "-c", code, *arguments], cwd=ROOT, env=environment, capture_output=True, text=True, check=False
    )
    assert answer.returncode == 0, answer.stderr


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    """The segments of its log are of 16 MB, as in a volume of an earlier release: what is harder to forget."""
    try:
        with running_cluster(durable=True, flags=compose_flags("key-store")) as cluster:
            url = cluster.new_databases().keys_database_url
            with psycopg.connect(url) as server:
                (folder,) = server.execute("SHOW data_directory").fetchone() or ()
            installation = Installation(tmp_path_factory.mktemp("installation"), {"KEYS_DATABASE_URL": url})
            yield Store(installation, url, Path(folder))
    except Missing as missing:
        lacking(missing)


def test_destroyed_key_is_in_no_file_after_housekeeping(store: Store) -> None:
    living = store.make_keys(hours_ago=0)
    stray = store.make_keys(hours_ago=2)
    # As an earlier release's server did by itself: up to a hundred keys stood in its catalogue.
    store.tell("ANALYZE", "CHECKPOINT")
    assert store.places_of(stray) == {"base", "pg_wal"}

    said = store.installation.manage("housekeeping")

    assert "destroyed 3 stray keys" in said
    assert sorted(wrapped_keys(store.installation)) == sorted(living)
    assert store.places_of(stray) == set()
    assert "base" in store.places_of(living), "the search looks where keys are"


def test_key_that_a_web_process_destroyed_is_in_no_file_after_housekeeping(store: Store) -> None:
    living, *destroyed = store.make_keys(hours_ago=0)
    store.tell(f"DELETE FROM sealing_sealkey WHERE wrapped <> '\\x{living.hex()}'", "VACUUM sealing_sealkey")
    store.tell("CHECKPOINT", "SELECT pg_switch_wal()", "CHECKPOINT")
    # VACUUM alone frees the place where they were, and leaves what is there.
    assert store.places_of(destroyed) == {"base"}

    store.installation.manage("housekeeping")

    assert store.places_of(destroyed) == set()
    assert wrapped_keys(store.installation) == [living]
