from __future__ import annotations

import pytest
from django.db import DatabaseError
from django.utils import timezone

from intake.errors import Closed, QueueFull, Unavailable
from intake.models import Conversation, Helpline, OpeningHours, Tally
from intake.rules.intro import read_intro
from intake.rules.openings import Opened, Wanted, open_conversations
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
    broken = [Wanted(make_helpline("to", "To"), "nb", {}, token="one token for two")] * 2

    results = open_conversations([*broken, Wanted(helpline, "nb", {})], now=NOW)

    assert [type(result) for result in results] == [Unavailable, Unavailable, Opened]
    with pytest.raises(DatabaseError):
        open_conversations(broken, now=NOW)


def test_asked_again_after_a_lost_answer_they_get_the_same_conversations(helpline: Helpline) -> None:
    wanted = [Wanted(helpline, "nb", {}) for _ in range(3)]
    before = open_conversations(wanted[:2], now=NOW)

    again = open_conversations(wanted, now=NOW)

    assert [r.conversation.pk for r in again[:2] if isinstance(r, Opened)] == [
        r.conversation.pk for r in before if isinstance(r, Opened)
    ]
    assert Conversation.objects.count() == opened_today(helpline) == SealKey.objects.count() == 3
