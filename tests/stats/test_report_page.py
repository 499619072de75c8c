"""The report in the browser: who sees it, what it says when something is missing, and its files."""

from __future__ import annotations

import csv
import io
import re
from datetime import UTC, date, datetime, timedelta

import pytest
from django.core.management import call_command
from django.db import IntegrityError, connection, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from counsellor.models import Membership
from intake.models import Tally
from stats.models import Channel, Contact, Gender, Kind, Theme
from stats.reports.period import Period
from stats.rules.registration import register_contact
from tests.people import make_counsellor
from tests.stats.conftest import make_theme
from tests.stats.pages import rows_of, tables_in

pytestmark = pytest.mark.django_db

QUERY = "?from=2020-03&to=2020-08"
REPORTS = [f"/stats/ffp/{QUERY}", f"/stats/ffp.csv{QUERY}", f"/stats/ffp/.csv{QUERY}", f"/stats/ffp/themes.csv{QUERY}"]
ROWS = [f"/stats/ffp/rows/{QUERY}", f"/stats/ffp.csv{QUERY}&table=contacts", f"/stats/ffp/contacts.csv{QUERY}"]


@pytest.mark.parametrize("address", REPORTS)
def test_coordinators_and_duty_leaders_see_the_report(client_of, coordinator, duty_leader, register, address):
    register()

    for person in (coordinator, duty_leader):
        response = client_of(person).get(address)
        assert response.status_code == 200
        assert "Besøk" in response.content.decode()


@pytest.mark.parametrize("address", [*REPORTS, *ROWS])
def test_nobody_else_learns_that_there_is_one(client_of, counsellor, stranger, administrator, register, address):
    register()

    for person in (counsellor, stranger, administrator):
        response = client_of(person).get(address)
        assert response.status_code == 404
        assert "Besøk" not in response.content.decode()
    assert client_of(stranger).get(address.replace("ffp", "nowhere")).status_code == 404


@pytest.mark.parametrize("address", ["/stats/", *REPORTS, *ROWS])
def test_who_is_not_signed_in_with_both_factors_is_sent_to_the_login(address, coordinator, register):
    register()
    half = Client()
    half.force_login(coordinator, backend="counsellor.backend.RoleBackend")

    for client in (Client(), half):
        response = client.get(address)
        assert response.status_code == 302
        assert response["Location"].startswith("/counsellor/login/")


@pytest.mark.parametrize("address", ROWS)
def test_rows_are_for_coordinators_alone(client_of, coordinator, duty_leader, register, address):
    register()

    assert client_of(coordinator).get(address).status_code == 200
    assert client_of(duty_leader).get(address).status_code == 404


def test_the_first_page_leads_to_what_one_may_see(client_of, coordinator, counsellor, helpline, other_helpline):
    both = make_counsellor(
        "begge", "Begge", (helpline, Membership.Role.COUNSELLOR), (other_helpline, Membership.Role.COORDINATOR)
    )

    assert client_of(coordinator).get("/stats/")["Location"] == "/stats/ffp/"
    assert client_of(counsellor).get("/stats/")["Location"] == "/stats/ffp/pending/"
    page = client_of(both).get("/stats/").content.decode()
    assert "/stats/ffp/pending/" in page
    assert "/stats/foreldresupport/" in page
    assert '/stats/ffp/"' not in page


@pytest.mark.parametrize(
    ("query", "sentence"),
    [
        ("?from=2020-13", "Skriv månedene som år og måned, for eksempel 2020-03."),
        ("?from=2020-08&to=2020-03", "Den første måneden er etter den siste. Bytt dem om."),
        ("?from=2010-01&to=2020-03", "En rapport kan vise høyst 36 måneder. Velg en kortere periode."),
        ("?period=<script>", "Skriv månedene som år og måned, for eksempel 2020-03."),
    ],
)
def test_what_is_no_period_gets_a_sentence(client_of, coordinator, query, sentence):
    client = client_of(coordinator)

    for address in (f"/stats/ffp/{query}", f"/stats/ffp.csv{query}"):
        response = client.get(address)
        assert response.status_code == 400
        assert sentence in response.content.decode()
        assert "<script>" not in response.content.decode()


def test_the_periods_to_choose_from_end_with_the_oldest_year_there_can_be(client_of, coordinator, register):
    register(started_at=datetime(1989, 12, 31, 23, 15, tzinfo=UTC))

    page = client_of(coordinator).get(f"/stats/ffp/{QUERY}").content.decode()

    assert 'value="1990H1"' in page
    assert 'value="1989' not in page


def test_the_database_keeps_no_older_month(helpline, register):
    contact = register()

    for month in (date(1, 1, 1), date(1989, 12, 1)):
        with pytest.raises(IntegrityError), transaction.atomic():
            Contact.objects.filter(pk=contact.pk).update(month=month)


def test_a_period_without_anything_says_so(client_of, coordinator, visits):
    page = client_of(coordinator).get(f"/stats/ffp/{QUERY}").content.decode()

    assert "Det er ikke registrert noe i denne perioden." in page
    assert "<table" not in page


def test_a_period_that_is_not_over_is_compared_with_nothing(client_of, coordinator, helpline, enter):
    now = timezone.now()
    month = now.astimezone(helpline.zone).date().replace(day=1)
    period = Period(month, (month + timedelta(days=40)).replace(day=1))
    register_contact(None, helpline=helpline, entry=enter(started_at=now), now=now)
    client = client_of(coordinator)

    page = client.get(f"/stats/ffp/?{period.query}")
    heading, row, total = tables_in(page)["channels"]
    file = rows_of(client.get(f"/stats/ffp/channels.csv?{period.query}"))

    assert "Perioden er ikke over ennå." in page.content.decode()
    assert heading[-1] == "Sum"
    assert (row[1:], total[1:]) == (["1", "–", "1"], ["1", "–", "1"])
    assert [cells[1:] for cells in file[1:]] == [["1", "", "1"], ["1", "", "1"]]


def test_a_period_that_is_over_is_compared(client_of, coordinator, register):
    register()

    page = client_of(coordinator).get(f"/stats/ffp/{QUERY}")

    heading, row, _total = tables_in(page)["channels"]
    assert heading[-2:] == ["Året før", "Endring"]
    assert "–" not in row[:-1]
    assert "Perioden er ikke over ennå." not in page.content.decode()


def test_a_table_that_does_not_exist_is_missing(client_of, coordinator):
    response = client_of(coordinator).get(f"/stats/ffp/nonsense.csv{QUERY}")

    assert response.status_code == 404


def test_a_named_period_is_the_same_as_its_months(client_of, coordinator, register):
    register()
    client = client_of(coordinator)

    named, months = (client.get(f"/stats/ffp/?{query}") for query in ("period=2020H1", "from=2020-01&to=2020-06"))

    assert tables_in(named) == tables_in(months)
    assert "1. halvår 2020" in named.content.decode()


def test_every_table_of_the_page_is_a_file_with_the_same_numbers(
    client_of, coordinator, helpline, register, police, relation
):
    register(referrals=(police,), answers=(relation.choices.first(),))
    Tally.objects.create(helpline=helpline, hour_at=datetime(2020, 3, 10, 13, tzinfo=UTC), answered=1)
    client = client_of(coordinator)

    shown = tables_in(client.get(f"/stats/ffp/{QUERY}"))

    assert len(shown) == 12
    for key, table in shown.items():
        file = rows_of(client.get(f"/stats/ffp/{key}.csv{QUERY}"))
        assert [numbers(row) for row in file[1:]] == [numbers(row) for row in table[1:]]


def numbers(row):
    """The counts of a row, without the change in percent, which the file leaves to the spreadsheet."""
    return [cell for cell in row[1:] if re.fullmatch(r"[0-9]+", cell)]


def test_the_chart_says_in_words_what_it_shows(client_of, coordinator, register):
    register()

    page = client_of(coordinator).get(f"/stats/ffp/{QUERY}").content.decode()

    assert '<title id="chart-title">Henvendelser etter måned og kanal</title>' in page
    assert "<title>Chat, mar: 1</title>" in page
    assert page.index('<svg class="chart"') < page.index('id="channels"')
    assert "style=" not in page


def test_no_two_landmarks_of_the_page_share_a_name(client_of, coordinator, register):
    register()

    page = client_of(coordinator).get(f"/stats/ffp/{QUERY}").content.decode()
    landmarks = re.findall(r'<(?:section|nav|form)\b[^>]*aria-label[^>]*>|<[^>]*role="region"[^>]*>', page)
    names = [name for tag in landmarks for name in re.findall(r'aria-label(?:ledby)?="([^"]*)"', tag)]

    assert "themes-title" in names
    assert len(names) == len(set(names))


def test_a_file_cannot_start_a_formula(client_of, coordinator, helpline, register):
    for start in ("=", "+", "-", "@", "\t", "\r"):
        make_theme(helpline, f"t{ord(start)}", name={"nb": f"{start}HYPERLINK(1)"})
    register(themes=tuple(Theme.objects.filter(helpline=helpline)))
    client = client_of(coordinator)

    for address in REPORTS[1:] + ROWS[1:]:
        cells = [cell for row in rows_of(client.get(address)) for cell in row]
        assert sum("HYPERLINK" in cell for cell in cells) >= 1
        assert not [cell for cell in cells if cell[:1] in tuple("=+-@\t\r")]


def test_the_file_of_rows_leaves_out_what_singles_a_person_out(client_of, coordinator, register, young, relation):
    register(age=17, answers=(relation.choices.first(),), duration_minutes=123)
    register(started_at=datetime(2020, 3, 2, 8, 45, tzinfo=UTC), channel=Channel.PHONE)
    register(kind=Kind.TEST, themes=())

    response = client_of(coordinator).get(f"/stats/ffp/contacts.csv{QUERY}")

    assert rows_of(response) == [
        ["Måned", "Kanal", "Type", "Kjønn", "Aldersgruppe", "Varighet", "Språk", "Temaer", "Henvisninger", "Relasjon"],
        ["2020-03", "Chat", "Reell", "Kvinne", "0–25 år", "Over 120 minutter", "Norsk bokmål", "Besøk", "", "Mor"],
        ["2020-03", "Telefon", "Reell", "Kvinne", "Ukjent", "16–30 minutter", "Norsk bokmål", "Besøk", "", ""],
    ]  # fmt: skip
    for trace in ("17", "123", "2020-03-10", "14:15", "08:45", "09:45"):
        assert trace not in response.content.decode()


def test_the_order_of_the_rows_does_not_tell_who_came_first(client_of, coordinator, register):
    for channel in (Channel.PHONE, Channel.CHAT, Channel.PHONE, Channel.EMAIL):
        register(channel=channel)

    rows = rows_of(client_of(coordinator).get(f"/stats/ffp/contacts.csv{QUERY}"))[1:]

    assert [row[1] for row in rows] == ["Chat", "E-post", "Telefon", "Telefon"]


def test_the_exact_rows_are_given_only_to_who_says_she_understands(client_of, coordinator, register):
    register(age=17)
    client = client_of(coordinator)

    asked = client.get(f"/stats/ffp/contacts.csv{QUERY}&detail=exact")
    given = client.get(f"/stats/ffp/contacts.csv{QUERY}&detail=exact&understood=yes")

    assert asked.status_code == 302
    assert asked.url == f"/stats/ffp/rows/{QUERY}&asked"
    assert "kan peke ut enkeltpersoner" in client.get(asked.url).content.decode()
    assert rows_of(given)[1][:6] == ["2020-03-10 14:15", "25", "chat", "genuine", "woman", "17"]


def test_the_exact_rows_can_be_imported_again(
    client_of, coordinator, helpline, register, crisis, visits, police, relation, grown, tmp_path
):
    register(age=40, themes=(crisis, visits), referrals=(police,), answers=(relation.choices.first(),))
    register(gender=Gender.MAN, age_band=grown, waiting_minutes=3)
    client = client_of(coordinator)
    address = f"/stats/ffp/contacts.csv{QUERY}&detail=exact&understood=yes"
    before = client.get(address)
    path = tmp_path / "rows.csv"
    path.write_bytes(before.content)
    Contact.objects.all().delete()

    call_command("import_contacts", str(path), "--helpline", "ffp")

    assert Contact.objects.count() == 2
    assert client.get(address).content == before.content


def test_rows_cost_the_same_number_of_queries(client_of, coordinator, register):
    client = client_of(coordinator)
    register()
    address = f"/stats/ffp/contacts.csv{QUERY}"
    client.get(address)

    with CaptureQueriesContext(connection) as one:
        client.get(address)
    register()
    register()
    with CaptureQueriesContext(connection) as three:
        client.get(address)

    assert len(one) == len(three)


def test_the_page_costs_the_same_number_of_queries(client_of, coordinator, register):
    client = client_of(coordinator)
    register()
    client.get(f"/stats/ffp/{QUERY}")

    with CaptureQueriesContext(connection) as one:
        client.get(f"/stats/ffp/{QUERY}")
    register()
    register()
    with CaptureQueriesContext(connection) as three:
        client.get(f"/stats/ffp/{QUERY}")

    assert len(one) == len(three) < 40


def test_a_file_is_semicolons_with_bom_and_windows_line_ends(client_of, coordinator, register):
    register()

    response = client_of(coordinator).get(f"/stats/ffp.csv{QUERY}")

    assert response["Content-Type"] == "text/csv; charset=utf-8"
    assert response["Content-Disposition"] == 'attachment; filename="ffp_themes_2020-03_2020-08.csv"'
    assert response.content.startswith(b"\xef\xbb\xbfTema;2020-03;")
    assert list(csv.reader(io.StringIO(response.content.decode("utf-8-sig")), delimiter=";"))[1][0] == "Besøk"
