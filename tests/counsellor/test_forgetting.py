from __future__ import annotations

import io
from datetime import timedelta

import pytest
from axes.models import AccessAttempt
from django.core.management import call_command
from django.utils import timezone

from counsellor.models import AuditEntry, Counsellor, SecondFactor
from counsellor.rules.audit import ACTION_DAYS, CONVERSATION_DAYS, record_action

pytestmark = pytest.mark.django_db

Action = AuditEntry.Action
NOW = timezone.now()


def test_who_took_which_conversation_is_forgotten_before_the_rest(counsellor: Counsellor) -> None:
    for days in (CONVERSATION_DAYS - 1, CONVERSATION_DAYS + 1, ACTION_DAYS + 1):
        for action in (Action.CLAIMED, Action.SIGNED_IN):
            record_action(action, actor=counsellor, now=NOW - timedelta(days=days))

    call_command("housekeeping", stdout=io.StringIO())

    kept = sorted((str(entry.action), (NOW - entry.at).days) for entry in AuditEntry.objects.all())
    assert kept == [
        ("claimed", CONVERSATION_DAYS - 1),
        ("signed_in", CONVERSATION_DAYS - 1),
        ("signed_in", CONVERSATION_DAYS + 1),
    ]


def test_wrong_tries_are_forgotten_with_their_pseudonym() -> None:
    for hours in (1, 25):
        attempt = AccessAttempt.objects.create(ip_address="fd00::1", failures_since_start=1)
        AccessAttempt.objects.filter(pk=attempt.pk).update(attempt_time=NOW - timedelta(hours=hours))

    call_command("housekeeping", stdout=io.StringIO())

    assert AccessAttempt.objects.count() == 1


def test_wrong_try_of_a_clock_that_was_ahead_locks_nobody_out() -> None:
    attempt = AccessAttempt.objects.create(ip_address="fd00::1", failures_since_start=100)
    AccessAttempt.objects.filter(pk=attempt.pk).update(attempt_time=NOW + timedelta(days=1))

    call_command("housekeeping", stdout=io.StringIO())

    assert not AccessAttempt.objects.exists()


def test_wrong_code_of_a_clock_that_was_ahead_is_not_waited_for(counsellor: Counsellor) -> None:
    factor = SecondFactor.objects.get(user=counsellor)
    factor.throttling_failure_count = 20
    factor.throttling_failure_timestamp = NOW
    waits = factor.waits_until()
    factor.throttling_failure_timestamp = NOW + timedelta(days=1)

    assert waits is not None
    assert factor.waits_until() is None
