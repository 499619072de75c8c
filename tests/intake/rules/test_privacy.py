"""What is stored is said by the installation itself: every field, from the models and the settings."""

from __future__ import annotations

import io
import re
from dataclasses import replace

import pytest
from babel.messages.pofile import read_po
from django.conf import settings
from django.core.management import call_command
from django.db import models
from django.test import Client
from django.test.utils import override_settings
from django.utils import timezone
from django.utils.translation import override

from intake.models import Conversation, Helpline
from intake.rules import privacy
from intake.rules.openings import Opened, open_conversation
from intake.rules.privacy import Form, Line, Topic, gone_fields, stored_tables

VISITORS_TABLES = ("intake.Conversation", "intake.Message", "intake.PendingContact")


def undescribed() -> list[str]:
    """`label.field` of everything nobody has described."""
    return [f"{table.model._meta.label}.{name}" for table in stored_tables() for name in table.undescribed]


def printed_report(language: str = "nb") -> str:
    out = io.StringIO()
    call_command("privacy_report", "--language", language, stdout=out)
    return out.getvalue()


def page(client: Client, language: str = "nb") -> str:
    response = client.get(f"/privacy/?lang={language}")
    assert response.status_code == 200
    return response.content.decode()


def test_every_field_of_every_table_is_described() -> None:
    assert undescribed() == []
    assert gone_fields() == []


def test_field_that_nobody_described_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    message = privacy._descriptions["intake.Message"]
    monkeypatch.setitem(privacy._descriptions, "intake.Message", replace(message, lines=message.lines[1:]))

    assert undescribed() == ["intake.Message.sealed"]


def test_table_that_nobody_described_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(privacy._descriptions, "stats.ContactTheme")

    assert undescribed() == [f"stats.ContactTheme.{name}" for name in ("contact", "theme", "month")]


def test_described_field_that_is_gone_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    message = privacy._descriptions["intake.Message"]
    planted = replace(message, lines=(*message.lines, Line(("mood",), "Humøret.")))
    monkeypatch.setitem(privacy._descriptions, "intake.Message", planted)

    assert gone_fields() == ["intake.Message.mood"]


@pytest.mark.parametrize("label", VISITORS_TABLES)
def test_table_of_a_conversation_holds_no_free_text_in_clear(label: str) -> None:
    (table,) = [table for table in stored_tables() if table.model._meta.label == label]
    assert table.description is not None
    clear = {name for line in table.description.lines if line.form == Form.PLAIN for name in line.fields}
    free = {
        field.name
        for field in table.model._meta.concrete_fields
        if isinstance(field, models.TextField | models.CharField | models.BinaryField | models.JSONField)
        and not field.choices
    }

    assert free & clear <= {"language"}


@pytest.mark.django_db
def test_report_names_every_table_and_field(helpline: Helpline) -> None:
    report = printed_report()

    tables = set(re.findall(r"^.+ \((\w+), \d+ rad", report, flags=re.MULTILINE))
    fields = {name for line in re.findall(r"^  - ([\w, ]+):", report, flags=re.MULTILINE) for name in line.split(", ")}
    assert tables == {table.model._meta.db_table for table in stored_tables()}
    assert fields == {
        field.name
        for table in stored_tables()
        for field in table.model._meta.concrete_fields
        if not isinstance(field, models.AutoField)
    }


@pytest.mark.django_db
def test_report_counts_what_is_there_now(helpline: Helpline, visitor: Opened) -> None:
    assert "(intake_conversation, 1 rad nå)" in printed_report()
    assert "(sealing_sealkey, 1 rad nå)" in printed_report()


@pytest.mark.django_db
@override_settings(SESSION_COOKIE_AGE=3 * 3600, AXES_COOLOFF_TIME=0.5)
def test_report_says_the_lives_that_are_set(helpline: Helpline) -> None:
    helpline.retention_hours = 5
    helpline.save()

    report = printed_report("en")

    assert "Deleted at the latest 5 hours after the last activity" in report
    assert "Valid for 3 hours" in report
    assert "Counts for 30 minutes" in report


@pytest.mark.django_db
def test_report_says_what_nobody_described(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(privacy._descriptions, "intake.Tally")

    assert "  - closed_door: ikke beskrevet" in printed_report()


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("language", "words"),
    [("nb", "Hva som lagres"), ("nn", "Kva som blir lagra"), ("en", "What is stored")],
)
def test_page_speaks_every_language_whole(client: Client, helpline: Helpline, language: str, words: str) -> None:
    text = page(client, language)

    assert f'<h1 class="title-1">{words}</h1>' in text
    others = {"nb": "Slettes senest", "nn": "Blir sletta seinast", "en": "Deleted at the latest"}
    assert [name for name, sentence in others.items() if sentence in text] == [language]


@pytest.mark.django_db
def test_page_says_the_life_of_each_helpline(client: Client, helpline: Helpline, other_helpline: Helpline) -> None:
    Helpline.objects.filter(pk=other_helpline.pk).update(retention_hours=1)

    text = page(client)

    assert "72 timer etter siste aktivitet" in text
    assert "1 time etter siste aktivitet" in text
    assert "Slettes senest 1 til 72 timer etter siste aktivitet" in text


@pytest.mark.django_db
def test_page_does_not_tell_that_somebody_has_written(client: Client, helpline: Helpline) -> None:
    before = page(client)
    open_conversation(helpline, language="nb", intro={}, now=timezone.now())

    assert page(client) == before
    assert Conversation.objects.count() == 1


@pytest.mark.django_db
def test_page_names_no_person_of_the_staff(client: Client, counsellor: object) -> None:
    assert "kari" not in page(client).lower()


@pytest.mark.parametrize("language", ["nn", "en"])
def test_every_description_is_translated(language: str) -> None:
    known: dict[str, str] = {}
    for path in settings.BASE_DIR.glob(f"*/locale/{language}/LC_MESSAGES/django.po"):
        with path.open("rb") as file:
            known |= {str(message.id): str(message.string) for message in read_po(file) if message.string}

    assert [text for text in every_description() if not known.get(text)] == []


def every_description() -> list[str]:
    """The sentences of the report in their source language."""
    with override("nb"):
        found = [table.description for table in stored_tables() if table.description]
        lines = [str(line.what) for description in found for line in description.lines]
        names = [str(text) for description in found for text in (description.name, description.why)]
        return sorted({*lines, *names, *(str(topic.label) for topic in Topic), *(str(form.label) for form in Form)})
