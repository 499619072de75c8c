from __future__ import annotations

from counsellor.models import Counsellor, Shift
from counsellor.rules.roster import own_shifts, rostered_people, shifts_between, shifts_on_now
from counsellor.rules.roster_gaps import double_bookings, uncovered_hours
from counsellor.rules.roster_shifts import add_shift, withdraw_shift
from intake.models import Helpline
from intake.rules.timetable import Interval
from tests.counsellor.roster.oslo import oslo

MONDAY, TUESDAY = oslo("2025-06-16 00:00"), oslo("2025-06-17 00:00")


def shift(helpline: Helpline, user: Counsellor, start: str, end: str) -> Shift:
    return add_shift(helpline, user=user, starts_at=oslo(f"2025-06-{start}"), ends_at=oslo(f"2025-06-{end}"))


def test_uncovered_is_what_no_shift_covers(day_line, counsellor, other_counsellor):
    shift(day_line, counsellor, "16 08:30", "16 11:00")
    shift(day_line, other_counsellor, "16 12:00", "16 15:00")

    gaps = uncovered_hours(day_line, start=MONDAY, end=TUESDAY)

    assert gaps == [
        Interval(oslo("2025-06-16 11:00"), oslo("2025-06-16 12:00")),
        Interval(oslo("2025-06-16 15:00"), oslo("2025-06-16 16:00")),
    ]


def test_shift_on_another_helpline_covers_nothing_here(day_line, night_line, counsellor):
    shift(night_line, counsellor, "16 08:00", "16 17:00")

    assert len(uncovered_hours(day_line, start=MONDAY, end=TUESDAY)) == 1


def test_withdrawn_shift_covers_nothing(day_line, counsellor):
    withdraw_shift(shift(day_line, counsellor, "16 08:00", "16 17:00"), now=MONDAY)

    assert len(uncovered_hours(day_line, start=MONDAY, end=TUESDAY)) == 1


def test_gaps_as_if_a_plan_were_carried_out(day_line, counsellor, other_counsellor):
    given_up = shift(day_line, counsellor, "16 09:00", "16 12:00")
    shift(day_line, other_counsellor, "16 13:00", "16 16:00")
    planned = Interval(oslo("2025-06-16 09:00"), oslo("2025-06-16 10:00"))

    gaps = uncovered_hours(day_line, start=MONDAY, end=TUESDAY, added=[planned], withdrawn=[given_up])

    assert gaps == [Interval(oslo("2025-06-16 10:00"), oslo("2025-06-16 13:00"))]


def test_night_that_began_before_covers_what_it_reaches_into(night_line, counsellor):
    shift(night_line, counsellor, "15 22:00", "16 07:00")

    (gap,) = uncovered_hours(night_line, start=MONDAY, end=TUESDAY)

    assert gap.starts_at == oslo("2025-06-16 07:00")


def test_exactly_covered_leaves_nothing(day_line, counsellor):
    shift(day_line, counsellor, "16 09:00", "16 16:00")

    assert uncovered_hours(day_line, start=MONDAY, end=TUESDAY) == []


def test_round_the_clock_misses_the_hour_that_autumn_gives_twice(night_line, counsellor):
    add_shift(night_line, user=counsellor, starts_at=oslo("2025-10-25 22:00"), ends_at=oslo("2025-10-26 02:00"))
    add_shift(
        night_line,
        user=counsellor,
        starts_at=oslo("2025-10-26 02:30").replace(fold=1),
        ends_at=oslo("2025-10-26 08:00"),
    )

    gaps = uncovered_hours(night_line, start=oslo("2025-10-25 22:00"), end=oslo("2025-10-26 08:00"))

    assert [gap.length.total_seconds() / 3600 for gap in gaps] == [1.5]


def test_double_booked_across_helplines(day_line, night_line, counsellor):
    here = shift(day_line, counsellor, "16 09:00", "16 16:00")
    there = shift(night_line, counsellor, "16 06:00", "16 10:00")

    (double,) = double_bookings(day_line, start=MONDAY, end=TUESDAY)

    assert (double.shift, double.other) == (here, there)


def test_shifts_that_touch_are_no_double_booking(day_line, night_line, counsellor):
    shift(day_line, counsellor, "16 09:00", "16 16:00")
    shift(night_line, counsellor, "16 16:00", "16 22:00")

    assert double_bookings(day_line, start=MONDAY, end=TUESDAY) == []


def test_two_people_at_once_are_no_double_booking(day_line, counsellor, other_counsellor):
    shift(day_line, counsellor, "16 09:00", "16 16:00")
    shift(day_line, other_counsellor, "16 09:00", "16 16:00")

    assert double_bookings(day_line, start=MONDAY, end=TUESDAY) == []


def test_double_bookings_elsewhere_are_not_told(day_line, night_line, counsellor):
    shift(day_line, counsellor, "16 18:00", "16 19:00")
    shift(night_line, counsellor, "16 09:00", "16 16:00")
    shift(night_line, counsellor, "16 10:00", "16 12:00")

    assert double_bookings(day_line, start=MONDAY, end=TUESDAY) == []


def test_long_shift_over_two_short_ones_is_two_double_bookings(day_line, counsellor):
    shift(day_line, counsellor, "16 09:00", "16 16:00")
    shift(day_line, counsellor, "16 10:00", "16 11:00")
    shift(day_line, counsellor, "16 13:00", "16 14:00")

    assert len(double_bookings(day_line, start=MONDAY, end=TUESDAY)) == 2


def test_on_now_counts_the_first_minute_and_not_the_last(day_line, night_line, counsellor, other_counsellor):
    begins = shift(day_line, counsellor, "16 12:00", "16 16:00")
    shift(day_line, other_counsellor, "16 09:00", "16 12:00")

    assert shifts_on_now([day_line], now=oslo("2025-06-16 12:00")) == [begins]
    assert shifts_on_now([night_line], now=oslo("2025-06-16 12:00")) == []


def test_on_now_is_one_query_for_one_and_for_three(
    day_line, night_line, counsellor, other_counsellor, django_assert_num_queries
):
    shift(day_line, counsellor, "16 12:00", "16 16:00")
    with django_assert_num_queries(1):
        assert [str(s.user) + str(s.helpline) for s in shifts_on_now([day_line], now=oslo("2025-06-16 12:00"))]
    shift(day_line, other_counsellor, "16 12:00", "16 16:00")
    shift(night_line, counsellor, "16 12:00", "16 16:00")
    with django_assert_num_queries(1):
        assert len([str(s.user) for s in shifts_on_now([day_line, night_line], now=oslo("2025-06-16 12:00"))]) == 3


def test_own_shifts_are_hers_alone_and_not_the_past_ones(day_line, night_line, counsellor, other_counsellor):
    shift(day_line, counsellor, "15 09:00", "15 16:00")
    now_on = shift(night_line, counsellor, "16 06:00", "16 13:00")
    coming = shift(day_line, counsellor, "17 09:00", "17 16:00")
    shift(day_line, other_counsellor, "17 09:00", "17 16:00")

    assert own_shifts(counsellor, now=oslo("2025-06-16 12:00")) == [now_on, coming]


def test_week_holds_the_night_that_reaches_into_it(night_line, counsellor):
    over_midnight = shift(night_line, counsellor, "15 22:00", "16 06:00")

    assert shifts_between(night_line, start=MONDAY, end=TUESDAY) == [over_midnight]


def test_coordinator_and_closed_accounts_are_not_put_on_shifts(day_line, counsellor, other_counsellor, coordinator):
    other_counsellor.is_active = False
    other_counsellor.save()

    assert list(rostered_people(day_line)) == [counsellor]
