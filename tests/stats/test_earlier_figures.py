"""The table of an earlier report: every cell shown, totals that are sums, and what was printed wrongly said aloud."""

from __future__ import annotations

import csv
from datetime import date

import pytest
from django.core.management import CommandError, call_command

from intake.demo import create_helplines
from stats.demo import create_demo
from stats.imports.figures import import_figures
from stats.imports.table_file import ImportRefused
from stats.models import Contact, EarlierFigure, EarlierReport, PrintedTotal, Theme
from stats.reports.period import Period
from stats.reports.report import build_report
from tests.stats.conftest import NOW, THEMES_2020, make_theme
from tests.stats.pages import rows_of, tables_in

pytestmark = pytest.mark.django_db

SPRING_2020 = Period(date(2020, 3, 1), date(2020, 8, 1))
QUERY = "?from=2020-03&to=2020-08"


@pytest.fixture(scope="module")
def printed():
    """The table as it was printed: theme to (printed total, its six months)."""
    with THEMES_2020.open(newline="", encoding="utf-8") as file:
        rows = list(csv.reader(file))[1:]
    return {row[0]: (int(row[1]), [int(cell) for cell in row[2:]]) for row in rows}


@pytest.fixture
def imported(other_helpline):
    return import_figures(THEMES_2020, helpline=other_helpline, source="Erfaringsrapport 2020")


def write(tmp_path, text, encoding="utf-8"):
    path = tmp_path / "figures.csv"
    path.write_bytes(text.encode(encoding))
    return path


def refused(path, helpline):
    with pytest.raises(ImportRefused) as refusal:
        import_figures(path, helpline=helpline, source="Rapport")
    return [(problem.line, problem.reason) for problem in refusal.value.problems]


def test_the_report_has_every_cell_and_totals_that_are_sums(imported, other_helpline, printed):
    table = build_report(other_helpline, SPRING_2020).table("themes")

    assert {row.label: list(row.cells) for row in table.rows} == {name: cells for name, (_, cells) in printed.items()}
    assert sum(len(row.cells) for row in table.rows) == 132
    assert all(row.total == sum(row.cells) for row in table.rows)
    assert {row.label: row.total for row in table.rows}["Psykiske helseplager"] == 489
    assert list(table.total.cells) == [sum(column) for column in zip(*(row.cells for row in table.rows), strict=True)]
    assert table.total.total == sum(row.total for row in table.rows)


def test_the_page_shows_every_cell_marked_and_says_why(imported, client_of, stranger, printed):
    response = client_of(stranger).get(f"/stats/foreldresupport/{QUERY}")

    heading, *rows, total = tables_in(response)["themes"]
    assert [row[0].split(" (")[0] for row in rows] == [name.split(" (")[0] for name in printed]
    assert [[int(cell) for cell in row[1:7]] for row in rows] == [cells for _, cells in printed.values()]
    assert [int(row[7]) for row in rows] == [sum(cells) for _, cells in printed.values()]
    assert sum(int(row[7]) for row in rows) == int(total[7])
    assert all("tidligere tall" in cell for cell in heading[1:7])
    page = response.content.decode()
    assert page.count('class="is-number is-earlier') == 132 + 6
    assert "Erfaringsrapport 2020" in page
    assert "En henvendelse kan ha flere temaer." in page


def test_the_file_says_the_same(imported, client_of, stranger, printed):
    for address in (
        f"/stats/foreldresupport.csv{QUERY}&table=themes",
        f"/stats/foreldresupport/.csv{QUERY}",
        f"/stats/foreldresupport/themes.csv{QUERY}",
    ):
        heading, *rows, total = rows_of(client_of(stranger).get(address))

        assert heading[:8] == ["Tema", *(f"2020-{month:02d}" for month in range(3, 9)), "Sum"]
        assert {row[0]: [int(cell) for cell in row[1:7]] for row in rows} == {
            name: cells for name, (_, cells) in printed.items()
        }
        assert int(total[7]) == sum(sum(cells) for _, cells in printed.values())


def test_the_import_lists_the_five_printed_totals_that_do_not_add_up(other_helpline, capsys):
    call_command("import_figures", str(THEMES_2020), "--helpline", "foreldresupport", "--source", "Rapport")

    said = capsys.readouterr().out
    assert "132 tall er importert." in said
    assert "5 trykte summer er ikke summen av månedene:" in said
    assert [line.split(", ", 1)[1] for line in said.splitlines() if "trykt " in line and "Linje" in line] == [
        "Psykiske helseplager: trykt 442, summen er 489",
        "Fysiske helseplager: trykt 56, summen er 55",
        "Relasjonsproblemer: trykt 326, summen er 348",
        "Ønsker informasjon om ulike hjelpetilbud m.m.: trykt 144, summen er 166",
        "Ulike erfaringer med hjelpeapparatet (Helsestasjon, jordmor, fastlege, sykehus): trykt 106, summen er 134",
    ]


def test_the_page_tells_the_printed_totals_only_of_a_report_that_it_holds_whole(imported, client_of, stranger):
    client = client_of(stranger)

    whole = client.get(f"/stats/foreldresupport/{QUERY}").content.decode()
    part = client.get("/stats/foreldresupport/?from=2020-03&to=2020-07").content.decode()

    assert "Psykiske helseplager: trykt 442, summen er 489" in whole
    assert whole.count("trykt ") - whole.count("trykt sum") >= 5
    assert "trykt 442" not in part


def test_earlier_figures_are_never_made_into_contacts(imported, other_helpline):
    report = build_report(other_helpline, SPRING_2020)

    assert not Contact.objects.exists()
    assert report.contacts.total == 0
    assert [table.key for table in report.filled_tables] == ["themes"]


def test_themes_that_nobody_has_are_kept_out_of_the_form(imported, other_helpline):
    assert set(Theme.objects.values_list("retired_on", flat=True)) == {date(2020, 9, 1)}
    assert len(imported.new_themes) == 22


def test_on_the_demonstration_the_themes_are_known(db):
    helplines = create_helplines(NOW)
    create_demo(helplines, now=NOW)

    found = import_figures(THEMES_2020, helpline=helplines["foreldresupport"], source="Rapport")

    assert found.new_themes == ()
    violence = Theme.objects.get(helpline=helplines["foreldresupport"], code="vold")
    assert violence.children.count() == 5


def test_figures_of_a_theme_with_sub_themes_stand_in_its_row(other_helpline, tmp_path):
    violence = make_theme(other_helpline, "vold", name={"nb": "Overgrep og vold i hjemmet"})
    make_theme(other_helpline, "vold-barn", parent=violence, name={"nb": "Vold mot barn"})
    import_figures(THEMES_2020, helpline=other_helpline, source="Rapport")

    rows = {(row.group, row.label): row for row in build_report(other_helpline, SPRING_2020).table("themes").rows}

    name = "Overgrep og vold i hjemmet"
    assert rows["", name].cells == (14, 20, 11, 7, 26, 6)
    assert rows[name, "Vold mot barn"].total == 0
    assert rows[name, "Uten nærmere angivelse"].cells == (14, 20, 11, 7, 26, 6)


def test_figures_and_contacts_of_the_same_month_add_up_and_are_told_apart(
    helpline, visits, register, tmp_path, client_of, coordinator
):
    import_figures(write(tmp_path, "theme,2020-03\nBesøk,7\n"), helpline=helpline, source="Rapport")
    register()

    response = client_of(coordinator).get("/stats/ffp/?from=2020-03&to=2020-03")

    assert tables_in(response)["themes"][1][:3] == ["Besøk", "8 (herav 7)", "8"]
    assert rows_of(client_of(coordinator).get("/stats/ffp.csv?from=2020-03&to=2020-03"))[1] == [
        "Besøk", "8", "8", "7", "0",
    ]  # fmt: skip


def test_the_same_file_again_changes_nothing(imported, other_helpline):
    again = import_figures(THEMES_2020, helpline=other_helpline, source="Et annet navn")

    assert again.is_known
    assert len(again.differing) == 5
    assert (EarlierFigure.objects.count(), EarlierReport.objects.count()) == (132, 1)
    assert PrintedTotal.objects.count() == 22


def test_another_figure_for_the_same_month_is_refused(imported, other_helpline, tmp_path):
    path = write(tmp_path, "theme,2020-03,2020-09\nLivskrise,6,1\n")

    assert refused(path, other_helpline) == [(2, "2020-03 har allerede tallet 5, fra «Erfaringsrapport 2020».")]
    assert EarlierFigure.objects.count() == 132


def test_a_file_that_is_partly_known_is_refused(imported, other_helpline, tmp_path):
    path = write(tmp_path, "theme,2020-03,2020-09\nLivskrise,5,1\n")

    assert refused(path, other_helpline) == [(1, "Noen av tallene er importert før. Ta dem ut av filen.")]


def test_a_semicolon_file_of_an_old_excel_is_read(other_helpline, tmp_path):
    path = write(tmp_path, 'theme;2020-03\r\n"Søvn; og gråt";1 204\r\n', "cp1252")

    import_figures(path, helpline=other_helpline, source="Rapport")

    figure = EarlierFigure.objects.select_related("theme").get()
    assert (str(figure.theme), figure.count) == ("Søvn; og gråt", 1204)


def test_every_bad_row_is_told_by_line_and_nothing_is_kept(other_helpline, tmp_path):
    path = write(
        tmp_path,
        "theme,printed_total,2020-03,2020-04\n"
        "Godt tema,3,1,2\n"
        "Bokstaver,3,en,2\n"
        "Minus,3,-1,to\n"
        "\n"
        ",3,1,2\n"
        "Godt  tema,3,1,2\n"
        '"Over\nto linjer",x,1,2\n'
        "Kort,3\n",
    )

    assert refused(path, other_helpline) == [
        (3, "«en» i 2020-03 er ikke et helt tall."),
        (4, "«-1» i 2020-03 kan ikke være under 0."),
        (4, "«to» i 2020-04 er ikke et helt tall."),
        (6, "Temaet mangler."),
        (7, "Temaet står også på linje 2."),
        (8, "«x» i printed_total er ikke et helt tall."),
        (10, "2 felt, men overskriften har 4."),
    ]
    assert not Theme.objects.exists()
    assert not EarlierReport.objects.exists()


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", (1, "Filen er tom.")),
        ("theme,2020-03\n", (1, "Filen har ingen tall.")),
        ("theme,2020-03\nA,\n", (1, "Filen har ingen tall.")),
        ("theme,2020-13\nA,1\n", (1, "Kolonnen «2020-13» er ikke en måned. Skriv for eksempel 2020-03.")),
        ("theme,0900-03\nA,1\n", (1, "Måneden 0900-03 er før 1990. Se på årstallet.")),
        ("theme,2920-03\nA,1\n", (1, "Måneden 2920-03 er i fremtiden.")),
        ("tema,2020-03\nA,1\n", (1, "Kolonnen «tema» er ikke en måned. Skriv for eksempel 2020-03.")),
        ("theme,2020-03,2020-03\nA,1,2\n", (1, "Kolonnen «2020-03» står to ganger.")),
        ("theme,\nA,1\n", (1, "En kolonne mangler overskrift.")),
        ("theme,2020-03\nA,1\nB\n", (3, "1 felt, men overskriften har 2.")),
        ('theme,2020-03\nA,1\n"B,2\n', (3, "Et anførselstegn mangler eller står feil.")),
    ],
)
def test_a_file_that_is_no_such_table_is_refused(other_helpline, tmp_path, text, problem):
    assert problem in refused(write(tmp_path, text), other_helpline)


def test_a_name_that_two_themes_share_is_refused(helpline, visits, health, tmp_path):
    make_theme(helpline, "one", parent=visits, name={"nb": "Annet"})
    make_theme(helpline, "two", parent=health, name={"nb": "Annet"})

    assert refused(write(tmp_path, "theme,2020-03\nAnnet,1\n"), helpline) == [
        (2, "Flere temaer heter «Annet». Skriv temaets kode i stedet.")
    ]
    assert import_figures(write(tmp_path, "theme,2020-03\none,1\n"), helpline=helpline, source="R").new_themes == ()


def test_the_command_tells_what_is_wrong(helpline, tmp_path):
    with pytest.raises(CommandError, match="Det finnes ingen tjeneste med adressedelen nowhere"):
        call_command("import_figures", str(THEMES_2020), "--helpline", "nowhere")
    with pytest.raises(CommandError, match=r"^Filen finnes ikke. Se på navnet og mappen.$"):
        call_command("import_figures", str(tmp_path / "missing.csv"), "--helpline", "ffp")
    with pytest.raises(CommandError, match=r"Ingenting ble importert.\nLinje 2: «x» i 2020-03"):
        call_command("import_figures", str(write(tmp_path, "theme,2020-03\nA,x\n")), "--helpline", "ffp")


def test_another_helplines_figures_stay_there(imported, helpline, visits, client_of, coordinator):
    page = client_of(coordinator).get(f"/stats/ffp/{QUERY}").content.decode()

    assert "Psykiske helseplager" not in page
    assert "Erfaringsrapport" not in page
