from __future__ import annotations

import stat
import uuid
from pathlib import Path

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.db import connections
from django.utils import timezone

from intake.sealing.key_store import KeyDestroyed, cache, create_keys, destroy_keys, open_key
from intake.sealing.master_key import create_master_key, open_secret, seal_secret
from intake.sealing.models import SealKey
from intake.sealing.salt import destroy_old_salts, salt_of

pytestmark = pytest.mark.django_db

PLACE = b"here"


def test_key_opens_what_it_sealed_also_from_the_store() -> None:
    subject = uuid.uuid4()
    sealed = create_keys([subject], now=timezone.now())[subject].seal(b"hei", place=PLACE)
    cache.clear()

    assert open_key(subject).open(sealed, place=PLACE) == b"hei"


def test_destroyed_key_is_gone_from_memory_and_store() -> None:
    subject = uuid.uuid4()
    create_keys([subject], now=timezone.now())

    assert destroy_keys([subject]) == 1
    assert destroy_keys([subject]) == 0
    with pytest.raises(KeyDestroyed):
        open_key(subject)


def test_stored_key_is_wrapped(settings: object) -> None:
    subject = uuid.uuid4()
    cipher = create_keys([subject], now=timezone.now())[subject]
    sealed = cipher.seal(b"hei", place=PLACE)

    from intake.sealing.cipher import Cipher, SealBroken

    wrapped = bytes(SealKey.objects.get(subject_id=subject).wrapped)
    with pytest.raises(SealBroken):
        Cipher(wrapped[:32]).open(sealed, place=PLACE)


def test_key_of_another_subject_cannot_be_put_in_its_place() -> None:
    mine, other = uuid.uuid4(), uuid.uuid4()
    create_keys([mine], now=timezone.now())
    create_keys([other], now=timezone.now())
    SealKey.objects.filter(subject_id=mine).update(wrapped=SealKey.objects.get(subject_id=other).wrapped)
    cache.clear()

    with pytest.raises(KeyDestroyed):
        open_key(mine)


def test_keys_live_in_their_own_database_only() -> None:
    tables = {alias: set(connections[alias].introspection.table_names()) for alias in ("default", "keys")}

    assert "sealing_sealkey" in tables["keys"]
    assert "sealing_sealkey" not in tables["default"]
    assert not any(name.startswith(("intake_", "counsellor_", "stats_", "django_session")) for name in tables["keys"])


def test_key_store_in_a_file_leaves_no_log_of_destroyed_keys() -> None:
    connection = connections["keys"]
    if connection.vendor != "sqlite":
        pytest.skip("The key store is PostgreSQL in this pass.")
    with connection.cursor() as cursor:
        modes = [cursor.execute(f"PRAGMA {name}").fetchone()[0] for name in ("journal_mode", "secure_delete")]

    assert modes == ["delete", 1]


def test_master_key_is_made_once_and_for_its_owner_alone(tmp_path: Path) -> None:
    path = tmp_path / "keys" / "master"

    assert create_master_key(path)
    first = path.read_text()
    assert not create_master_key(path)
    assert path.read_text() == first
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


@pytest.mark.parametrize("content", [None, "", "not hexadecimal", "00" * 31])
def test_bad_master_key_is_said_plainly(tmp_path: Path, settings: object, content: str | None) -> None:
    path = tmp_path / "master"
    if content is not None:
        path.write_text(content)
    settings.MASTER_KEY_FILE = path  # type: ignore[attr-defined]

    with pytest.raises(ImproperlyConfigured, match="master key"):
        seal_secret(b"x", purpose="test", place=PLACE)


def test_secret_opens_for_its_purpose_alone() -> None:
    from intake.sealing.cipher import SealBroken

    sealed = seal_secret(b"seed", purpose="second factor", place=PLACE)

    assert open_secret(sealed, purpose="second factor", place=PLACE) == b"seed"
    with pytest.raises(SealBroken):
        open_secret(sealed, purpose="something else", place=PLACE)


def test_salt_stays_for_its_day_and_goes_with_it() -> None:
    today = timezone.now().date()
    first = salt_of(today)

    assert salt_of(today) == first
    assert destroy_old_salts(today=today) == 0
    from datetime import timedelta

    assert destroy_old_salts(today=today + timedelta(days=1)) == 1
    assert salt_of(today) != first
