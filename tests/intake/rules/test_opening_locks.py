from __future__ import annotations

import threading

import pytest
from django.db import connection, connections, transaction
from django.utils import timezone

from counsellor.models import Counsellor
from intake.models import Helpline
from intake.rules.openings import open_conversation
from intake.rules.presence import mark_staff_present

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "keys"])


def test_opening_keeps_nobody_waiting_who_points_to_the_helpline(helpline: Helpline, counsellor: Counsellor) -> None:
    if connection.vendor != "postgresql":
        pytest.skip("SQLite has one writer at a time")
    found: list[BaseException | None] = []

    def come_on_duty() -> None:
        try:
            with transaction.atomic(), connection.cursor() as cursor:
                cursor.execute("SET LOCAL lock_timeout = '5s'")
                mark_staff_present(counsellor.pk, [helpline.pk], now=timezone.now())
            found.append(None)
        except BaseException as error:  # noqa: BLE001 - the result of the trial
            found.append(error)
        finally:
            connections.close_all()

    with transaction.atomic():
        open_conversation(helpline, language="nb", intro={}, now=timezone.now())
        thread = threading.Thread(target=come_on_duty)
        thread.start()
        thread.join()

    assert found == [None]
