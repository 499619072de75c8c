"""What the harness takes for shipped is what is shipped."""

from __future__ import annotations

import pytest
from django.conf import settings

from intake.sealing.key_store import CACHE_SECONDS
from tests.faults.kinds.database import EXIT_SECONDS
from tests.faults.kinds.key_store import KEYS_HELD_SECONDS
from tests.faults.stage import DRAIN_SECONDS, SHIPPED_DRAIN_SECONDS, SHIPPED_GRACE_SECONDS
from tests.project.production import compose

pytestmark = pytest.mark.once


def test_process_has_as_long_to_go_as_the_shipped_one_beside_its_drain() -> None:
    web = compose()["services"]["web-a"]

    assert web["stop_grace_period"] == f"{SHIPPED_GRACE_SECONDS:.0f}s"
    assert "CHATLINE_DRAIN_SECONDS" not in web["environment"]
    assert settings.DRAIN_SECONDS == SHIPPED_DRAIN_SECONDS
    assert EXIT_SECONDS - DRAIN_SECONDS == SHIPPED_GRACE_SECONDS - SHIPPED_DRAIN_SECONDS


def test_key_store_is_away_for_longer_than_a_key_is_held() -> None:
    assert KEYS_HELD_SECONDS == CACHE_SECONDS
