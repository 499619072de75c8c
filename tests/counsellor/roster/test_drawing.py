from __future__ import annotations

import datetime as dt

import pytest

from counsellor.models import Counsellor, PatternRow, RosterDrawing, Shift
from counsellor.rules.roster_drawing import (
    NothingToUndo,
    PlanChanged,
    draw_up_shifts,
    latest_drawing,
    plan_shifts,
    undo_drawing,
)
from counsellor.rules.roster_half_year import HalfYear
from counsellor.rules.roster_shifts import add_shift, change_shift, withdraw_shift
from intake.models import Helpline
from tests.counsellor.roster.oslo import oslo

SPRING = HalfYear(2025, 1)
BEFORE = oslo("2024-12-10 12:00")


def put_in_pattern(helpline: Helpline, user: Counsellor, weekday: int, starts: int, ends: int) -> PatternRow:
    return helpline.pattern_rows.create(weekday=weekday, starts=dt.time(starts), ends=dt.time(ends), user=user)


def draw(helpline: Helpline, by: Counsellor, now: dt.datetime = BEFORE, **more: str) -> RosterDrawing:
    return draw_up_shifts(helpline, half_year=SPRING, by=by, now=now, **more)


def times_of(helpline: Helpline, user: Counsellor | None = None) -> list[tuple[dt.datetime, dt.datetime]]:
    shifts = Shift.objects.standing().filter(helpline=helpline)
    return [(s.starts_at, s.ends_at) for s in (shifts.filter(user=user) if user else shifts)]


def test_pattern_becomes_one_shift_a_week_of_the_half_year(day_line, counsellor, coordinator):
    put_in_pattern(day_line, counsellor, 0, 9, 12)

    draw(day_line, coordinator)

    times = times_of(day_line, counsellor)
    assert len(times) == 26
    assert times[0] == (oslo("2025-01-06 09:00"), oslo("2025-01-06 12:00"))
    assert times[-1] == (oslo("2025-06-30 09:00"), oslo("2025-06-30 12:00"))


@pytest.mark.parametrize(("half", "night", "hours"), [(1, "2025-03-29", 7), (2, "2025-10-25", 9)])
def test_night_shift_follows_daylight_saving(night_line, counsellor, half, night, hours):
    put_in_pattern(night_line, counsellor, 5, 22, 6)

    draw_up_shifts(night_line, half_year=HalfYear(2025, half), by=counsellor, now=BEFORE)

    lengths = {s.starts_at: s.ends_at - s.starts_at for s in Shift.objects.all()}
    assert lengths.pop(oslo(f"{night} 22:00")) == dt.timedelta(hours=hours)
    assert set(lengths.values()) == {dt.timedelta(hours=8)}


def test_last_night_of_the_half_year_ends_in_the_next(night_line, counsellor):
    put_in_pattern(night_line, counsellor, 0, 22, 6)

    draw(night_line, counsellor)

    assert times_of(night_line)[-1] == (oslo("2025-06-30 22:00"), oslo("2025-07-01 06:00"))


def test_drawing_twice_adds_nothing(day_line, counsellor, coordinator):
    put_in_pattern(day_line, counsellor, 0, 9, 12)
    draw(day_line, coordinator)

    plan = plan_shifts(day_line, half_year=SPRING, now=BEFORE)
    draw(day_line, coordinator)

    assert (plan.added, plan.withdrawn, len(plan.unchanged)) == ([], [], 26)
    assert len(times_of(day_line)) == 26


def test_changed_pattern_takes_the_place_of_untouched_shifts(day_line, counsellor, other_counsellor, coordinator):
    row = put_in_pattern(day_line, counsellor, 0, 9, 12)
    draw(day_line, coordinator)
    row.user = other_counsellor
    row.save()

    draw(day_line, coordinator)

    assert (len(times_of(day_line, counsellor)), len(times_of(day_line, other_counsellor))) == (0, 26)


def test_new_end_in_the_pattern_takes_the_place_of_the_old(day_line, counsellor, coordinator):
    row = put_in_pattern(day_line, counsellor, 0, 9, 12)
    draw(day_line, coordinator)
    row.ends = dt.time(16)
    row.save()

    plan = plan_shifts(day_line, half_year=SPRING, now=BEFORE)
    draw(day_line, coordinator)

    assert (len(plan.added), len(plan.withdrawn)) == (26, 26)
    assert [end - start for start, end in times_of(day_line)] == [dt.timedelta(hours=7)] * 26


def test_undo_brings_back_the_old_end(day_line, counsellor, coordinator):
    row = put_in_pattern(day_line, counsellor, 0, 9, 12)
    draw(day_line, coordinator)
    before = times_of(day_line)
    row.ends = dt.time(16)
    row.save()
    draw(day_line, coordinator)

    undo_drawing(day_line, now=BEFORE)

    assert times_of(day_line) == before


def test_what_was_changed_by_hand_stays(day_line, counsellor, other_counsellor, coordinator):
    put_in_pattern(day_line, counsellor, 0, 9, 12)
    draw(day_line, coordinator)
    given, moved, taken_out = Shift.objects.order_by("starts_at")[:3]
    change_shift(given, user=other_counsellor, starts_at=given.starts_at, ends_at=given.ends_at, note="")
    change_shift(moved, user=counsellor, starts_at=moved.starts_at, ends_at=oslo("2025-01-13 14:00"), note="")
    withdraw_shift(taken_out, now=BEFORE)
    add_shift(day_line, user=other_counsellor, starts_at=oslo("2025-01-07 09:00"), ends_at=oslo("2025-01-07 10:00"))

    plan = plan_shifts(day_line, half_year=SPRING, now=BEFORE)
    draw(day_line, coordinator)

    assert (plan.added, plan.withdrawn, len(plan.changed_by_hand), len(plan.added_by_hand)) == ([], [], 3, 1)
    assert times_of(day_line, other_counsellor) == [
        (oslo("2025-01-06 09:00"), oslo("2025-01-06 12:00")),
        (oslo("2025-01-07 09:00"), oslo("2025-01-07 10:00")),
    ]
    assert (oslo("2025-01-13 09:00"), oslo("2025-01-13 14:00")) in times_of(day_line, counsellor)
    assert len(times_of(day_line, counsellor)) == 24


def test_what_has_begun_is_left_alone(day_line, counsellor, coordinator):
    row = put_in_pattern(day_line, counsellor, 0, 9, 12)
    draw(day_line, coordinator)
    row.delete()

    draw(day_line, coordinator, now=oslo("2025-03-03 09:00"))

    assert times_of(day_line)[-1][0] == oslo("2025-03-03 09:00")


def test_shift_by_hand_where_the_pattern_has_one_is_not_doubled(day_line, counsellor, coordinator):
    put_in_pattern(day_line, counsellor, 0, 9, 12)
    add_shift(day_line, user=counsellor, starts_at=oslo("2025-01-06 09:00"), ends_at=oslo("2025-01-06 16:00"))

    draw(day_line, coordinator)

    assert len(times_of(day_line)) == 26


def test_two_rows_that_begin_at_once_give_the_longer(day_line, counsellor, coordinator):
    put_in_pattern(day_line, counsellor, 0, 9, 12)
    put_in_pattern(day_line, counsellor, 0, 9, 16)

    draw(day_line, coordinator)

    assert {end - start for start, end in times_of(day_line)} == {dt.timedelta(hours=7)}


def test_people_who_no_longer_answer_are_skipped_and_named(day_line, counsellor, other_counsellor, coordinator):
    put_in_pattern(day_line, counsellor, 0, 9, 12)
    put_in_pattern(day_line, other_counsellor, 0, 9, 12)
    counsellor.memberships.all().delete()
    other_counsellor.is_active = False
    other_counsellor.save()

    plan = plan_shifts(day_line, half_year=SPRING, now=BEFORE)

    assert plan.added == []
    assert [row.user for row in plan.skipped] == [counsellor, other_counsellor]


def test_other_helpline_is_not_touched(day_line, night_line, counsellor, coordinator):
    put_in_pattern(night_line, counsellor, 0, 9, 12)
    draw(night_line, counsellor)
    put_in_pattern(day_line, counsellor, 1, 9, 12)

    draw(day_line, coordinator)

    assert len(times_of(night_line)) == 26


def test_undo_brings_back_what_was(day_line, counsellor, other_counsellor, coordinator):
    row = put_in_pattern(day_line, counsellor, 0, 9, 12)
    draw(day_line, coordinator)
    before = times_of(day_line, counsellor)
    row.user = other_counsellor
    row.save()
    draw(day_line, coordinator)

    undo_drawing(day_line, now=BEFORE)

    assert times_of(day_line, counsellor) == before
    assert times_of(day_line, other_counsellor) == []
    assert latest_drawing(day_line) is None


def test_undo_keeps_what_was_changed_since(day_line, counsellor, other_counsellor, coordinator):
    put_in_pattern(day_line, counsellor, 0, 9, 12)
    draw(day_line, coordinator)
    shift = Shift.objects.earliest("starts_at")
    change_shift(shift, user=other_counsellor, starts_at=shift.starts_at, ends_at=shift.ends_at, note="")

    undo_drawing(day_line, now=BEFORE)

    assert times_of(day_line) == [(shift.starts_at, shift.ends_at)]


def test_undo_keeps_what_has_begun(day_line, counsellor, coordinator):
    put_in_pattern(day_line, counsellor, 0, 9, 12)
    draw(day_line, coordinator)

    undo_drawing(day_line, now=oslo("2025-01-13 10:00"))

    assert [start for start, _ in times_of(day_line)] == [oslo("2025-01-06 09:00"), oslo("2025-01-13 09:00")]


def test_undo_twice_is_refused(day_line, counsellor, coordinator):
    put_in_pattern(day_line, counsellor, 0, 9, 12)
    draw(day_line, coordinator)
    undo_drawing(day_line, now=BEFORE)

    with pytest.raises(NothingToUndo):
        undo_drawing(day_line, now=BEFORE)


def test_drawing_again_after_an_undo_draws_all_of_it(day_line, counsellor, other_counsellor, coordinator):
    row = put_in_pattern(day_line, counsellor, 0, 9, 12)
    draw(day_line, coordinator)
    row.user = other_counsellor
    row.save()
    draw(day_line, coordinator)
    undo_drawing(day_line, now=BEFORE)

    draw(day_line, coordinator)

    assert (len(times_of(day_line, counsellor)), len(times_of(day_line, other_counsellor))) == (0, 26)


def test_pattern_that_goes_back_draws_again_what_an_earlier_drawing_withdrew(
    day_line, counsellor, other_counsellor, coordinator
):
    row = put_in_pattern(day_line, counsellor, 0, 9, 12)
    for user in (counsellor, other_counsellor, counsellor):
        row.user = user
        row.save()
        draw(day_line, coordinator)

    assert (len(times_of(day_line, counsellor)), len(times_of(day_line, other_counsellor))) == (26, 0)


def test_confirming_another_plan_than_was_seen_is_refused(day_line, counsellor, other_counsellor, coordinator):
    put_in_pattern(day_line, counsellor, 0, 9, 12)
    seen = plan_shifts(day_line, half_year=SPRING, now=BEFORE).digest
    put_in_pattern(day_line, other_counsellor, 1, 9, 12)

    with pytest.raises(PlanChanged):
        draw(day_line, coordinator, digest=seen)

    assert times_of(day_line) == []


def test_drawing_takes_few_queries_whatever_its_size(day_line, counsellor, coordinator, django_assert_max_num_queries):
    for weekday in range(5):
        put_in_pattern(day_line, counsellor, weekday, 9, 16)

    with django_assert_max_num_queries(16):
        draw(day_line, coordinator)


@pytest.mark.parametrize(
    ("text", "first", "last"),
    [("2025-1", dt.date(2025, 1, 1), dt.date(2025, 6, 30)), ("2025-2", dt.date(2025, 7, 1), dt.date(2025, 12, 31))],
)
def test_half_year_has_its_first_and_last_day(text, first, last):
    half_year = HalfYear.of(first)

    assert HalfYear.parse(text) == half_year
    assert (half_year.first_on, half_year.last_on, str(half_year)) == (first, last, text)
    assert HalfYear.of(last).following.first_on == last + dt.timedelta(days=1)


@pytest.mark.parametrize("text", ["", "2025", "2025-3", "25-1", "2025-1x", "9999-1"])
def test_no_half_year(text):
    assert HalfYear.parse(text) is None


def test_undo_takes_the_last_one_made_whatever_the_clock_said(day_line, counsellor, coordinator):
    put_in_pattern(day_line, counsellor, 0, 9, 12)
    draw(day_line, coordinator, now=oslo("2024-12-20 12:00"))
    later_half_year = draw_up_shifts(
        day_line, half_year=HalfYear(2025, 2), by=coordinator, now=oslo("2024-12-19 12:00")
    )

    assert undo_drawing(day_line, now=BEFORE) == later_half_year
    assert len(times_of(day_line)) == 26
