"""What delivery counts for whoever runs the installation (docs/privacy.md, "Figures for the operator").

Two registers. What people do stands in `PEOPLE`, and is shown a quarter of an hour at a time. What the machine does
stands in `MACHINE`, and is shown as it is. No label tells a conversation, a person or a helpline.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta

from prometheus_client import CollectorRegistry, Counter, Histogram, disable_created_metrics
from prometheus_client.core import CounterMetricFamily

# They would tell the very moment of the first of each kind.
disable_created_metrics()  # type: ignore[no-untyped-call]  # the library's own omission

PEOPLE = CollectorRegistry()
MACHINE = CollectorRegistry()

ACK_SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 15)
BATCH_MESSAGES = (1, 2, 4, 8, 16, 32, 64, 128, 256, 512)
WAIT_SECONDS = tuple(minutes * 60 for minutes in (1, 2, 5, 10, 15, 30, 60, 120))


class Tally:
    """A counter for the event loop's thread alone: adding to it costs an addition."""

    def __init__(self, name: str, documentation: str, *, registry: CollectorRegistry) -> None:
        self._name, self._documentation = name, documentation
        self.value = 0
        registry.register(self)

    def describe(self) -> Iterable[CounterMetricFamily]:
        return [CounterMetricFamily(self._name, self._documentation)]

    def collect(self) -> Iterable[CounterMetricFamily]:
        return [CounterMetricFamily(self._name, self._documentation, value=self.value)]


stored = Tally("chatline_messages_stored", "Messages that were committed and acknowledged.", registry=PEOPLE)
delivered = Tally("chatline_messages_delivered", "Messages that went out to a socket.", registry=PEOPLE)
_batches = Histogram("chatline_batch_messages", "Messages in a commit.", buckets=BATCH_MESSAGES, registry=PEOPLE)
_acks = Histogram(
    "chatline_ack_seconds", "From a batch's first message to its ack.", buckets=ACK_SECONDS, registry=PEOPLE
)
_waits = Histogram(
    "chatline_wait_seconds", "From opening a conversation to its first claim.", buckets=WAIT_SECONDS, registry=PEOPLE
)
_refusals = Counter("chatline_refusals", "Refusals by their code.", ["code"], registry=PEOPLE)
failures = Counter(
    "chatline_database_failures", "Work for the database that failed, by who did it.", ["work"], registry=MACHINE
)

WORKS = ("writer", "reader", "finder", "watcher", "door", "openings", "tick", "queue")
for _work in WORKS:
    failures.labels(_work)


def note_batch(size: int, seconds: float) -> None:
    """A batch of messages was answered, `seconds` after the first of them had come."""
    _batches.observe(size)
    _acks.observe(seconds)


def note_stored(number: int) -> None:
    """So many messages were committed that had not been there before."""
    stored.value += number


def note_failure(work: str) -> None:
    failures.labels(work).inc()


def note_wait(waited: timedelta) -> None:
    """A conversation was claimed for the first time."""
    _waits.observe(max(0.0, waited.total_seconds()))


def note_refusal(code: str) -> None:
    """`code` is that of a `Refusal` (docs/protocol.md, "Errors")."""
    _refusals.labels(code).inc()
