from __future__ import annotations

from typing import Any

import pytest
from django.db import connection

from counsellor.models import Counsellor
from intake.models import Conversation
from intake.rules.openings import Opened
from intake.rules.retention import purge_conversations
from intake.rules.snapshots import Known, find_changed

pytestmark = pytest.mark.django_db(databases=["default", "keys"])


def known(conversation: Conversation) -> Known:
    return Known(conversation.pk, conversation.head, conversation.epoch, conversation.state, conversation.counsellor_id)


@pytest.fixture(autouse=True)
def only_where_the_database_compares() -> None:
    if connection.vendor != "postgresql":
        pytest.skip("SQLite answers that anything may have changed")


def test_what_is_as_it_was_known_has_not_changed(visitor: Opened, other_visitor: Opened) -> None:
    assert find_changed([known(visitor.conversation), known(other_visitor.conversation)]) == set()


@pytest.mark.parametrize("change", [{"head": 7}, {"epoch": 7}, {"state": "active"}])
def test_each_change_is_found(visitor: Opened, other_visitor: Opened, change: dict[str, Any]) -> None:
    before = [known(visitor.conversation), known(other_visitor.conversation)]
    Conversation.objects.filter(pk=visitor.conversation.pk).update(**change, claimed_at="2026-11-22T12:00Z")

    assert find_changed(before) == {visitor.conversation.pk}


def test_another_counsellor_is_a_change_and_so_is_none(visitor: Opened, counsellor: Counsellor) -> None:
    before = known(visitor.conversation)
    Conversation.objects.filter(pk=visitor.conversation.pk).update(counsellor=counsellor)
    taken = known(Conversation.objects.get(pk=visitor.conversation.pk))

    assert find_changed([before]) == {visitor.conversation.pk}
    assert find_changed([taken]) == set()
    Conversation.objects.filter(pk=visitor.conversation.pk).update(counsellor=None)
    assert find_changed([taken]) == {visitor.conversation.pk}


def test_what_was_purged_has_changed(visitor: Opened) -> None:
    before = known(visitor.conversation)
    purge_conversations([visitor.conversation.public_id])

    assert find_changed([before]) == {visitor.conversation.pk}
