"""One row a contact from another register: all of it, or nothing, and never twice."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from django.core.management import CommandError, call_command

from stats.imports.contacts import contacts_template, import_contacts
from stats.imports.table_file import ImportRefused
from stats.models import Channel, Contact, Gender, Kind
from tests.stats.conftest import NOW

pytestmark = pytest.mark.django_db

HEADING = "started_at;duration_minutes;channel;kind;gender;age;age_band;language;waiting_minutes;themes;referrals\n"


def write(tmp_path, text):
    path = tmp_path / "contacts.csv"
    path.write_text(text, encoding="utf-8")
    return path


def refused(path, helpline):
    with pytest.raises(ImportRefused) as refusal:
        import_contacts(path, helpline=helpline, now=NOW)
    return [(problem.line, problem.reason) for problem in refusal.value.problems]


def test_every_column_is_read(helpline, visits, crisis, police, relation, young, grown, tmp_path):
    text = (
        HEADING.replace("\n", ";relation\n")
        + "2020-06-30 23:50;12;Telefon;;kvinne;31;;en;;visits|Krise;Politiet;Mor\n"
        + "2020-03-01T08:00;0;chat;taus;;;;;4;;;\n"
        + "2020-03-02 08:00;5;e-post;genuine;unknown;;0–25 år;nn;;BESØK;;\n"
    )

    imported = import_contacts(write(tmp_path, text), helpline=helpline, now=NOW)

    first, second, third = Contact.objects.order_by("id")
    assert imported.added == 3
    assert first.started_at == datetime(2020, 6, 30, 21, 45, tzinfo=UTC)
    assert (first.channel, first.kind, first.gender) == (Channel.PHONE, Kind.GENUINE, Gender.WOMAN)
    assert (first.age, first.age_band, first.language, first.hour) == (31, grown, "en", 23)
    assert set(first.theme_rows.values_list("theme", flat=True)) == {visits.pk, crisis.pk}
    assert first.referral_rows.get().body == police
    assert str(first.answer_rows.get().choice) == "Mor"
    assert (second.kind, second.waiting_minutes, second.language) == (Kind.SILENT, 4, "nb")
    assert (third.channel, third.age_band) == (Channel.EMAIL, young)


def test_the_same_file_again_adds_nothing(helpline, visits, tmp_path):
    # Two calls in the same quarter can look alike: both are kept.
    path = write(tmp_path, HEADING + "2020-03-01 08:00;5;phone;;;;;;;visits;\n" * 2)

    assert import_contacts(path, helpline=helpline, now=NOW).added == 2
    again = import_contacts(path, helpline=helpline, now=NOW)

    assert (again.added, again.known) == (0, 2)
    assert Contact.objects.count() == 2


def test_a_file_that_is_partly_known_is_refused(helpline, visits, tmp_path):
    row, new = "2020-03-01 08:00;5;phone;;;;;;;visits;\n", "2020-04-01 08:00;5;phone;;;;;;;visits;\n"
    import_contacts(write(tmp_path, HEADING + row), helpline=helpline, now=NOW)

    assert refused(write(tmp_path, HEADING + new + row), helpline) == [(3, "Denne henvendelsen er importert før.")]
    assert Contact.objects.count() == 1


def test_the_same_rows_on_another_helpline_are_other_contacts(helpline, other_helpline, tmp_path):
    path = write(tmp_path, HEADING + "2020-03-01 08:00;5;phone;;;;;;;;\n")

    import_contacts(path, helpline=helpline, now=NOW)

    assert import_contacts(path, helpline=other_helpline, now=NOW).added == 1


def test_every_bad_row_is_told_by_line_and_nothing_is_kept(helpline, visits, other_theme, police, tmp_path):
    text = HEADING + (
        "2020-03-01 08:00;5;phone;;;;;;;visits;\n"
        "1. mars 2020;5;phone;;;;;;;visits;\n"
        "2020-03-29 02:30;5;phone;;;;;;;visits;\n"
        "2020-03-01 08:00;fem;phone;;;;;;;visits;\n"
        "2020-03-01 08:00;5;telex;;;;;;;visits;\n"
        "2020-03-01 08:00;5;phone;;;;;;;sleep;\n"
        "2020-03-01 08:00;5;phone;;;;;;;visits;nobody\n"
        "2020-03-01 08:00;5;phone;;;200;;;;visits;\n"
        "2020-03-01 08:00;5;phone;;;;gammel;;;visits;\n"
        "2020-03-01 08:00;5;phone;silent;;;;;;visits;\n"
        "2021-03-01 08:00;5;phone;;;;;;;visits;\n"
        "2020-03-01 08:00;5;phone\n"
    )

    assert refused(write(tmp_path, text), helpline) == [
        (3, "«1. mars 2020» er ikke et tidspunkt. Skriv 2020-03-01 14:30."),
        (4, "Tidspunktet «2020-03-29 02:30» finnes ikke: klokka ble stilt fram."),
        (5, "«fem» i duration_minutes er ikke et helt tall."),
        (
            6,
            "«telex» passer ikke i channel. Bruk en av disse: chat, phone, email, letter, social, in_person, video.",
        ),
        (7, "Ukjent tema: «sleep»."),
        (8, "Ukjent instans: «nobody»."),
        (9, "Alderen må være mellom 0 og 120 år."),
        (10, "Ukjent aldersgruppe: «gammel»."),
        (11, "Bare reelle henvendelser har dette. Velg typen «Reell», eller fjern det som er valgt."),
        (12, "Starten er i fremtiden."),
        (13, "3 felt, men overskriften har 11."),
    ]
    assert not Contact.objects.exists()


def test_everything_that_is_wrong_with_a_row_is_told_at_once(helpline, visits, relation, tmp_path):
    text = HEADING.replace("\n", ";relation\n") + (
        "2020-03-01 08:00;-5;telex;;kvinne;200;;NB;x;visits|sleep|dream;nobody;Tante\n"
        "2020-03-01 08:00;1000000;phone;;;−1;;;;;;\n"
        "i går;fem;phone;;;;;;;;;\n"
    )

    assert refused(write(tmp_path, text), helpline) == [
        (2, "«-5» i duration_minutes kan ikke være under 0."),
        (2, "«telex» passer ikke i channel. Bruk en av disse: chat, phone, email, letter, social, in_person, video."),
        (2, "«x» i waiting_minutes er ikke et helt tall."),
        (2, "Ukjent tema: «sleep»."),
        (2, "Ukjent tema: «dream»."),
        (2, "Ukjent instans: «nobody»."),
        (2, "Ukjent svar: «Tante»."),
        (2, "Alderen må være mellom 0 og 120 år."),
        (2, "Skriv språket med små bokstaver, for eksempel nb eller en."),
        (3, "«1000000» i duration_minutes er ikke mellom 0 og 999999."),
        (3, "«−1» i age kan ikke være under 0."),
        (4, "«i går» er ikke et tidspunkt. Skriv 2020-03-01 14:30."),
        (4, "«fem» i duration_minutes er ikke et helt tall."),
    ]


def test_a_mistyped_year_is_refused(helpline, visits, tmp_path):
    text = HEADING + (
        "0001-01-01 00:00;5;phone;;;;;;;visits;\n"
        "0202-11-22 10:00;5;phone;;;;;;;visits;\n"
        "9999-12-31T23:30+00:00;5;phone;;;;;;;visits;\n"
    )

    assert refused(write(tmp_path, text), helpline) == [
        (2, "«0001-01-01 00:00» er ikke et tidspunkt. Skriv 2020-03-01 14:30."),
        (3, "Starten kan ikke være før 1990. Se på årstallet."),
        (4, "«9999-12-31T23:30+00:00» er ikke et tidspunkt. Skriv 2020-03-01 14:30."),
    ]


def test_columns_are_checked(helpline, tmp_path):
    assert refused(write(tmp_path, "started_at,channel,name\n2020-03-01 08:00,chat,Kari\n"), helpline) == [
        (1, "Kolonnen «name» er ukjent."),
        (1, "Kolonnen «duration_minutes» mangler."),
    ]


def test_themes_are_not_demanded_of_old_contacts(helpline, visits, relation, tmp_path):
    relation.is_required = True
    relation.save()

    assert (
        import_contacts(
            write(tmp_path, HEADING + "2020-03-01 08:00;5;phone;;;;;;;;\n"), helpline=helpline, now=NOW
        ).added
        == 1
    )


def test_the_template_can_be_imported_as_it_is(helpline, visits, crisis, police, relation, tmp_path):
    import_contacts(write(tmp_path, contacts_template(helpline)), helpline=helpline, now=NOW)

    contact = Contact.objects.get()
    assert contact.theme_rows.exists()
    assert contact.answer_rows.count() == 1


def test_the_command(helpline, visits, tmp_path, capsys):
    path = write(tmp_path, HEADING + "2020-03-01 08:00;5;phone;;;;;;;visits;\n")

    call_command("import_contacts", str(path), "--helpline", "ffp")
    call_command("import_contacts", str(path), "--helpline", "ffp")
    call_command("import_contacts", "--template", "--helpline", "ffp")

    said = capsys.readouterr().out
    assert "1 henvendelse er importert." in said
    assert "Alle henvendelsene var importert fra før. Ingenting ble endret." in said
    assert "started_at;duration_minutes;channel" in said
    with pytest.raises(CommandError, match=r"Ingenting ble importert.\nLinje 2: Ukjent tema"):
        call_command(
            "import_contacts",
            str(write(tmp_path, HEADING + "2020-03-01 08:00;5;phone;;;;;;;x;\n")),
            "--helpline",
            "ffp",
        )
    with pytest.raises(CommandError, match="nowhere"):
        call_command("import_contacts", str(path), "--helpline", "nowhere")
    with pytest.raises(CommandError, match=r"^Filen finnes ikke. Se på navnet og mappen.$"):
        call_command("import_contacts", str(tmp_path / "missing.csv"), "--helpline", "ffp")
    with pytest.raises(CommandError, match=r"^Dette er en mappe, ikke en fil.$"):
        call_command("import_contacts", str(tmp_path), "--helpline", "ffp")
    with pytest.raises(CommandError, match="Skriv hvilken fil"):
        call_command("import_contacts", "--helpline", "ffp")


def test_many_rows_cost_few_queries(helpline, visits, tmp_path, django_assert_max_num_queries):
    rows = "".join(f"2020-03-01 08:00;{minutes};phone;;;;;;;visits;\n" for minutes in range(300))

    with django_assert_max_num_queries(20):
        import_contacts(write(tmp_path, HEADING + rows), helpline=helpline, now=NOW)

    assert Contact.objects.count() == 300
