from __future__ import annotations

import pytest
from django.db import DatabaseError
from django.utils import timezone

from intake.errors import Closed, Ended, QueueFull, Unavailable
from intake.models import Conversation, Helpline, OpeningHours, Tally
from intake.rules.intro import read_intro
from intake.rules.lifecycle import EndReason, end_conversation
from intake.rules.openings import Opened, Wanted, _prepare, _put_in_queue, open_conversations
from intake.sealing.models import SealKey
from tests.people import make_helpline

pytestmark = pytest.mark.django_db(databases=["default", "keys"])

NOW = timezone.now()


def opened_today(helpline: Helpline) -> int:
    return sum(Tally.objects.filter(helpline=helpline).values_list("opened", flat=True))


def test_those_who_come_together_stand_in_the_queue_in_their_order(helpline: Helpline) -> None:
    results = open_conversations([Wanted(helpline, "nb", {}) for _ in range(5)], now=NOW)

    ids = [result.conversation.pk for result in results if isinstance(result, Opened)]
    assert ids == sorted(ids)
    assert len(ids) == len(set(ids)) == 5
    assert opened_today(helpline) == 5


def test_each_gets_her_own_answers_sealed(helpline: Helpline) -> None:
    helpline.intro_questions.create(key="about", label={"nb": "Hva gjelder det?"}, kind="text", position=1)
    wanted = [
        Wanted(helpline, "nb", {"about": "Pappa"}),
        Wanted(helpline, "nb", {}),
        Wanted(helpline, "nb", {"about": "Mamma"}),
    ]

    results = open_conversations(wanted, now=NOW)

    stored = [Conversation.objects.get(token_hash=r.conversation.token_hash) for r in results if isinstance(r, Opened)]
    assert [read_intro(one) for one in stored] == [[("Hva gjelder det?", "Pappa")], [], [("Hva gjelder det?", "Mamma")]]


def test_those_beyond_the_cap_are_refused_and_leave_no_key(helpline: Helpline) -> None:
    helpline.queue_cap = 3
    helpline.save()

    results = open_conversations([Wanted(helpline, "nb", {}) for _ in range(5)], now=NOW)

    assert [type(result) for result in results] == [Opened] * 3 + [QueueFull] * 2
    assert SealKey.objects.count() == Conversation.objects.count() == opened_today(helpline) == 3


def test_a_closed_helpline_does_not_close_another(helpline: Helpline) -> None:
    closed = make_helpline("stengt", "Stengt")
    OpeningHours.objects.filter(helpline=closed).delete()

    results = open_conversations(
        [Wanted(closed, "nb", {}), Wanted(helpline, "nb", {}), Wanted(closed, "nb", {})], now=NOW
    )

    assert [type(result) for result in results] == [Closed, Opened, Closed]
    assert Tally.objects.get(helpline=closed).closed_door == 2


def test_what_goes_wrong_at_one_helpline_keeps_nobody_out_of_another(helpline: Helpline) -> None:
    open_conversations([Wanted(helpline, "nb", {}, token="one token for two helplines")], now=NOW)
    broken = Wanted(make_helpline("to", "To"), "nb", {}, token="one token for two helplines")

    results = open_conversations([broken, Wanted(helpline, "nb", {}), broken], now=NOW)

    assert [type(result) for result in results] == [Unavailable, Opened, Unavailable]
    with pytest.raises(DatabaseError):
        open_conversations([broken, broken], now=NOW)


def test_asked_again_after_a_lost_answer_they_get_the_same_conversations(helpline: Helpline) -> None:
    wanted = [Wanted(helpline, "nb", {}) for _ in range(3)]
    before = open_conversations(wanted[:2], now=NOW)

    again = open_conversations(wanted, now=NOW)

    assert [r.conversation.pk for r in again[:2] if isinstance(r, Opened)] == [
        r.conversation.pk for r in before if isinstance(r, Opened)
    ]
    assert Conversation.objects.count() == opened_today(helpline) == SealKey.objects.count() == 3


def test_asked_twice_at_once_she_waits_once(helpline: Helpline) -> None:
    impatient = Wanted(helpline, "nb", {})

    first, other, second = open_conversations([impatient, Wanted(helpline, "nb", {}), impatient], now=NOW)

    assert isinstance(first, Opened)
    assert first == second != other
    assert Conversation.objects.count() == opened_today(helpline) == SealKey.objects.count() == 2


def test_asked_again_where_the_queue_is_full_she_keeps_her_place(helpline: Helpline) -> None:
    helpline.queue_cap = 1
    helpline.save()
    wanted = Wanted(helpline, "nb", {})
    [before] = open_conversations([wanted], now=NOW)

    again, other = open_conversations([wanted, Wanted(helpline, "nb", {})], now=NOW)

    assert again == before
    assert isinstance(other, QueueFull)


def test_asked_again_when_it_is_over_nothing_is_opened(helpline: Helpline) -> None:
    wanted = Wanted(helpline, "nb", {})
    [before] = open_conversations([wanted], now=NOW)
    assert isinstance(before, Opened)
    end_conversation(before.conversation, reason=EndReason.ABANDONED, now=NOW)

    [again] = open_conversations([wanted], now=NOW)

    assert isinstance(again, Ended)
    assert Conversation.objects.count() == 1


def test_asked_of_two_processes_at_once_she_waits_once(helpline: Helpline) -> None:
    """Neither has found her when both prepare: the second sees in the queue what the first has put there."""
    wanted = [Wanted(helpline, "nb", {}), Wanted(helpline, "nb", {})]
    prepared = _prepare(wanted, now=NOW)
    [first] = open_conversations(wanted[:1], now=NOW)

    results = _put_in_queue(wanted, prepared, now=NOW)

    assert results == [first, prepared[1]]
    assert Conversation.objects.count() == opened_today(helpline) == 2
