from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta

import pytest
from django.db import connection, connections, transaction
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from counsellor.models import Counsellor
from intake.models import Conversation, Helpline
from intake.rules import presence
from intake.rules.abandonment import close_abandoned
from intake.rules.lifecycle import end_conversation
from intake.rules.openings import open_conversation
from intake.rules.presence import (
    STAFF_GONE_SECONDS,
    available_staff,
    mark_staff_gone,
    mark_staff_present,
    mark_visitors_seen,
    set_available,
)

pytestmark = pytest.mark.django_db

NOW = timezone.now()
SECOND = timedelta(seconds=1)


def there(helpline: Helpline, *, now: object = NOW) -> int:
    return available_staff([helpline.pk], now=now).get(helpline.pk, 0)  # type: ignore[arg-type]


def test_open_desk_is_on_duty_until_it_is_silent(helpline: Helpline, counsellor: Counsellor) -> None:
    mark_staff_present(counsellor.pk, [helpline.pk], now=NOW)

    assert there(helpline) == 1
    assert there(helpline, now=NOW + timedelta(seconds=STAFF_GONE_SECONDS + 1)) == 0


def test_closed_desk_is_off_duty_at_once(helpline: Helpline, counsellor: Counsellor) -> None:
    mark_staff_present(counsellor.pk, [helpline.pk], now=NOW)

    mark_staff_gone(counsellor.pk, last_marked_at=NOW, now=NOW)

    assert there(helpline) == 0


def test_desk_that_moved_to_another_process_stays_on_duty(helpline: Helpline, counsellor: Counsellor) -> None:
    mark_staff_present(counsellor.pk, [helpline.pk], now=NOW)
    mark_staff_present(counsellor.pk, [helpline.pk], now=NOW + SECOND)

    mark_staff_gone(counsellor.pk, last_marked_at=NOW, now=NOW + 2 * SECOND)

    assert there(helpline) == 1


def test_her_own_switch_survives_a_reload(helpline: Helpline, counsellor: Counsellor) -> None:
    mark_staff_present(counsellor.pk, [helpline.pk], now=NOW)
    set_available(counsellor, helpline, available=False, now=NOW)

    mark_staff_gone(counsellor.pk, last_marked_at=NOW, now=NOW)
    mark_staff_present(counsellor.pk, [helpline.pk], now=NOW + SECOND)

    assert there(helpline, now=NOW + SECOND) == 0


def test_one_who_was_seen_by_a_clock_that_was_ahead_is_not_there(helpline: Helpline, counsellor: Counsellor) -> None:
    mark_staff_present(counsellor.pk, [helpline.pk], now=NOW + timedelta(days=1))

    assert there(helpline) == 0


def test_web_machine_whose_clock_is_behind_throws_nobody_out_of_the_queue(helpline: Helpline) -> None:
    minute = timedelta(minutes=1)
    opened_at = timezone.now() - 11 * minute
    there, gone = (open_conversation(helpline, language="nb", intro={}, now=opened_at).conversation for _ in range(2))

    mark_visitors_seen([there.pk], now=timezone.now() - 10 * minute)

    assert close_abandoned(now=timezone.now()) == [gone]


def test_mark_is_only_for_those_who_still_are_there(helpline: Helpline) -> None:
    opened_at = timezone.now() - timedelta(minutes=11)
    still, ended = (open_conversation(helpline, language="nb", intro={}, now=opened_at).conversation for _ in range(2))
    end_conversation(ended, reason=Conversation.EndReason.VISITOR, now=opened_at)

    mark_visitors_seen([still.pk, ended.pk], now=NOW)

    seen = dict(Conversation.objects.values_list("pk", "visitor_seen_at"))
    assert seen[ended.pk] == opened_at
    assert seen[still.pk] >= NOW


def test_marks_come_in_parts(helpline: Helpline, monkeypatch: pytest.MonkeyPatch) -> None:
    """A writer waits for the locks of one part at most."""
    monkeypatch.setattr(presence, "MARKED_TOGETHER", 2)
    opened_at = timezone.now() - timedelta(minutes=11)
    pks = [open_conversation(helpline, language="nb", intro={}, now=opened_at).conversation.pk for _ in range(5)]

    with CaptureQueriesContext(connection) as captured:
        mark_visitors_seen(pks, now=NOW)

    assert not Conversation.objects.filter(visitor_seen_at__lt=NOW)
    if connection.vendor == "sqlite":
        assert len(captured) == 3


@pytest.mark.django_db(transaction=True)
class TestOnPostgres:
    """What SQLite has no words for."""

    @pytest.fixture(autouse=True)
    def postgres(self, db: None) -> None:
        if connection.vendor != "postgresql":
            pytest.skip("SQLite locks no rows.")

    def test_mark_waits_for_no_writer(self, helpline: Helpline) -> None:
        held, free = (open_conversation(helpline, language="nb", intro={}, now=NOW).conversation for _ in range(2))
        later = NOW + timedelta(hours=1)

        with ThreadPoolExecutor(1) as elsewhere, transaction.atomic():
            Conversation.objects.select_for_update().get(pk=held.pk)
            elsewhere.submit(_mark_and_leave, [held.pk, free.pk], now=later).result(timeout=5)

        assert list(Conversation.objects.filter(visitor_seen_at=later)) == [free]

    def test_messages_after_a_mark_still_wait_for_the_disk(self, helpline: Helpline) -> None:
        conversation = open_conversation(helpline, language="nb", intro={}, now=NOW).conversation
        with connection.cursor() as cursor:
            cursor.execute("SET synchronous_commit TO on")

        mark_visitors_seen([conversation.pk], now=NOW)

        assert _synchronous_commit() == "on"
        with transaction.atomic():
            presence._mark_part([conversation.pk], now=NOW)
            assert _synchronous_commit() == "off"
        assert _synchronous_commit() == "on"
        connection.close()


def _mark_and_leave(pks: list[int], *, now: datetime) -> None:
    try:
        mark_visitors_seen(pks, now=now)
    finally:
        connections.close_all()


def _synchronous_commit() -> str:
    with connection.cursor() as cursor:
        cursor.execute("SHOW synchronous_commit")
        found: str = cursor.fetchone()[0]
        return found
