from __future__ import annotations

from datetime import timedelta

import pytest
from django.contrib.sessions.backends.db import SessionStore
from django.contrib.sessions.models import Session
from django.core.management import call_command
from django.utils import timezone

pytestmark = pytest.mark.django_db


def session_until(expires_in: timedelta) -> str:
    session = SessionStore()
    session["recent_contacts"] = [1]
    session.save()
    Session.objects.filter(pk=session.session_key).update(expire_date=timezone.now() + expires_in)
    return str(session.session_key)


def test_session_that_is_over_is_removed_and_a_living_one_stays(capsys: pytest.CaptureFixture[str]) -> None:
    session_until(-timedelta(seconds=1))
    living = session_until(timedelta(hours=1))

    call_command("housekeeping")
    call_command("housekeeping")

    assert list(Session.objects.values_list("pk", flat=True)) == [living]
    assert "destroyed 0 stray keys" in capsys.readouterr().out
