from __future__ import annotations

import pytest

from counsellor.models import Shift
from counsellor.rules.roster_shifts import DuplicateShift, EmptyShift, add_shift, change_shift, withdraw_shift
from tests.counsellor.roster.oslo import oslo

NINE, NOON, FOUR = oslo("2025-06-16 09:00"), oslo("2025-06-16 12:00"), oslo("2025-06-16 16:00")


def test_same_person_cannot_begin_twice_at_once(day_line, counsellor):
    add_shift(day_line, user=counsellor, starts_at=NINE, ends_at=NOON)

    with pytest.raises(DuplicateShift):
        add_shift(day_line, user=counsellor, starts_at=NINE, ends_at=FOUR)

    assert Shift.objects.count() == 1


def test_shift_cannot_move_onto_another_of_the_same_person(day_line, counsellor):
    add_shift(day_line, user=counsellor, starts_at=NINE, ends_at=NOON)
    later = add_shift(day_line, user=counsellor, starts_at=NOON, ends_at=FOUR)

    with pytest.raises(DuplicateShift):
        change_shift(later, user=counsellor, starts_at=NINE, ends_at=FOUR, note="")


def test_shift_may_keep_its_start(day_line, counsellor):
    shift = add_shift(day_line, user=counsellor, starts_at=NINE, ends_at=NOON)

    change_shift(shift, user=counsellor, starts_at=NINE, ends_at=FOUR, note="Bytte")

    shift.refresh_from_db()
    assert (shift.ends_at, shift.note) == (FOUR, "Bytte")


def test_shift_must_end_after_it_begins(day_line, counsellor):
    with pytest.raises(EmptyShift):
        add_shift(day_line, user=counsellor, starts_at=NINE, ends_at=NINE)


def test_withdrawn_shift_by_hand_is_gone_and_its_place_free(day_line, counsellor):
    withdraw_shift(add_shift(day_line, user=counsellor, starts_at=NINE, ends_at=NOON), now=NINE)

    add_shift(day_line, user=counsellor, starts_at=NINE, ends_at=NOON)

    assert Shift.objects.count() == 1
