"""The checker finds what is planted in a history, and nothing in one where all is well."""

from __future__ import annotations

import copy
import random
from collections.abc import Callable
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.faults.checker import STORED_KINDS, Row, canary, check_refusals
from tests.faults.history import End, Reading, Shown
from tests.faults.made_history import ROLES, World, chat

pytestmark = pytest.mark.once


def renumbered(rows: list[Row]) -> list[Row]:
    return [replace(row, seq=number) for number, row in enumerate(rows, start=1)]


# -- what must be found ---------------------------------------------------------------------------------------


def lose_a_row(world: World) -> None:
    world.stored[1] = renumbered(world.stored[1][:2] + world.stored[1][3:])


def lose_the_last_row(world: World) -> None:
    world.stored[1].pop()


def leave_a_hole(world: World) -> None:
    del world.stored[1][2]


def store_twice(world: World) -> None:
    rows = world.stored[1]
    rows.append(replace(rows[0], seq=len(rows) + 1))


def swap_two_of_a_sender(world: World) -> None:
    rows = world.stored[1]
    rows[0], rows[2] = rows[2], rows[0]
    world.stored[1] = renumbered(rows)


def store_under_another_number(world: World) -> None:
    rows = world.stored[1]
    rows[0], rows[1] = rows[1], rows[0]
    world.stored[1] = renumbered(rows)


def change_a_text(world: World) -> None:
    world.stored[1][2] = replace(world.stored[1][2], body=f"{canary(1)} noe annet")


def change_a_sender(world: World) -> None:
    world.stored[1][2] = replace(world.stored[1][2], role="system")


def store_what_nobody_sent(world: World) -> None:
    world.stored[1].append(Row(len(world.stored[1]) + 1, "visitor", "id-x", f"{canary(1)} hvem?"))


def store_what_was_refused(world: World) -> None:
    world.write(1, "visitor", end=End.FAIL)


def store_in_another_conversation(world: World) -> None:
    world.stored[1].append(replace(world.stored[12][0], seq=len(world.stored[1]) + 1))


def leave_one_unanswered(world: World) -> None:
    world.history.operations[0].end = None


def tell_another_number(world: World) -> None:
    world.history.operations[0].seq += 1


def never_show(world: World) -> None:
    world.history.readings[0].shown.pop()


def never_show_one_in_the_middle(world: World) -> None:
    del world.history.readings[0].shown[2]


def never_show_one_to_who_left(world: World) -> None:
    del world.history.readings[2].shown[0]


def show_twice(world: World) -> None:
    shown = world.history.readings[0].shown
    shown.append(shown[0])


def show_in_another_order(world: World) -> None:
    shown = world.history.readings[0].shown
    shown[1], shown[2] = shown[2], shown[1]


def show_another_text(world: World) -> None:
    world.history.readings[0].shown[1].body = f"{canary(1)} noe annet"


def show_what_is_not_stored(world: World) -> None:
    shown = world.history.readings[0].shown
    shown.append(Shown(len(shown) + 1, "id-x", "visitor", f"{canary(1)} aldri lagret", 0.0))


def show_another_conversation(world: World) -> None:
    world.history.readings[0].shown[1].body = world.stored[12][1].body


def fetch_less(world: World) -> None:
    world.fetched[1].pop()


def fetch_another_text(world: World) -> None:
    world.fetched[1][0] = replace(world.fetched[1][0], body=f"{canary(1)} noe annet")


def shown_as(row: Row, *, body: str = "", seq: int = 0) -> Shown:
    return Shown(seq or row.seq, row.origin_id, row.role, body or row.body, 0.0)


def give_another_under_an_old_number(world: World) -> None:
    rows = world.stored[1]
    world.history.readings[0].contradictions.append(shown_as(rows[2], seq=1))


def give_a_foreign_one_under_an_old_number(world: World) -> None:
    world.history.readings[0].contradictions.append(shown_as(world.stored[12][0]))


def give_a_foreign_one_too_early(world: World) -> None:
    world.history.readings[0].early.append(shown_as(world.stored[12][3]))


def give_another_text_too_early(world: World) -> None:
    world.history.readings[0].early.append(shown_as(world.stored[1][3], body=f"{canary(1)} noe annet"))


def give_what_nobody_sent_too_early(world: World) -> None:
    world.history.readings[0].early.append(Shown(9, "id-x", "visitor", f"{canary(1)} aldri", 0.0))


def show_a_foreign_one_on_a_dropped_screen(world: World) -> None:
    world.history.readings[0].screens.append([shown_as(world.stored[12][0])])


def show_twice_on_a_dropped_screen(world: World) -> None:
    row = world.stored[1][0]
    world.history.readings[0].screens.append([shown_as(row), shown_as(row, seq=2)])


def show_in_another_order_on_a_dropped_screen(world: World) -> None:
    rows = world.stored[1]
    world.history.readings[0].screens.append([shown_as(rows[1]), shown_as(rows[0])])


def acknowledge_anothers_message(world: World) -> None:
    world.history.readings[0].strange_acks.append(world.stored[12][0].origin_id)


def acknowledge_twice_otherwise(world: World) -> None:
    world.history.operations[0].told.update({1, 2})


PLANTED: list[tuple[Callable[[World], None], str]] = [
    (lose_a_row, "lost"),
    (lose_the_last_row, "lost"),
    (leave_a_hole, "reordered"),
    (store_twice, "doubled"),
    (swap_two_of_a_sender, "reordered"),
    (store_under_another_number, "changed"),
    (change_a_text, "changed"),
    (change_a_sender, "changed"),
    (store_what_nobody_sent, "invented"),
    (store_what_was_refused, "invented"),
    (store_in_another_conversation, "foreign"),
    (leave_one_unanswered, "unsettled"),
    (tell_another_number, "changed"),
    (never_show, "lost"),
    (never_show_one_in_the_middle, "lost"),
    (never_show_one_to_who_left, "lost"),
    (show_twice, "doubled"),
    (show_in_another_order, "reordered"),
    (show_another_text, "divergent"),
    (show_what_is_not_stored, "divergent"),
    (show_another_conversation, "foreign"),
    (fetch_less, "divergent"),
    (fetch_another_text, "divergent"),
    (give_another_under_an_old_number, "changed"),
    (give_a_foreign_one_under_an_old_number, "foreign"),
    (give_a_foreign_one_too_early, "foreign"),
    (give_another_text_too_early, "changed"),
    (give_what_nobody_sent_too_early, "invented"),
    (show_a_foreign_one_on_a_dropped_screen, "foreign"),
    (show_twice_on_a_dropped_screen, "doubled"),
    (show_in_another_order_on_a_dropped_screen, "reordered"),
    (acknowledge_anothers_message, "foreign"),
    (acknowledge_twice_otherwise, "changed"),
]


@pytest.mark.parametrize(("plant", "kind"), PLANTED, ids=lambda value: getattr(value, "__name__", value))
def test_planted_fault_is_found(plant: Callable[[World], None], kind: str) -> None:
    world = chat()

    plant(world)

    assert kind in world.kinds()


def test_every_kind_of_finding_about_a_history_is_planted() -> None:
    assert {kind for _, kind in PLANTED} == set(STORED_KINDS)


def test_chat_without_faults_is_clean() -> None:
    assert chat().findings() == []


def test_screen_that_was_dropped_is_clean_when_it_was_right() -> None:
    world = chat()
    reading = world.history.readings[0]
    reading.drop()
    reading.shown = list(reading.screens[0])

    assert world.findings() == []


def test_who_is_sent_away_is_found_unless_the_fault_may_do_so() -> None:
    world = chat()
    world.history.readings[0].stopped_by = 4410

    assert [finding.kind for finding in check_refusals(world.history)] == ["refused"]
    assert [finding.kind for finding in check_refusals(world.history, allowed=frozenset({1008}))] == ["refused"]
    assert check_refusals(world.history, allowed=frozenset({4410})) == []


def test_what_is_refused_for_good_is_found_unless_its_writer_might_be_sent_away() -> None:
    world = chat()
    world.write(1, "visitor", end=End.FAIL, stored=False)

    assert [finding.kind for finding in check_refusals(world.history)] == ["refused"]
    world.history.readings[0].stopped_by = 4410
    assert check_refusals(world.history, allowed=frozenset({4410})) == []


def test_unknown_may_be_stored_or_not() -> None:
    world = World()
    world.write(1, "visitor", end=End.UNKNOWN)
    world.write(1, "visitor", end=End.UNKNOWN, stored=False)
    world.write(1, "visitor", end=End.FAIL, stored=False)

    assert world.findings() == []


def test_unknown_may_not_be_stored_twice() -> None:
    world = World()
    world.write(1, "visitor", end=End.UNKNOWN)
    world.stored[1].append(replace(world.stored[1][0], seq=2))

    assert "doubled" in world.kinds()


def test_forgiven_may_be_missing_but_not_doubled() -> None:
    world = World()
    kept, gone = world.write(1, "visitor"), world.write(1, "visitor")
    world.stored[1].pop()

    assert world.findings(gone.origin_id) == []
    assert world.kinds() == {"lost"}
    world.stored[1].append(replace(world.stored[1][0], seq=2))
    assert world.kinds(kept.origin_id, gone.origin_id) >= {"doubled"}


def test_canary_of_a_longer_number_is_foreign() -> None:
    assert not f"{canary(12)} tekst".startswith(canary(1))


# -- any history ----------------------------------------------------------------------------------------------

Messages = st.lists(
    st.tuples(
        st.integers(min_value=1, max_value=3),
        st.sampled_from(ROLES),
        st.sampled_from([(End.OK, True), (End.OK, True), (End.UNKNOWN, True), (End.UNKNOWN, False), (End.FAIL, False)]),
    ),
    max_size=30,
)
Leavers = st.lists(st.tuples(st.integers(min_value=1, max_value=3), st.integers(min_value=0, max_value=30)), max_size=4)


def build(messages: list[tuple[int, str, tuple[End, bool]]], leavers: list[tuple[int, int]]) -> World:
    world = World()
    for conversation, role, (end, stored) in messages:
        world.write(conversation, role, end=end, stored=stored)
    for conversation in range(1, 4):
        world.stored.setdefault(conversation, [])
        for role in ROLES:
            world.read(conversation, role)
    for conversation, upto in leavers:
        world.read(conversation, "visitor", upto=upto)
    world.fetch()
    return world


@given(Messages, Leavers)
def test_any_history_without_faults_is_clean(
    messages: list[tuple[int, str, tuple[End, bool]]], leavers: list[tuple[int, int]]
) -> None:
    assert build(messages, leavers).findings() == []


def corrupt_rows(rows: list[Row], chance: random.Random) -> None:
    """One thing is wrong with them."""
    place = chance.randrange(len(rows))
    row = rows[place]
    match chance.choice(["gone", "twice", "text", "role", "id", "number"]):
        case "gone":
            del rows[place]
        case "twice":
            rows.insert(place, row)
        case "text":
            rows[place] = replace(row, body=row.body + "!")
        case "role":
            rows[place] = replace(row, role="system")
        case "id":
            rows[place] = replace(row, origin_id="id-x")
        case "number":
            rows[place] = replace(row, seq=row.seq + chance.choice([-1, 1]))


def corrupt_reading(reading: Reading, chance: random.Random) -> None:
    rows = [Row(shown.seq, shown.role, shown.origin_id, shown.body) for shown in reading.shown]
    corrupt_rows(rows, chance)
    reading.shown = [Shown(row.seq, row.origin_id, row.role, row.body, 0.0) for row in rows]


@given(Messages, Leavers, st.integers(min_value=0), st.sampled_from(["stored", "fetched", "shown", "told"]))
def test_any_single_fault_in_any_history_is_found(
    messages: list[tuple[int, str, tuple[End, bool]]], leavers: list[tuple[int, int]], seed: int, where: str
) -> None:
    chance = random.Random(seed)
    world = build([(1, "visitor", (End.OK, True)), *messages], leavers)
    clean = copy.deepcopy(world)

    match where:
        case "stored":
            corrupt_rows(chance.choice([rows for rows in world.stored.values() if rows]), chance)
        case "fetched":
            corrupt_rows(chance.choice([rows for rows in world.fetched.values() if rows]), chance)
        case "shown":
            corrupt_reading(chance.choice([r for r in world.history.readings if r.alive and r.shown]), chance)
        case "told":
            chance.choice(world.history.acked()).seq += chance.choice([-1, 1])

    assert clean.findings() == []
    assert world.findings()
