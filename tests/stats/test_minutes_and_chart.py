from __future__ import annotations

from collections import Counter
from datetime import date

import pytest

from stats.reports.chart import axis_step, draw_chart
from stats.reports.minutes import nearest_rank, summarise_minutes
from stats.reports.period import Period
from stats.reports.table import monthly_table

MARCH = date(2020, 3, 1)


@pytest.mark.parametrize(
    ("values", "percent", "expected"),
    [
        ([], 50, None),
        ([7], 50, 7),
        ([1, 2], 50, 1),
        ([1, 2, 3], 50, 2),
        (range(1, 11), 90, 9),
        (range(1, 12), 90, 10),
        ([0, 0, 0, 300], 50, 0),
    ],
)
def test_nearest_rank(values, percent, expected):
    assert nearest_rank(Counter(values), percent) == expected


def test_only_the_months_shown_and_known_minutes_count():
    counts = {5: {MARCH: 1}, None: {MARCH: 40}, 90: {date(2019, 3, 1): 9}}

    summary = summarise_minutes(counts, [MARCH])

    assert (summary.known, summary.median, summary.ninth_decile) == (1, 5, 5)


@pytest.mark.parametrize(
    ("largest", "step"), [(0, 1), (5, 1), (6, 2), (10, 2), (11, 5), (26, 10), (87, 20), (331, 100), (1400, 500)]
)
def test_an_axis_has_at_most_five_round_steps(largest, step):
    assert axis_step(largest) == step


def test_the_pieces_of_a_bar_stand_on_each_other_and_reach_its_total():
    period = Period(MARCH, date(2020, 4, 1))
    table = monthly_table(
        "channels",
        "Kanaler",
        "Kanal",
        labels=[("chat", "Chat"), ("phone", "Telefon")],
        counts={"chat": {MARCH: 3}, "phone": {MARCH: 7}},
        period=period,
        total_label="I alt",
    )

    march, april = draw_chart(table).bars

    chat, phone = march.pieces
    assert (march.total, april.total, april.pieces) == (10, 0, ())
    assert chat.y + chat.height == pytest.approx(draw_chart(table).base)
    assert phone.y + phone.height == pytest.approx(chat.y)
    assert phone.height / chat.height == pytest.approx(7 / 3, rel=0.01)
    assert chat.title == "Chat, mar: 3"


def test_a_count_that_no_row_would_show_is_an_error():
    with pytest.raises(AssertionError):
        monthly_table(
            "x", "X", "X", labels=[], counts={"lost": {MARCH: 1}}, period=Period(MARCH, MARCH), total_label="I alt"
        )
