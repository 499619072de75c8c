"""A contact is registered exactly once, says what was entered, and points back to nothing."""

from __future__ import annotations

import uuid
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
from django.apps import apps
from django.db import IntegrityError, transaction

from intake.models import PendingContact
from stats.models import Contact, ContactTheme, FormRules, Gender, Kind
from stats.rules.refusals import AlreadyRegistered, InvalidEntry
from stats.rules.registration import correct_contact, register_contact, remove_contact
from tests.stats.conftest import NOW

pytestmark = pytest.mark.django_db


def themes_of(contact):
    return set(contact.theme_rows.values_list("theme__code", flat=True))


def fields_refused(entry, helpline):
    with pytest.raises(InvalidEntry) as refused:
        register_contact(None, helpline=helpline, entry=entry, now=NOW)
    return [problem.field for problem in refused.value.problems]


def test_a_registered_conversation_is_no_longer_pending(pending, helpline, enter):
    contact = register_contact(pending, helpline=helpline, entry=enter(), now=NOW)

    assert not PendingContact.objects.exists()
    assert Contact.objects.get() == contact


def test_the_same_conversation_is_registered_only_once(pending, helpline, enter):
    register_contact(pending, helpline=helpline, entry=enter(), now=NOW)

    with pytest.raises(AlreadyRegistered):
        register_contact(pending, helpline=helpline, entry=enter(), now=NOW)

    assert Contact.objects.count() == 1


def test_a_refused_entry_leaves_the_conversation_pending(pending, helpline, enter):
    with pytest.raises(InvalidEntry):
        register_contact(pending, helpline=helpline, entry=enter(themes=()), now=NOW)

    assert PendingContact.objects.exists()
    assert not Contact.objects.exists()


def test_a_conversation_is_not_registered_on_another_helpline(pending, other_helpline, enter):
    with pytest.raises(AlreadyRegistered):
        register_contact(pending, helpline=other_helpline, entry=enter(themes=()), now=NOW)

    assert PendingContact.objects.exists()


def test_the_contact_has_what_was_entered(helpline, enter, visits, police, relation, young, grown):
    mother = relation.choices.get(code="mor")

    contact = register_contact(
        None,
        helpline=helpline,
        entry=enter(age=31, waiting_minutes=4, referrals=(police,), answers=(mother,), language="en"),
        now=NOW,
    )

    contact.refresh_from_db()
    assert (contact.duration_minutes, contact.waiting_minutes, contact.gender) == (25, 4, Gender.WOMAN)
    assert (contact.age, contact.age_band, contact.language) == (31, grown, "en")
    assert themes_of(contact) == {"visits"}
    assert contact.referral_rows.get().body == police
    assert contact.answer_rows.get().choice == mother


@pytest.mark.parametrize(
    ("started_at", "expected"),
    [
        # A quarter to one in the night of 1 January in Oslo is still the old year in UTC.
        (datetime(2019, 12, 31, 23, 52, tzinfo=UTC), (date(2020, 1, 1), 2, 0)),
        # Summer time: two hours ahead.
        (datetime(2020, 6, 30, 22, 10, tzinfo=UTC), (date(2020, 7, 1), 2, 0)),
        # The hour that comes twice when summer time ends.
        (datetime(2019, 10, 27, 1, 30, tzinfo=UTC), (date(2019, 10, 1), 6, 2)),
    ],
)
def test_month_weekday_and_hour_are_the_helplines_own(register, started_at, expected):
    contact = register(started_at=started_at)

    assert (contact.month, contact.weekday, contact.hour) == expected
    assert contact.started_at.minute % 15 == 0
    assert started_at - contact.started_at < timedelta(minutes=15)
    assert set(contact.theme_rows.values_list("month", flat=True)) == {contact.month}


def test_a_theme_is_not_counted_beside_its_own_sub_theme(register, visits, health, crisis):
    contact = register(themes=(health, crisis, visits))

    assert themes_of(contact) == {"crisis", "visits"}


def test_a_form_sent_twice_is_one_contact(register):
    entry_id = uuid.uuid4()

    first = register(entry_id=entry_id)
    second = register(entry_id=entry_id)

    assert first == second
    assert Contact.objects.count() == 1
    assert ContactTheme.objects.count() == 1


def test_a_correction_replaces_all_that_was_entered(register, enter, visits, crisis, police):
    contact = register(referrals=(police,))

    correct_contact(
        contact,
        entry=enter(themes=(crisis,), started_at=datetime(2020, 5, 2, 8, 0, tzinfo=UTC), gender=Gender.MAN),
        now=NOW,
    )

    contact.refresh_from_db()
    assert (contact.month, contact.gender) == (date(2020, 5, 1), Gender.MAN)
    assert list(contact.theme_rows.values_list("theme__code", "month")) == [("crisis", date(2020, 5, 1))]
    assert not contact.referral_rows.exists()


def test_a_removed_contact_is_gone_with_its_rows(register, police):
    contact, kept = register(referrals=(police,)), register()

    remove_contact(contact)

    assert Contact.objects.get() == kept
    assert ContactTheme.objects.get().contact == kept


def test_themes_are_asked_for(helpline, enter):
    assert fields_refused(enter(themes=()), helpline) == ["themes"]


def test_themes_are_bounded_by_the_rules(helpline, enter, visits, crisis):
    FormRules.objects.create(helpline=helpline, min_themes=1, max_themes=1)

    assert fields_refused(enter(themes=(visits, crisis)), helpline) == ["themes"]


def test_a_helpline_without_themes_can_register(other_helpline, enter):
    contact = register_contact(None, helpline=other_helpline, entry=enter(themes=()), now=NOW)

    assert contact.helpline == other_helpline


def test_another_helplines_theme_is_refused(helpline, enter, visits, other_theme):
    assert fields_refused(enter(themes=(visits, other_theme)), helpline) == ["themes"]


def test_a_retired_theme_is_refused_from_its_day_and_allowed_before(helpline, register, enter, retired_theme):
    before, on_the_day = datetime(2020, 5, 31, 21, 0, tzinfo=UTC), datetime(2020, 5, 31, 22, 0, tzinfo=UTC)

    assert themes_of(register(themes=(retired_theme,), started_at=before)) == {"call-back"}
    assert fields_refused(enter(themes=(retired_theme,), started_at=on_the_day), helpline) == ["themes"]


def test_only_genuine_contacts_have_themes_referrals_and_answers(helpline, enter, police, relation):
    entry = enter(kind=Kind.SILENT, referrals=(police,), answers=(relation.choices.first(),))

    assert fields_refused(entry, helpline) == ["themes", "referrals", "answers"]
    register_contact(None, helpline=helpline, entry=replace(entry, themes=(), referrals=(), answers=()), now=NOW)
    assert Contact.objects.get().kind == Kind.SILENT


def test_a_required_question_is_asked_of_genuine_contacts_only(helpline, register, enter, relation):
    relation.is_required = True
    relation.save()

    assert fields_refused(enter(), helpline) == ["answers"]
    register(kind=Kind.SILENT, themes=())
    assert Contact.objects.get().kind == Kind.SILENT


def test_a_question_with_one_answer_has_no_two(helpline, enter, relation):
    assert fields_refused(enter(answers=tuple(relation.choices.all())), helpline) == ["answers"]


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"started_at": NOW + timedelta(hours=1)}, "started_at"),
        ({"duration_minutes": -1}, "duration_minutes"),
        ({"duration_minutes": 7 * 24 * 60 + 1}, "duration_minutes"),
        ({"waiting_minutes": -1}, "waiting_minutes"),
        ({"age": 121}, "age"),
        ({"language": "Norsk"}, "language"),
    ],
)
def test_what_cannot_be_is_refused(helpline, enter, changes, field):
    assert fields_refused(enter(**changes), helpline) == [field]


@pytest.mark.parametrize(
    "columns",
    [
        {"weekday": 7},
        {"hour": 24},
        {"age": 121},
        {"duration_minutes": 7 * 24 * 60 + 1},
        {"channel": "telex"},
        {"kind": "boring"},
        {"gender": "x"},
    ],
)
def test_the_database_checks_too(register, columns):
    contact = register()

    with pytest.raises(IntegrityError), transaction.atomic():
        Contact.objects.filter(pk=contact.pk).update(**columns)


def test_nothing_in_the_ledger_points_to_a_conversation_or_a_person():
    targets = {
        field.related_model._meta.label
        for model in apps.get_app_config("stats").get_models()
        for field in model._meta.get_fields()
        if field.is_relation and field.many_to_one and field.related_model
    }

    assert targets == {
        "intake.Helpline",
        "stats.AgeBand",
        "stats.Choice",
        "stats.Contact",
        "stats.EarlierReport",
        "stats.Question",
        "stats.ReferralBody",
        "stats.Theme",
    }
