"""Two tabs, one conversation: the database decides who registered it."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
from django.db import connection

from intake.models import PendingContact
from stats.models import Contact, ContactTheme
from stats.rules.refusals import AlreadyRegistered
from stats.rules.registration import register_contact
from tests.stats.conftest import NOW


@pytest.mark.django_db(transaction=True)
def test_two_at_the_same_time_make_one_contact(pending, helpline, enter):
    barrier = Barrier(2)
    entry = enter()

    def register(_number):
        try:
            row = PendingContact.objects.get(pk=pending.pk)
            barrier.wait(timeout=10)
            register_contact(row, helpline=helpline, entry=entry, now=NOW)
        except AlreadyRegistered:
            return "late"
        else:
            return "registered"
        finally:
            connection.close()

    with ThreadPoolExecutor(2) as threads:
        outcomes = sorted(threads.map(register, range(2)))

    assert outcomes == ["late", "registered"]
    assert (Contact.objects.count(), ContactTheme.objects.count()) == (1, 1)
