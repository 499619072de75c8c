"""A few messages are stored in one round trip, by what this process remembers. What it remembers may be wrong."""

from __future__ import annotations

import threading
import uuid
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from django.db import connection, connections
from django.utils import timezone

from counsellor.models import Counsellor
from intake.delivery.database_thread import _do
from intake.models import Conversation, Message
from intake.rules import known_heads as heads_module
from intake.rules import messages
from intake.rules.known_heads import KnownHeads
from intake.rules.lifecycle import claim_conversation, end_conversation
from intake.rules.message_rows import Head, Row, store_if_unchanged
from intake.rules.messages import A_FEW_MESSAGES, Outcome, Posting, Stored, read_messages, store_messages
from intake.rules.openings import Opened, open_conversation
from intake.rules.restoration import NEW_EPOCHS
from tests.intake.rules.test_messages import kinds, refusing_rows_of

pytestmark = pytest.mark.django_db(transaction=True)

NOW = timezone.now()
Elsewhere = Callable[[Iterable[Posting]], list[Outcome]]


def post(visitor: Opened, body: str = "hei", *, by: Counsellor | None = None) -> Posting:
    sender = Message.Role.COUNSELLOR if by else Message.Role.VISITOR
    return Posting(visitor.conversation.pk, sender, by.pk if by else None, uuid.uuid4(), body)


def store(*postings: Posting) -> list[Outcome]:
    return store_messages(postings, now=NOW)


def numbers(outcomes: Iterable[Outcome]) -> list[int]:
    return [outcome.seq for outcome in outcomes if isinstance(outcome, Stored)]


def bodies(visitor: Opened) -> list[str]:
    """As they are stored, by their numbers, which have no holes."""
    found: list[Stored] = []
    while page := read_messages({visitor.conversation.pk: len(found)}).get(visitor.conversation.pk):
        found += page
    assert [message.seq for message in found] == list(range(1, len(found) + 1))
    return [message.body for message in found]


@contextmanager
def in_another_process(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """What is done here, this process does not remember."""
    with monkeypatch.context() as patch:
        patch.setattr(messages, "known_heads", KnownHeads())
        yield


@pytest.fixture
def known(monkeypatch: pytest.MonkeyPatch) -> KnownHeads:
    """What this process remembers: nothing yet."""
    own = KnownHeads()
    monkeypatch.setattr(messages, "known_heads", own)
    return own


@pytest.fixture
def at_once(monkeypatch: pytest.MonkeyPatch, known: KnownHeads) -> list[int]:
    """How many messages were stored in one round trip, each time that it was tried."""
    found: list[int] = []

    def counted(rows: list[Row], heads: dict[int, Head], **options: object) -> set[int]:
        unchanged = store_if_unchanged(rows, heads, **options)
        found.append(len(unchanged))
        return unchanged

    monkeypatch.setattr(messages, "store_if_unchanged", counted)
    return found


def only_on_postgres(tries: list[int]) -> list[int]:
    """SQLite has no round trips to save: there everything goes the usual way."""
    return tries if connection.vendor == "postgresql" else []


def test_from_the_second_message_on(visitor: Opened, at_once: list[int]) -> None:
    outcomes = [*store(post(visitor, "en")), *store(post(visitor, "to")), *store(post(visitor, "tre"))]

    assert numbers(outcomes) == [1, 2, 3]
    assert bodies(visitor) == ["en", "to", "tre"]
    assert at_once == only_on_postgres([1, 1])


def test_counsellor_too(visitor: Opened, counsellor: Counsellor, at_once: list[int]) -> None:
    claim_conversation(visitor.conversation, counsellor=counsellor, now=NOW)
    store(post(visitor, "en"))

    assert numbers(store(post(visitor, "to", by=counsellor))) == [2]
    assert at_once == only_on_postgres([1])


def test_another_process_has_written(visitor: Opened, at_once: list[int], monkeypatch: pytest.MonkeyPatch) -> None:
    store(post(visitor, "en"))
    with in_another_process(monkeypatch):
        store(post(visitor, "to"))

    assert numbers(store(post(visitor, "tre"))) == [3]
    assert numbers(store(post(visitor, "fire"))) == [4]
    assert bodies(visitor) == ["en", "to", "tre", "fire"]
    assert at_once == only_on_postgres([0, 1])


def test_what_another_process_wrote_and_was_read_here_is_known(
    visitor: Opened, at_once: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    store(post(visitor, "en"))
    with in_another_process(monkeypatch):
        store(post(visitor, "to"))
    read_messages({visitor.conversation.pk: 1})

    assert numbers(store(post(visitor, "tre"))) == [3]
    assert at_once == only_on_postgres([1])


def test_retry_is_known_by_its_id(visitor: Opened, at_once: list[int]) -> None:
    first = post(visitor, "en")
    store(first)
    store(post(visitor, "to"))

    again, changed = store(first), store(replace(first, body="noe annet"))

    assert [(type(outcome), outcome.seq, outcome.first) for outcome in again if isinstance(outcome, Stored)] == [
        (Stored, 1, False)
    ]
    assert kinds(changed) == ["ConflictingRetry"]
    assert bodies(visitor) == ["en", "to"]


def test_retry_of_what_another_process_stored(
    visitor: Opened, at_once: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    store(post(visitor, "en"))
    sent = post(visitor, "to")
    with in_another_process(monkeypatch):
        store(sent)

    assert numbers(store(sent)) == [2]
    assert bodies(visitor) == ["en", "to"]


def test_who_gave_it_back_writes_no_more(
    visitor: Opened, counsellor: Counsellor, other_counsellor: Counsellor, at_once: list[int]
) -> None:
    claim_conversation(visitor.conversation, counsellor=counsellor, now=NOW)
    store(post(visitor, "en", by=counsellor))
    Conversation.objects.filter(pk=visitor.conversation.pk).update(counsellor=other_counsellor)

    assert kinds(store(post(visitor, "to", by=counsellor))) == ["NotPermitted"]
    assert numbers(store(post(visitor, "to", by=other_counsellor))) == [2]
    assert kinds(store(post(visitor, "tre", by=counsellor))) == ["NotPermitted"]
    assert bodies(visitor) == ["en", "to"]


def test_new_owner_is_not_refused_by_what_is_remembered(
    visitor: Opened, counsellor: Counsellor, at_once: list[int]
) -> None:
    store(post(visitor, "en"))
    claim_conversation(visitor.conversation, counsellor=counsellor, now=NOW)

    assert numbers(store(post(visitor, "to", by=counsellor))) == [2]


def test_ended_in_the_meantime(visitor: Opened, at_once: list[int]) -> None:
    sent = post(visitor, "en")
    store(sent)
    end_conversation(visitor.conversation, reason=Conversation.EndReason.VISITOR, now=NOW)

    assert kinds(store(post(visitor, "to"))) == ["Ended"]
    assert numbers(store(sent)) == [1]
    assert bodies(visitor) == ["en"]


def test_restored_in_the_meantime(visitor: Opened, at_once: list[int]) -> None:
    store(post(visitor, "en"))
    with connection.cursor() as cursor:
        cursor.execute(NEW_EPOCHS[connection.vendor])
    epoch = Conversation.objects.get(pk=visitor.conversation.pk).epoch

    stored = store(post(visitor, "to"))[0]

    assert isinstance(stored, Stored)
    assert stored.epoch == epoch


def test_another_conversation_has_its_place(visitor: Opened, at_once: list[int]) -> None:
    """As after a restore that gives out numbers a second time."""
    store(post(visitor, "en"))
    Conversation.objects.filter(pk=visitor.conversation.pk).update(public_id=uuid.uuid4())

    assert kinds(store(post(visitor, "to"))) == ["UnknownConversation"]
    assert Message.objects.count() == 1


def test_one_that_has_changed_among_others(
    visitor: Opened, other_visitor: Opened, at_once: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    store(post(visitor, "en"), post(other_visitor, "one"))
    with in_another_process(monkeypatch):
        store(post(visitor, "to"))

    outcomes = store(post(other_visitor, "two"), post(visitor, "tre"))

    assert [(outcome.body, outcome.seq) for outcome in outcomes if isinstance(outcome, Stored)] == [
        ("two", 2),
        ("tre", 3),
    ]
    assert (bodies(visitor), bodies(other_visitor)) == (["en", "to", "tre"], ["one", "two"])
    assert at_once == only_on_postgres([1])


def test_two_of_one_conversation_go_the_usual_way(visitor: Opened, other_visitor: Opened, at_once: list[int]) -> None:
    store(post(visitor, "en"), post(other_visitor, "one"))

    outcomes = store(post(visitor, "to"), post(other_visitor, "two"), post(visitor, "tre"))

    assert [(o.body, o.seq, o.first) for o in outcomes if isinstance(o, Stored)] == [
        ("to", 2, True),
        ("two", 2, True),
        ("tre", 3, True),
    ]
    assert at_once == []


def test_conversation_that_is_gone_is_forgotten(visitor: Opened, known: KnownHeads) -> None:
    store(post(visitor, "en"))
    Message.objects.all().delete()
    Conversation.objects.filter(pk=visitor.conversation.pk).delete()

    assert kinds(store(post(visitor, "to"))) == ["UnknownConversation"]
    assert not only_on_postgres(list(known.of([visitor.conversation.pk])))


def test_many_go_the_usual_way(visitor: Opened, at_once: list[int]) -> None:
    helpline = visitor.conversation.helpline
    visitors = [open_conversation(helpline, language="nb", intro={}, now=NOW) for _ in range(A_FEW_MESSAGES + 1)]
    store(*(post(each, "en") for each in visitors))

    store(*(post(each, "to") for each in visitors))
    store(*(post(each, "tre") for each in visitors[:A_FEW_MESSAGES]))

    assert at_once == only_on_postgres([A_FEW_MESSAGES])
    assert [len(bodies(each)) for each in visitors] == [3] * A_FEW_MESSAGES + [2]


def test_row_that_the_database_refuses_does_not_fail_its_neighbour(
    visitor: Opened, other_visitor: Opened, at_once: list[int]
) -> None:
    store(post(visitor, "en"), post(other_visitor, "one"))
    with refusing_rows_of(visitor.conversation):
        outcomes = store(post(visitor, "to"), post(other_visitor, "two"))

    assert kinds(outcomes) == ["Unavailable", "Stored"]
    assert numbers(store(post(visitor, "tre"))) == [2]
    assert (bodies(visitor), bodies(other_visitor)) == (["en", "tre"], ["one", "two"])


@contextmanager
def refusing_commits_with(visitor: Opened) -> Iterator[None]:
    """The database takes this conversation's rows, and refuses to commit them."""
    with connection.cursor() as cursor:
        cursor.execute(
            "CREATE FUNCTION late() RETURNS trigger AS $$ BEGIN"
            f" IF NEW.conversation_id = {visitor.conversation.pk} THEN RAISE EXCEPTION 'late'; END IF;"
            " RETURN NULL; END $$ LANGUAGE plpgsql"
        )
        cursor.execute(
            "CREATE CONSTRAINT TRIGGER late AFTER INSERT ON intake_message DEFERRABLE INITIALLY DEFERRED"
            " FOR EACH ROW EXECUTE FUNCTION late()"
        )
    try:
        yield
    finally:
        connection.close()
        with connection.cursor() as cursor:
            cursor.execute("DROP TRIGGER late ON intake_message")
            cursor.execute("DROP FUNCTION late")


def test_commit_that_the_database_refuses_does_not_fail_its_neighbour(
    visitor: Opened, other_visitor: Opened, at_once: list[int]
) -> None:
    if connection.vendor != "postgresql":
        pytest.skip("SQLite has no triggers that wait for the commit.")
    store(post(visitor, "en"), post(other_visitor, "one"))
    with refusing_commits_with(visitor):
        outcomes = _do(lambda: store(post(visitor, "to"), post(other_visitor, "two")))

    assert kinds(outcomes) == ["Unavailable", "Stored"]
    assert (bodies(visitor), bodies(other_visitor)) == (["en"], ["one", "two"])


def test_message_keeps_its_conversation_alive(visitor: Opened, at_once: list[int]) -> None:
    store(post(visitor, "en"))
    later = (timezone.now() + timedelta(minutes=2)).replace(second=30)

    store_messages([post(visitor, "to")], now=later)

    assert last_activity_at(visitor) == later.replace(second=0, microsecond=0)
    assert at_once == only_on_postgres([1])


@pytest.mark.parametrize("many", [1, A_FEW_MESSAGES + 1])
def test_messages_move_the_last_activity_and_never_back(visitor: Opened, known: KnownHeads, many: int) -> None:
    store(post(visitor, "en"))
    later = (timezone.now() + timedelta(minutes=2)).replace(second=0, microsecond=0)

    store_messages([post(visitor, f"{number}") for number in range(many)], now=later)
    store(*[post(visitor, f"fra en klokke som går etter {number}") for number in range(many)])

    assert last_activity_at(visitor) == later


def test_messages_of_a_minute_move_no_index_of_their_conversation(visitor: Opened, at_once: list[int]) -> None:
    if connection.vendor != "postgresql":
        pytest.skip("SQLite writes an index when its value changes, and then alone.")
    minute = (timezone.now() + timedelta(minutes=2)).replace(second=0, microsecond=0)
    store_messages([post(visitor, "en")], now=minute)
    before = updates_of_conversations()

    for number in range(10):
        store_messages([post(visitor, f"{number}")], now=minute + timedelta(seconds=number))

    whole, heap_only = [after - earlier for after, earlier in zip(updates_of_conversations(), before, strict=True)]
    assert whole == heap_only == 10
    assert at_once == [1] * 10


def updates_of_conversations() -> tuple[int, int]:
    """So far: all, and those that wrote no index."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_stat_force_next_flush()")
        cursor.execute("SELECT pg_stat_clear_snapshot()")
        cursor.execute("SELECT n_tup_upd, n_tup_hot_upd FROM pg_stat_user_tables WHERE relname = 'intake_conversation'")
        whole, heap_only = cursor.fetchone()
        return whole, heap_only


def last_activity_at(opened: Opened) -> datetime:
    return Conversation.objects.get(pk=opened.conversation.pk).last_activity_at


def test_writers_at_the_same_moment(visitor: Opened, at_once: list[int]) -> None:
    """All of them trust one memory that each of them makes wrong for the others."""
    store(post(visitor, "først"))
    stored: list[list[int]] = [[], [], []]
    errors: list[BaseException] = []

    def write(own: int) -> None:
        try:
            for number in range(25):
                stored[own] += numbers(store(post(visitor, f"{own} {number}")))
        except BaseException as error:  # noqa: BLE001 - told below, in the test's own thread
            errors.append(error)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=write, args=(own,)) for own in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert not errors
    found = bodies(visitor)
    assert len(found) == 1 + 3 * 25
    for own in range(3):
        assert stored[own] == sorted(stored[own])
        assert [found[seq - 1] for seq in stored[own]] == [f"{own} {number}" for number in range(25)]


def test_memory_has_an_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(heads_module, "MOST", 3)
    known = KnownHeads()
    head = Head(uuid.uuid4(), 1, Conversation.State.WAITING, None, 1)

    known.keep({1: head, 2: head, 3: head})
    known.keep({1: head._replace(head=2)})
    known.keep({4: head, 5: head._replace(state=Conversation.State.ENDED)})

    assert known.of(range(6)) == {1: head._replace(head=2), 3: head, 4: head}
