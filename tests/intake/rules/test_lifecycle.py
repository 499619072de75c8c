from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta

import pytest
from django.db import connections
from django.utils import timezone

from counsellor.models import Counsellor
from intake.errors import AlreadyClaimed, Closed, Ended, Malformed, QueueFull, UnknownConversation
from intake.models import Conversation, Helpline, IntroQuestion, OpeningHours, PendingContact, Tally
from intake.rules.intro import read_intro
from intake.rules.lifecycle import (
    EndReason,
    claim_conversation,
    end_conversation,
    erase_conversation,
    find_by_token,
    hand_back_conversation,
)
from intake.rules.openings import Opened, open_conversation
from intake.sealing.models import SealKey
from tests.people import make_counsellor

pytestmark = pytest.mark.django_db

NOW = timezone.now()


def run_together(works: list[Callable[[], object]]) -> list[object]:
    """All at once, each in a thread with a connection of its own; what each returned or raised."""
    results: list[object] = [None] * len(works)
    gate = threading.Barrier(len(works))

    def run(index: int) -> None:
        gate.wait()
        try:
            results[index] = works[index]()
        except Exception as error:  # noqa: BLE001 - the result of the trial
            results[index] = error
        finally:
            connections.close_all()

    threads = [threading.Thread(target=run, args=(index,)) for index in range(len(works))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return results


def tally(helpline: Helpline, counter: str) -> int:
    return sum(Tally.objects.filter(helpline=helpline).values_list(counter, flat=True))


def test_open_puts_a_conversation_in_the_queue(helpline: Helpline) -> None:
    opened = open_conversation(helpline, language="en", intro={}, now=NOW)

    assert opened.conversation.state == "waiting"
    assert opened.conversation.language == "en"
    assert tally(helpline, "opened") == 1


def test_token_finds_its_conversation_and_is_not_kept(visitor: Opened, other_visitor: Opened) -> None:
    found = find_by_token(visitor.token)

    assert found == visitor.conversation
    assert bytes(found.token_hash) != visitor.token.encode()
    with pytest.raises(UnknownConversation):
        find_by_token(visitor.token[:-1])


def test_open_when_closed_is_refused_and_counted(helpline: Helpline) -> None:
    OpeningHours.objects.filter(helpline=helpline).delete()

    with pytest.raises(Closed):
        open_conversation(helpline, language="nb", intro={}, now=NOW)

    assert not Conversation.objects.exists()
    assert tally(helpline, "closed_door") == 1


def test_open_beyond_the_cap_is_refused(helpline: Helpline) -> None:
    helpline.queue_cap = 1
    helpline.save()
    open_conversation(helpline, language="nb", intro={}, now=NOW)

    with pytest.raises(QueueFull):
        open_conversation(helpline, language="nb", intro={}, now=NOW)


@pytest.mark.django_db(transaction=True)
def test_cap_holds_when_many_arrive_at_once(helpline: Helpline) -> None:
    helpline.queue_cap = 3
    helpline.save()

    results = run_together([lambda: open_conversation(helpline, language="nb", intro={}, now=NOW)] * 8)

    assert sum(isinstance(result, Opened) for result in results) == 3
    assert sum(isinstance(result, QueueFull) for result in results) == 5
    assert SealKey.objects.count() == 3


@pytest.mark.django_db(transaction=True)
def test_exactly_one_of_ten_counsellors_wins_a_claim(helpline: Helpline) -> None:
    staff = [make_counsellor(f"c{n}", f"C{n}", (helpline, "counsellor")) for n in range(10)]
    opened = open_conversation(helpline, language="nb", intro={}, now=NOW)

    def claim_as(person: Counsellor) -> Callable[[], object]:
        own_copy = Conversation.objects.get(pk=opened.conversation.pk)
        return lambda: claim_conversation(own_copy, counsellor=person, now=NOW)

    results = run_together([claim_as(person) for person in staff])

    assert sum(result is None for result in results) == 1
    assert sum(isinstance(result, AlreadyClaimed) for result in results) == 9
    winner = staff[results.index(None)]
    assert Conversation.objects.get(pk=opened.conversation.pk).counsellor == winner
    assert tally(helpline, "answered") == 1


def test_claiming_ones_own_again_succeeds(visitor: Opened, counsellor: Counsellor, helpline: Helpline) -> None:
    claim_conversation(visitor.conversation, counsellor=counsellor, now=NOW)
    claim_conversation(visitor.conversation, counsellor=counsellor, now=NOW)

    assert tally(helpline, "answered") == 1


def test_ended_conversation_cannot_be_claimed(visitor: Opened, counsellor: Counsellor) -> None:
    end_conversation(visitor.conversation, reason=EndReason.VISITOR, now=NOW)

    with pytest.raises(Ended):
        claim_conversation(visitor.conversation, counsellor=counsellor, now=NOW)


def test_end_of_an_answered_conversation_leaves_a_contact_to_register(visitor: Opened, counsellor: Counsellor) -> None:
    start = visitor.conversation.created_at
    claim_conversation(visitor.conversation, counsellor=counsellor, now=start + timedelta(minutes=7))

    end_conversation(visitor.conversation, reason=EndReason.COUNSELLOR, now=start + timedelta(minutes=52))

    pending = PendingContact.objects.get()
    assert (pending.duration_minutes, pending.waiting_minutes) == (45, 7)
    assert pending.counsellor == counsellor
    assert pending.started_at.minute % 15 == pending.started_at.second == pending.started_at.microsecond == 0


def test_end_twice_leaves_one_contact(visitor: Opened, counsellor: Counsellor) -> None:
    claim_conversation(visitor.conversation, counsellor=counsellor, now=NOW)

    first = end_conversation(visitor.conversation, reason=EndReason.COUNSELLOR, now=NOW)
    second = end_conversation(visitor.conversation, reason=EndReason.VISITOR, now=NOW)

    assert (first, second) == (True, False)
    assert PendingContact.objects.count() == 1
    assert Conversation.objects.get().end_reason == "counsellor"


def test_end_while_waiting_counts_as_given_up(visitor: Opened, helpline: Helpline) -> None:
    end_conversation(visitor.conversation, reason=EndReason.VISITOR, now=NOW)

    assert tally(helpline, "gave_up") == 1
    assert not PendingContact.objects.exists()


def test_erase_destroys_the_key_and_the_rows_but_not_the_statistics(visitor: Opened, counsellor: Counsellor) -> None:
    claim_conversation(visitor.conversation, counsellor=counsellor, now=NOW)

    erase_conversation(visitor.conversation, now=NOW)

    assert not Conversation.objects.exists()
    assert not SealKey.objects.filter(subject_id=visitor.conversation.public_id).exists()
    assert PendingContact.objects.get().conversation is None


def test_hand_back_gives_the_old_place(
    visitor: Opened, other_visitor: Opened, counsellor: Counsellor, other_counsellor: Counsellor
) -> None:
    claim_conversation(visitor.conversation, counsellor=counsellor, now=NOW)

    assert not hand_back_conversation(visitor.conversation, counsellor=other_counsellor, now=NOW)
    assert hand_back_conversation(visitor.conversation, counsellor=counsellor, now=NOW)

    waiting = Conversation.objects.filter(state="waiting").order_by("pk")
    assert list(waiting) == [visitor.conversation, other_visitor.conversation]


def test_conversation_that_was_handed_back_and_left_is_still_to_be_registered(
    visitor: Opened, counsellor: Counsellor, helpline: Helpline
) -> None:
    start = visitor.conversation.created_at
    claim_conversation(visitor.conversation, counsellor=counsellor, now=start + timedelta(minutes=4))
    hand_back_conversation(visitor.conversation, counsellor=counsellor, now=start + timedelta(minutes=20))

    end_conversation(visitor.conversation, reason=EndReason.VISITOR, now=start + timedelta(minutes=34))

    pending = PendingContact.objects.get()
    assert (pending.counsellor, pending.waiting_minutes, pending.duration_minutes) == (None, 4, 30)
    assert (tally(helpline, "answered"), tally(helpline, "gave_up")) == (1, 0)


def test_second_claim_after_handing_back_is_not_answered_again(
    visitor: Opened, counsellor: Counsellor, other_counsellor: Counsellor, helpline: Helpline
) -> None:
    claim_conversation(visitor.conversation, counsellor=counsellor, now=NOW)
    hand_back_conversation(visitor.conversation, counsellor=counsellor, now=NOW)
    claim_conversation(visitor.conversation, counsellor=other_counsellor, now=NOW)

    assert tally(helpline, "answered") == 1
    assert Conversation.objects.get(pk=visitor.conversation.pk).counsellor == other_counsellor


def test_claim_of_what_was_just_erased_says_that_it_ended(visitor: Opened, counsellor: Counsellor) -> None:
    erase_conversation(visitor.conversation, now=NOW)

    with pytest.raises(Ended):
        claim_conversation(visitor.conversation, counsellor=counsellor, now=NOW)


def test_day_of_the_end_is_the_helplines_day(visitor: Opened, counsellor: Counsellor) -> None:
    claim_conversation(visitor.conversation, counsellor=counsellor, now=NOW)

    end_conversation(visitor.conversation, reason=EndReason.COUNSELLOR, now=datetime(2026, 7, 1, 22, 30, tzinfo=UTC))

    assert PendingContact.objects.get().ended_on == date(2026, 7, 2)


@pytest.fixture
def questions(helpline: Helpline) -> Helpline:
    IntroQuestion.objects.create(helpline=helpline, key="about", label={"nb": "Hva gjelder det?"}, position=1)
    IntroQuestion.objects.create(
        helpline=helpline,
        key="relation",
        kind="choice",
        position=0,
        label={"nb": "Hvem er du?"},
        choices=[{"value": "child", "label": {"nb": "Barn"}}],
    )
    return helpline


def test_intro_answers_are_sealed_and_read_in_the_helplines_order(questions: Helpline) -> None:
    opened = open_conversation(
        questions, language="nb", intro={"about": "Pappa er i fengsel", "relation": "child"}, now=NOW
    )

    stored = Conversation.objects.get(pk=opened.conversation.pk)
    assert stored.intro_sealed is not None
    assert b"fengsel" not in bytes(stored.intro_sealed)
    assert read_intro(stored) == [("Hvem er du?", "Barn"), ("Hva gjelder det?", "Pappa er i fengsel")]


@pytest.mark.parametrize(
    "intro",
    [{"unknown": "x"}, {"relation": "uncle"}, {"about": 3}, {"about": "x" * 1001}, {"about": "\ud800"}, [], None],
)
def test_intro_that_was_not_asked_for_is_refused(questions: Helpline, intro: object) -> None:
    with pytest.raises(Malformed):
        open_conversation(questions, language="nb", intro=intro, now=NOW)
    assert not Conversation.objects.exists()


@pytest.mark.parametrize(("reason", "counts"), [("visitor", True), ("counsellor", True), ("abandoned", False)])
def test_only_what_somebody_does_lengthens_the_life_of_a_text(visitor: Opened, reason: str, counts: bool) -> None:
    before = visitor.conversation.last_activity_at
    later = before + timedelta(hours=6)

    end_conversation(visitor.conversation, reason=EndReason(reason), now=later)

    ended = Conversation.objects.get(pk=visitor.conversation.pk)
    assert ended.ended_at == later
    assert ended.last_activity_at == (later if counts else before)
