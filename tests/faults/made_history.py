"""Histories that were made up, for the tests of what checks real ones."""

from __future__ import annotations

from dataclasses import dataclass, field

from tests.faults.checker import Finding, Row, canary, check
from tests.faults.history import End, History, Operation, Reading, Shown

ROLES = ("visitor", "counsellor")


@dataclass
class World:
    """A history with what is stored and what a fresh reader was given."""

    history: History = field(default_factory=History)
    stored: dict[int, list[Row]] = field(default_factory=dict)
    fetched: dict[int, list[Row]] = field(default_factory=dict)

    def findings(self, *forgiven: str) -> list[Finding]:
        return check(self.history, self.stored, self.fetched, forgiven=frozenset(forgiven))

    def kinds(self, *forgiven: str) -> set[str]:
        return {finding.kind for finding in self.findings(*forgiven)}

    def write(self, conversation: int, role: str, *, end: End = End.OK, stored: bool = True) -> Operation:
        """One message that nothing went wrong with: stored and told, or neither."""
        rows = self.stored.setdefault(conversation, [])
        number = len(self.history.operations) + 1
        body = f"{canary(conversation)} skriver {number}"
        one = self.history.invoke(
            conversation=conversation, role=role, sender=f"{role}-{conversation}", origin_id=f"id-{number}", body=body
        )
        one.finish(end, seq=len(rows) + 1 if end is End.OK else 0)
        if stored:
            rows.append(Row(len(rows) + 1, role, one.origin_id, body))
        return one

    def read(self, conversation: int, role: str, *, upto: int | None = None) -> Reading:
        """Somebody who saw everything, or left after so many messages."""
        reading = self.history.read(f"reader {len(self.history.readings)}", conversation=conversation, role=role)
        reading.alive = upto is None
        rows = self.stored.get(conversation, [])[:upto]
        reading.shown = [Shown(row.seq, row.origin_id, row.role, row.body, 0.0) for row in rows]
        return reading

    def fetch(self) -> None:
        self.fetched = {conversation: list(rows) for conversation, rows in self.stored.items()}


def chat(messages: int = 6) -> World:
    """Two conversations, both sides of each writing and reading, and one tab that was closed half-way."""
    world = World()
    for number in range(messages):
        for conversation in (1, 12):
            world.write(conversation, ROLES[number % 2])
    for conversation in (1, 12):
        for role in ROLES:
            world.read(conversation, role)
        world.read(conversation, "visitor", upto=messages // 2)
    world.fetch()
    return world
