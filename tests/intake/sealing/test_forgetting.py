"""What the key store destroyed goes off the disk, too, and nobody waits for it.

That it is gone from every file of the shipped server: tests/project/test_key_store_disk.py.
"""

from __future__ import annotations

import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from django.db import connections, transaction
from django.utils import timezone

from intake.sealing.key_store import REWRITE_MINUTES, Rewrite, create_keys, destroy_keys, forget_destroyed
from intake.sealing.models import SealKey
from intake.sealing.router import ALIAS

pytestmark = pytest.mark.django_db(transaction=True)

PATIENCE_SECONDS = 3.0


def tell(statement: str) -> object:
    with connections[ALIAS].cursor() as cursor:
        cursor.execute(statement)
        return cursor.fetchone()[0] if cursor.description else None


def table_file() -> object:
    """Another one after each rewrite."""
    return tell("SELECT pg_relation_filepath('sealing_sealkey')")


def destroy_one() -> None:
    """A key was made and destroyed, and the server has counted it."""
    subject = uuid.uuid4()
    create_keys([subject], now=timezone.now())
    tell("SELECT pg_stat_force_next_flush()")
    destroy_keys([subject])


@pytest.fixture
def postgres() -> None:
    if connections[ALIAS].vendor != "postgresql":
        pytest.skip("SQLite overwrites what it deletes.")


@contextmanager
def somebody_reading() -> Iterator[None]:
    """Another connection that has read a key and not yet ended its transaction."""
    other = connections.create_connection(ALIAS)
    try:
        other.set_autocommit(False)
        with other.cursor() as cursor:
            cursor.execute("SELECT count(*) FROM sealing_sealkey")
        yield
        other.rollback()
    finally:
        other.close()


def test_key_store_in_a_file_has_nothing_to_rewrite() -> None:
    if connections[ALIAS].vendor == "postgresql":
        pytest.skip("The key store is PostgreSQL in this pass.")

    assert forget_destroyed(None, at=0.0) is None


@pytest.mark.usefixtures("postgres")
class TestOnPostgres:
    def test_tables_are_written_anew_with_the_keys_that_live(self) -> None:
        living = uuid.uuid4()
        create_keys([living], now=timezone.now())
        destroy_one()
        before = table_file()

        assert forget_destroyed(None, at=0.0) is not None
        assert table_file() != before
        assert list(SealKey.objects.values_list("subject_id", flat=True)) == [living]

    def test_next_rewrite_waits_for_some_minutes_and_for_another_destroyed_key(self) -> None:
        soon, later = REWRITE_MINUTES * 60 - 1.0, REWRITE_MINUTES * 60 + 0.0
        destroy_one()
        first = forget_destroyed(None, at=0.0)
        file = table_file()

        assert forget_destroyed(first, at=later) is first
        destroy_one()
        assert forget_destroyed(first, at=soon) is first
        assert table_file() == file
        second = forget_destroyed(first, at=later)

        assert isinstance(first, Rewrite)
        assert second == Rewrite(first.destroyed + 1, later)
        assert table_file() != file

    def test_rewrite_gives_up_where_somebody_holds_the_table(self) -> None:
        destroy_one()
        file, began = table_file(), time.monotonic()

        with somebody_reading():
            assert forget_destroyed(None, at=0.0) is None
        assert time.monotonic() - began < PATIENCE_SECONDS
        assert table_file() == file
        assert forget_destroyed(None, at=0.0) is not None

    def test_limits_of_the_rewrite_are_not_those_of_what_comes_after(self) -> None:
        before = tell("SHOW lock_timeout"), tell("SHOW statement_timeout")

        with somebody_reading():
            forget_destroyed(None, at=0.0)
        given_up = tell("SHOW lock_timeout"), tell("SHOW statement_timeout")
        forget_destroyed(None, at=0.0)

        assert given_up == (tell("SHOW lock_timeout"), tell("SHOW statement_timeout")) == before

    def test_statistics_that_quote_keys_are_dropped_and_made_no_more(self) -> None:
        create_keys([uuid.uuid4() for _ in range(10)], now=timezone.now())
        tell("ALTER TABLE sealing_sealkey ALTER COLUMN wrapped SET STATISTICS 100")
        quoted = "SELECT count(*) FROM pg_stats WHERE tablename = 'sealing_sealkey' AND attname = 'wrapped'"
        tell("ANALYZE sealing_sealkey")
        assert tell(quoted) == 1, "what must be dropped is there"

        forget_destroyed(None, at=0.0)
        tell("ANALYZE sealing_sealkey")

        assert tell(quoted) == 0

    def test_transaction_is_left_alone(self) -> None:
        with transaction.atomic(using=ALIAS):
            assert forget_destroyed(None, at=0.0) is None
