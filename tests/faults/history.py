"""What every client did and saw, written down as it happened: the checker knows nothing else about the clients.

After Jepsen's histories: an operation is invoked, and ends as `ok` (acknowledged), `fail` (refused for good) or
`unknown` (its client went away before it was told). Times are seconds of one monotonic clock.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from pathlib import Path


class End(StrEnum):
    OK = "ok"
    FAIL = "fail"
    UNKNOWN = "unknown"


@dataclass(slots=True)
class Operation:
    """One message from the call that sends it to what its client was told. `seq` only when `ok`."""

    conversation: int
    role: str
    sender: str
    origin_id: str
    body: str
    invoked_at: float
    end: End | None = None
    ended_at: float = 0.0
    seq: int = 0
    tries: int = 0
    told: set[int] = field(default_factory=set)
    """The numbers under which it was acknowledged: it may be told again, and never another one."""

    def finish(self, end: End, *, seq: int = 0) -> None:
        if self.end is None:
            self.end, self.seq, self.ended_at = end, seq, time.monotonic()


@dataclass(slots=True)
class Shown:
    """A message as a reader showed it. `link_at` is when the link that brought it was welcomed."""

    seq: int
    origin_id: str
    role: str
    body: str
    at: float
    link_at: float = 0.0

    def is_same(self, other: Shown | None) -> bool:
        """The same message, whenever it came."""
        return other is not None and (self.seq, self.origin_id, self.role, self.body) == (
            other.seq,
            other.origin_id,
            other.role,
            other.body,
        )


@dataclass(slots=True)
class Reading:
    """One reader from start to end. `dropped` counts how often the server told it to drop everything (`gap`).

    `shown` is what stood on its screen, in the order it was added, since the last drop; `screens` are those that were
    dropped. `alive` readers have been there to the end, and must have seen all. What came and was not put on the screen
    is kept as well: `early` beyond a hole, `contradictions` under a number that shows something else already.
    """

    reader: str
    conversation: int
    role: str
    shown: list[Shown] = field(default_factory=list)
    screens: list[list[Shown]] = field(default_factory=list)
    early: list[Shown] = field(default_factory=list)
    contradictions: list[Shown] = field(default_factory=list)
    strange_acks: list[str] = field(default_factory=list)
    """Origin ids that it never sent."""
    repeats: int = 0
    alive: bool = True
    stopped_by: int | None = None
    """The close code that forbade it to come back."""

    @property
    def dropped(self) -> int:
        return len(self.screens)

    def drop(self) -> None:
        self.screens.append(self.shown)
        self.shown = []


@dataclass
class History:
    operations: list[Operation] = field(default_factory=list)
    readings: list[Reading] = field(default_factory=list)

    def invoke(self, *, conversation: int, role: str, sender: str, origin_id: str, body: str) -> Operation:
        operation = Operation(conversation, role, sender, origin_id, body, time.monotonic())
        self.operations.append(operation)
        return operation

    def read(self, reader: str, *, conversation: int, role: str) -> Reading:
        reading = Reading(reader, conversation, role)
        self.readings.append(reading)
        return reading

    def acked(self, *, since: float = 0.0) -> list[Operation]:
        return [one for one in self.operations if one.end is End.OK and one.ended_at >= since]

    def write(self, path: Path) -> None:
        """One JSON line an operation and a reading, to look at after a failure."""
        entries: Iterable[object] = [*self.operations, *self.readings]
        path.write_text("".join(json.dumps(asdict(entry), default=sorted) + "\n" for entry in entries))  # type: ignore[call-overload]
