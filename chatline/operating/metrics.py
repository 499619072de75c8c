"""The figures at `/metrics`, for Prometheus (docs/privacy.md, "Figures for the operator").

Whoever reads them keeps them for years, to the second. So whatever tells of people, what they do and how many they are,
is looked at once in a quarter of an hour, as the ledger has it, and rounded down to whole fives; and no label tells
whose it is. What the machine does by itself is shown as it is.
"""

from __future__ import annotations

import hmac
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from django.conf import settings
from django.db.models import Count, Min
from django.utils import timezone
from prometheus_client import CollectorRegistry, ProcessCollector, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric

from chatline.operating.asker import asker_of
from intake.delivery.draining import is_draining
from intake.delivery.hub import Hub, running_hub
from intake.delivery.measures import MACHINE, PEOPLE
from intake.models import Conversation
from intake.rules.clock_guard import count_held_back, last_round_at
from intake.sealing.router import ALIAS as KEYS

CROWD = 5
"""Fewer than this are told apart too easily: they are shown as none."""
QUARTER_SECONDS = 900
WAIT_STEP_SECONDS = 300
STEPS: dict[str, float] = {"chatline_wait_seconds_sum": WAIT_STEP_SECONDS}
"""What a figure of people is rounded down to, where that is not `CROWD`."""
ANSWER_SECONDS = 2.0
SIDES = ("visitor", "counsellor", "desk")
DATABASES = {"default": "database", KEYS: "key_store"}
MEBIBYTE = 1024 * 1024


def may_read(authorization: bytes) -> bool:
    """Whether this `Authorization` header names the token. Without a token in the settings nobody may."""
    expected = f"Bearer {settings.METRICS_TOKEN}".encode()
    return bool(settings.METRICS_TOKEN) and hmac.compare_digest(authorization, expected)


async def read_metrics() -> bytes:
    """Everything, in Prometheus's text format. What the database does not tell in time is left out."""
    for alias in DATABASES:
        await asker_of(alias).answers(within_seconds=ANSWER_SECONDS)
    state = await asker_of("default").run(read_state, within_seconds=ANSWER_SECONDS)
    hub = running_hub()
    return (
        _quarter.show("acts", acts)
        + _quarter.show("sockets", lambda: written(_of_sockets(hub)))
        + _quarter.show("conversations", lambda: written(_of_conversations(state)) if state else None)
        + generate_latest(MACHINE)
        + written(gauges_now(hub, state))
    )


@dataclass
class State:
    """What the database says of all processes together."""

    conversations: dict[str, int] = field(default_factory=dict)
    oldest_waiting_at: datetime | None = None
    round_at: datetime | None = None
    held_back: int = 0


def read_state() -> State:
    rows = Conversation.objects.order_by().values_list("state").annotate(Count("pk"), Min("created_at"))
    found = {state: (count, oldest) for state, count, oldest in rows}
    return State(
        conversations={state: count for state, (count, _) in found.items()},
        oldest_waiting_at=found.get(Conversation.State.WAITING, (0, None))[1],
        round_at=last_round_at(),
        held_back=count_held_back(),
    )


def in_fives(count: int) -> int:
    return count - count % CROWD


def acts() -> bytes:
    """What people have done, counted since the process began."""
    return written(rounded(family) for family in PEOPLE.collect())


def rounded(family: Metric) -> Metric:
    """The same figure in whole fives; a histogram stays one, because its buckets stay in their order."""
    made = Metric(family.name, family.documentation, family.type)
    steps = ((sample, STEPS.get(sample.name, CROWD)) for sample in family.samples)
    made.samples = [sample._replace(value=sample.value - sample.value % step) for sample, step in steps]
    return made


def gauges_now(hub: Hub | None, state: State | None) -> Iterable[Metric]:
    yield from _of_process(hub)
    yield from _of_databases()
    if state is not None:
        yield from _of_housekeeping(state)
    yield from _of_machine()


def _of_process(hub: Hub | None) -> Iterable[Metric]:
    yield gauge("chatline_draining", "1 on the way out.", int(is_draining()))
    yield gauge(
        "chatline_wake_ups_deaf",
        "1 when wake-ups do not arrive and the tick delivers.",
        int(hub is None or hub.wakeups.deaf),
    )


def _of_sockets(hub: Hub | None) -> Iterable[Metric]:
    feeds = hub.local_feeds() if hub else []
    counts = {side: sum(feed.role == side for feed in feeds) for side in SIDES} | {"desk": len(hub.desks) if hub else 0}
    yield gauges("chatline_sockets", "Open sockets of this process, in whole fives.", "side", counts, to=in_fives)
    stuck = in_fives(sum(feed.stuck for feed in feeds))
    yield gauge("chatline_feeds_stuck", "Sockets whose client does not read, in whole fives.", stuck)


def _of_databases() -> Iterable[Metric]:
    askers = {name: asker_of(alias) for alias, name in DATABASES.items()}
    there = {name: int(asker.is_there) for name, asker in askers.items()}
    yield gauges("chatline_database_up", "1 when the database answers.", "database", there)
    seconds = {name: asker.answer_seconds for name, asker in askers.items() if asker.answer_seconds is not None}
    yield gauges("chatline_database_answer_seconds", "How long its last answer took.", "database", seconds)


def _of_conversations(state: State) -> Iterable[Metric]:
    counts = {name: state.conversations.get(name, 0) for name in Conversation.State.values}
    yield gauges("chatline_conversations", "Conversations by state, in whole fives.", "state", counts, to=in_fives)
    waited = 0.0
    if counts[Conversation.State.WAITING] >= CROWD and state.oldest_waiting_at is not None:
        waited = max(0.0, (timezone.now() - state.oldest_waiting_at).total_seconds())
    yield gauge(
        "chatline_longest_wait_seconds",
        "How long the first in a queue has waited, in whole five minutes, when five or more wait.",
        waited - waited % WAIT_STEP_SECONDS,
    )


def _of_housekeeping(state: State) -> Iterable[Metric]:
    if state.round_at is not None:
        age = max(0.0, (timezone.now() - state.round_at).total_seconds())
        yield gauge("chatline_housekeeping_age_seconds", "Since the last round of housekeeping.", round(age))
    refused = int(state.held_back > 0)
    yield gauge(
        "chatline_purge_refused", "1 when housekeeping refuses to remove: look at the clock and the database.", refused
    )


ROUNDED: dict[str, float] = {
    # Not process_open_fds: it is the number of sockets, exactly.
    "process_resident_memory_bytes": MEBIBYTE,
    "process_cpu_seconds": 1,
    "process_start_time_seconds": 60,
    "process_max_fds": 1,
}


def _of_machine() -> Iterable[Metric]:
    for family in _process.collect():
        if (step := ROUNDED.get(family.name)) is not None:
            (sample,) = family.samples
            made = CounterMetricFamily if family.type == "counter" else GaugeMetricFamily
            yield made(family.name, family.documentation, value=sample.value - sample.value % step)


def gauge(name: str, documentation: str, value: float) -> Metric:
    return GaugeMetricFamily(name, documentation, value=value)


def gauges(
    name: str, documentation: str, label: str, values: Mapping[str, float], *, to: Callable[[int], int] | None = None
) -> Metric:
    family = GaugeMetricFamily(name, documentation, labels=[label])
    for key, value in values.items():
        family.add_metric([key], to(int(value)) if to else value)
    return family


def written(figures: Iterable[Metric]) -> bytes:
    """In Prometheus's text format."""
    registry = CollectorRegistry()
    registry.register(_Found(list(figures)))
    return generate_latest(registry)


class _Found:
    """A collector of what has been found already."""

    def __init__(self, figures: list[Metric]) -> None:
        self._figures = figures

    def describe(self) -> Iterable[Metric]:
        return []

    def collect(self) -> Iterable[Metric]:
        return self._figures


class Quarter:
    """What is shown of people: as it was when it was first looked at in this quarter of an hour.

    What they have done since the process began is first looked at then, when there is nothing.
    """

    def __init__(self, *, clock: Callable[[], float] = time.time) -> None:
        self._clock = clock
        self._shown: dict[str, tuple[int, bytes]] = {}
        self.show("acts", acts)

    def show(self, name: str, look: Callable[[], bytes | None]) -> bytes:
        """What `look` told first. Nothing while it tells nothing; it is asked again the next time."""
        number = int(self._clock() // QUARTER_SECONDS)
        if self._shown.get(name, (None, b""))[0] != number:
            if (told := look()) is None:
                return b""
            self._shown[name] = number, told
        return self._shown[name][1]


_quarter = Quarter()
_process = ProcessCollector(registry=None)
