"""Every fault there is."""

from __future__ import annotations

from tests.faults.fault import Fault
from tests.faults.kinds import redis_away, workers

FAULTS: list[Fault] = [*workers.FAULTS, *redis_away.FAULTS]
