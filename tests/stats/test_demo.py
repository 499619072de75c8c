"""The demonstration: both helplines as they describe themselves, with a half-year to report on."""

from __future__ import annotations

import pytest
from django.utils import timezone

from intake.demo import create_helplines
from stats.demo import create_demo
from stats.models import Contact, Theme
from stats.reports.period import Period, month_at, month_number
from stats.reports.report import build_report

pytestmark = pytest.mark.django_db


@pytest.fixture
def helplines():
    helplines = create_helplines(timezone.now())
    create_demo(helplines, now=timezone.now())
    return helplines


def test_a_second_run_changes_nothing(helplines):
    before = (Theme.objects.count(), Contact.objects.count())

    create_demo(helplines, now=timezone.now())

    assert (Theme.objects.count(), Contact.objects.count()) == before


@pytest.mark.parametrize("slug", ["ffp", "foreldresupport"])
def test_the_report_has_something_in_every_table_and_grew(helplines, slug):
    this_month = month_number(timezone.now().date())

    report = build_report(helplines[slug], Period(month_at(this_month - 6), month_at(this_month)))

    assert (report.contacts.change_percent or 0) > 0
    assert {table.key for table in report.empty_tables} <= {"referrals"}


def test_no_contact_lies_in_the_future(helplines):
    assert not Contact.objects.filter(started_at__gt=timezone.now()).exists()
