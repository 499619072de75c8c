from __future__ import annotations

import re
from collections import Counter as Counted
from datetime import timedelta
from typing import Any

import pytest
from asgiref.sync import sync_to_async
from django.utils import timezone
from prometheus_client import CollectorRegistry, Counter, Histogram
from prometheus_client.parser import text_string_to_metric_families

from chatline.operating import metrics
from chatline.operating.metrics import QUARTER_SECONDS, Quarter, in_fives, rounded
from intake.delivery import measures
from intake.delivery.hub import Hub
from intake.delivery.measures import PEOPLE, note_failure, note_refusal, note_wait
from intake.models import Conversation
from intake.rules.clock_guard import Clocks, note_held_back, note_round
from intake.rules.openings import open_conversation
from tests.chatline.conftest import Asked, ask
from tests.intake.delivery.conftest import Chat
from tests.project.documents import document, names, one_name, rows, section
from tests.project.test_docs_protocol import every_refusal, import_everything

TOKEN = "a token that nobody guesses"
RIGHT = [(b"authorization", f"Bearer {TOKEN}".encode())]
HOUR = 3600.0

# Every label and every value it may have. Nothing of a person can be among them.
NUMBER = re.compile(r"^(\d+(\.\d+)?|\+Inf)$")
DECLARED: dict[str, set[str]] = {
    "side": {"visitor", "counsellor", "desk"},
    "state": {"waiting", "active", "ended"},
    "database": {"database", "key_store"},
    "work": {"writer", "reader", "finder", "watcher", "door", "openings", "tick", "queue"},
}


@pytest.fixture(autouse=True)
def token(settings: Any) -> None:
    settings.METRICS_TOKEN = TOKEN


class Clock:
    """Seconds that go by when a test says so."""

    def __init__(self) -> None:
        self.seconds = HOUR

    def __call__(self) -> float:
        return self.seconds


@pytest.fixture(autouse=True)
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    own = Clock()
    monkeypatch.setattr(metrics, "_quarter", Quarter(clock=own))
    return own


async def read() -> str:
    status, headers, body = await ask("/metrics", headers=RIGHT)
    assert status == 200
    assert headers[b"content-type"].startswith(b"text/plain")
    return body.decode()


def value(text: str, name: str, **labels: str) -> float | None:
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            if sample.name == name and sample.labels == labels:
                return float(sample.value)
    return None


def codes() -> set[str]:
    import_everything()
    return {refusal.code for refusal in every_refusal()}


# -- who may read them --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "headers",
    [
        [],
        [(b"authorization", b"Bearer ")],
        [(b"authorization", b"Bearer wrong")],
        [(b"authorization", f"Basic {TOKEN}".encode())],
        [(b"authorization", f"Bearer {TOKEN} ".encode())],
        [(b"authorization", "Bearer blåbær".encode())],
        [(b"cookie", f"token={TOKEN}".encode())],
    ],
)
async def test_without_the_token_there_is_nothing(headers: Any) -> None:
    for method in ("GET", "HEAD", "POST"):
        assert (await ask("/metrics", method=method, headers=headers))[::2] == (404, b"")


async def test_without_a_token_in_the_settings_there_is_nothing(settings: Any) -> None:
    settings.METRICS_TOKEN = ""

    answers: list[Asked] = [await ask("/metrics", headers=given) for given in ([], [(b"authorization", b"Bearer ")])]

    assert {status for status, _, _ in answers} == {404}


async def test_other_method_with_the_token_is_refused() -> None:
    assert (await ask("/metrics", method="POST", headers=RIGHT))[0] == 405


# -- what they tell ------------------------------------------------------------------------------------------


@pytest.mark.django_db(transaction=True)
async def test_every_label_is_of_a_declared_set(hub: Hub) -> None:
    for code in codes():
        note_refusal(code)
    note_failure("writer")
    metrics._quarter = Quarter()

    text = await read()

    declared = {**DECLARED, "code": codes()}
    found = [
        (name, label)
        for family in text_string_to_metric_families(text)
        for sample in family.samples
        for name, label in sample.labels.items()
    ]
    assert [(name, label) for name, label in found if name != "le" and label not in declared[name]] == []
    assert [label for name, label in found if name == "le" and not NUMBER.match(label)] == []
    assert {name for name, _ in found} == {*declared, "le"}
    assert "_created" not in text


@pytest.mark.django_db(transaction=True)
async def test_every_figure_is_told_in_the_documentation(hub: Hub) -> None:
    await sync_to_async(note_round)(now=timezone.now(), uptime=None)
    told = {
        one_name(row["figure"]): set(names(row["label"]))
        for row in rows(section(document("configuration.md"), "Metrics"))
    }

    families = list(text_string_to_metric_families(await read()))

    found = {family.name: {name for sample in family.samples for name in sample.labels} - {"le"} for family in families}
    assert {name: labels or told.get(name, set()) for name, labels in found.items()} == told


@sync_to_async
def open_more(helpline: Any, count: int, *, ago: timedelta) -> None:
    for _ in range(count):
        open_conversation(helpline, language="nb", intro={}, now=timezone.now() - ago)


@pytest.mark.django_db(transaction=True)
async def test_few_are_shown_as_none_and_many_in_fives(hub: Hub, helpline: Any, clock: Clock) -> None:
    await open_more(helpline, 4, ago=timedelta(minutes=42))
    few = await read()
    await open_more(helpline, 3, ago=timedelta(minutes=1))
    clock.seconds += QUARTER_SECONDS
    many = await read()

    assert value(few, "chatline_conversations", state="waiting") == 0
    assert value(few, "chatline_longest_wait_seconds") == 0
    assert value(many, "chatline_conversations", state="waiting") == 5
    assert value(many, "chatline_longest_wait_seconds") == 40 * 60
    assert [in_fives(count) for count in (0, 4, 5, 9, 10)] == [0, 0, 5, 5, 10]


@pytest.mark.django_db(transaction=True)
async def test_the_second_somebody_crosses_a_five_is_not_seen(hub: Hub, helpline: Any, clock: Clock) -> None:
    """Four wait with their sockets open; a fifth comes. A scrape every 15 seconds must not tell when."""
    tabs = [await sitting_there(helpline) for _ in range(4)]
    before = people_lines(await read())

    tabs.append(await sitting_there(helpline))
    scrapes = []
    while (clock.seconds + 15) % QUARTER_SECONDS:
        clock.seconds += 15
        scrapes.append(people_lines(await read()))
    clock.seconds += 15
    text = await read()
    for chat in tabs:
        await chat.leave()

    assert len(scrapes) == 59
    assert [lines for lines in scrapes if lines != before] == []
    assert value(text, "chatline_sockets", side="visitor") == 5
    assert value(text, "chatline_conversations", state="waiting") == 5
    assert value(text, "chatline_longest_wait_seconds") == 40 * 60


async def sitting_there(helpline: Any) -> Chat:
    """A visitor who has waited for a while, with her page open."""
    came_at = timezone.now() - timedelta(minutes=42)
    opened = await sync_to_async(open_conversation)(helpline, language="nb", intro={}, now=came_at)
    chat = Chat("/ws/visitor/")
    await chat.hello(token=opened.token)
    return chat


@pytest.mark.django_db(transaction=True)
async def test_one_visitors_coming_and_writing_changes_nothing_that_is_shown_at_once(hub: Hub, visitor: Any) -> None:
    before = people_lines(await read())

    chat = Chat("/ws/visitor/")
    await chat.hello(token=visitor.token)
    await chat.post("hei")
    await all_there(chat, 1)
    after = people_lines(await read())
    await chat.leave()

    assert after == before
    assert measures.stored.value >= 1


async def all_there(chat: Chat, count: int) -> None:
    """Until so many messages are acknowledged and have come back, in whichever order."""
    seen: Counted[str] = Counted()
    while seen["ack"] < count or seen["message"] < count:
        seen[(await chat.next())["type"]] += 1


def people_lines(text: str) -> list[str]:
    """Everything but what the machine does by itself."""
    by_itself = ("process_", "chatline_database_answer", "#")
    return [line for line in text.splitlines() if not line.startswith(by_itself)]


@pytest.mark.django_db(transaction=True)
async def test_what_people_did_is_shown_in_fives_when_the_quarter_is_over(hub: Hub, visitor: Any, clock: Clock) -> None:
    before = await read()
    exactly = measures.stored.value
    chat = Chat("/ws/visitor/")
    await chat.hello(token=visitor.token)
    for number in range(5):
        await chat.post(f"hei {number}")
    await all_there(chat, 5)
    await chat.leave()
    clock.seconds += QUARTER_SECONDS - 1
    late = await read()
    clock.seconds += 1
    then = await read()

    name = "chatline_messages_stored_total"
    assert measures.stored.value == exactly + 5
    assert value(late, name) == value(before, name) == in_fives(exactly)
    assert value(then, name) == in_fives(exactly) + 5
    assert value(then, "chatline_messages_delivered_total") == in_fives(measures.delivered.value)
    assert value(then, "chatline_batch_messages_count") == value(then, "chatline_ack_seconds_count")


def test_every_figure_of_people_is_in_fives() -> None:
    """One claim after 423 seconds: neither that it was one nor how long she waited may be read from the difference."""
    registry = CollectorRegistry()
    waits = Histogram("chatline_wait_seconds", "Waits.", buckets=(60, 600), registry=registry)
    acts = Counter("acts", "Acts.", registry=registry)

    def shown() -> dict[str, list[float]]:
        families = [rounded(family) for family in registry.collect()]
        return {family.name: [sample.value for sample in family.samples] for family in families}

    waits.observe(423)
    acts.inc(4)
    one = shown()
    for _ in range(6):
        waits.observe(30)
    acts.inc(3)

    assert one == {"chatline_wait_seconds": [0, 0, 0, 0, 300], "acts": [0]}
    assert shown() == {"chatline_wait_seconds": [5, 5, 5, 5, 600], "acts": [5]}


def test_quarter_begins_with_what_stood_before_it(clock: Clock) -> None:
    told = [b"before", b"then"]
    clock.seconds += 7 * 60
    quarter = Quarter(clock=clock)

    first = [quarter.show("figure", lambda: told[0]), quarter.show("figure", lambda: told[1])]
    clock.seconds += 8 * 60

    assert first == [b"before", b"before"]
    assert quarter.show("figure", lambda: told[1]) == b"then"


def test_what_cannot_be_told_is_left_out_and_asked_for_again(clock: Clock) -> None:
    quarter = Quarter(clock=clock)

    assert quarter.show("figure", lambda: None) == b""
    assert quarter.show("figure", lambda: b"told") == b"told"
    clock.seconds += QUARTER_SECONDS
    assert quarter.show("figure", lambda: None) == b""


@pytest.mark.django_db(transaction=True)
async def test_state_of_the_machine_is_shown_at_once(hub: Hub) -> None:
    await sync_to_async(note_round)(now=timezone.now() - timedelta(minutes=3), uptime=None)
    first = await read()
    clocks = Clocks(timezone.now(), timezone.now(), jumped=True)
    await sync_to_async(note_held_back)(7, clocks=clocks, uptime=None)
    await hub.wakeups.stop()
    hub.wakeups.deaf = True
    note_failure("tick")
    second = await read()

    assert 180 <= (value(first, "chatline_housekeeping_age_seconds") or 0) < 240
    assert (value(first, "chatline_purge_refused"), value(second, "chatline_purge_refused")) == (0, 1)
    assert (value(first, "chatline_wake_ups_deaf"), value(second, "chatline_wake_ups_deaf")) == (0, 1)
    assert value(first, "chatline_database_up", database="key_store") == 1
    failures = [value(text, "chatline_database_failures_total", work="tick") or 0 for text in (first, second)]
    assert failures[1] == failures[0] + 1


@pytest.mark.django_db
def test_first_claim_is_measured_and_later_ones_are_not(client_of: Any, counsellor: Any, visitor: Any) -> None:
    def waits() -> float:
        return PEOPLE.get_sample_value("chatline_wait_seconds_count") or 0

    before = waits()
    client = client_of(counsellor)
    address = f"/counsellor/conversations/{visitor.conversation.public_id}/"
    client.post(f"{address}claim/")
    client.post(f"{address}hand-back/")
    client.post(f"{address}claim/")

    assert Conversation.objects.get().counsellor == counsellor
    assert waits() == before + 1


def test_wait_by_a_clock_that_ran_backwards_is_none() -> None:
    before = PEOPLE.get_sample_value("chatline_wait_seconds_sum") or 0

    note_wait(timedelta(seconds=-30))

    assert PEOPLE.get_sample_value("chatline_wait_seconds_sum") == before


@pytest.mark.django_db(transaction=True)
async def test_number_of_open_files_is_not_shown(hub: Hub) -> None:
    """It is the number of sockets, exactly."""
    text = await read()

    assert "process_resident_memory_bytes" in text
    assert "open_fds" not in text
