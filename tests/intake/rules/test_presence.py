from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from counsellor.models import Counsellor
from intake.models import Helpline
from intake.rules.abandonment import close_abandoned
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
