from __future__ import annotations

from datetime import date

import pytest
from django.utils import translation

from stats.reports.period import Period, half_year_of, named_periods, parse_period
from stats.rules.refusals import BadPeriod

TODAY = date(2020, 9, 14)
SPRING_2020 = Period(date(2020, 3, 1), date(2020, 8, 1))


def parse(first="", last="", named=""):
    return parse_period(first=first, last=last, named=named, today=TODAY)


def test_nothing_said_is_the_current_half_year():
    assert parse() == Period(date(2020, 7, 1), date(2020, 12, 1))
    assert half_year_of(date(2021, 6, 30)) == Period(date(2021, 1, 1), date(2021, 6, 1))


def test_months_from_and_to():
    assert parse("2020-03", "2020-08") == SPRING_2020
    assert [month.month for month in SPRING_2020.months] == [3, 4, 5, 6, 7, 8]


def test_one_month_alone_is_that_month():
    assert parse("2020-03") == parse(last="2020-03") == Period(date(2020, 3, 1), date(2020, 3, 1))


@pytest.mark.parametrize(
    ("named", "first", "last"),
    [
        ("2020", 1, 12),
        ("2020H1", 1, 6),
        ("2020-H2", 7, 12),
        ("2020Q4", 10, 12),
    ],
)
def test_a_period_by_its_name(named, first, last):
    assert parse(named=named) == Period(date(2020, first, 1), date(2020, last, 1))


@pytest.mark.parametrize(
    ("first", "last", "named"),
    [
        ("2020-13", "2020-08", ""),
        ("mars", "2020-08", ""),
        ("2020-3", "2020-08", ""),
        ("2020-08", "2020-03", ""),
        ("2010-01", "2020-12", ""),
        ("0000-01", "0000-02", ""),
        ("٢٠٢٠-٠٣", "", ""),
        ("", "", "2020H3"),
        ("", "", "2020X"),
        ("", "", "1800"),
    ],
)
def test_what_is_no_period_is_refused_with_a_sentence(first, last, named):
    with pytest.raises(BadPeriod) as refused:
        parse(first, last, named)

    assert str(refused.value.title).endswith(".")


def test_a_period_knows_what_of_it_has_not_been():
    half = parse()

    assert half.is_unfinished
    assert [month.month for month in half.months if half.is_ahead(month)] == [10, 11, 12]
    assert parse("2020-09").is_unfinished
    assert not parse("2020-08").is_unfinished
    assert not parse("2020-03", "2020-08").is_ahead(date(2020, 8, 1))


def test_the_neighbours_are_as_long():
    assert SPRING_2020.previous == Period(date(2019, 9, 1), date(2020, 2, 1))
    assert SPRING_2020.next == Period(date(2020, 9, 1), date(2021, 2, 1))
    assert SPRING_2020.year_before == Period(date(2019, 3, 1), date(2019, 8, 1))


def test_a_period_is_named_as_people_name_it():
    with translation.override("nb"):
        assert str(SPRING_2020) == "mars–august 2020"
        assert str(SPRING_2020.previous) == "september 2019 – februar 2020"
        assert SPRING_2020.name == ""
        assert half_year_of(TODAY).name == "2. halvår 2020"
        assert [named.label for named in named_periods(2020)][-1] == "Hele 2020"
