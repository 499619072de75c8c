"""A token bucket: a burst at once, then a steady rate. Kept in memory only, keyed by nothing that lasts."""

from __future__ import annotations

import threading
import time
from collections import OrderedDict


class Bucket:
    """`burst` at once, `per_second` sustained. `take` says how many seconds to wait, 0 when it is allowed."""

    __slots__ = ("burst", "level", "per_second", "taken_at")

    def __init__(self, burst: float, per_second: float) -> None:
        self.burst, self.per_second = burst, per_second
        self.level, self.taken_at = burst, time.monotonic()

    @property
    def is_full(self) -> bool:
        return self.level + (time.monotonic() - self.taken_at) * self.per_second >= self.burst

    def take(self, cost: float = 1.0) -> float:
        now = time.monotonic()
        self.level = min(self.burst, self.level + (now - self.taken_at) * self.per_second)
        self.taken_at = now
        if self.level >= cost:
            self.level -= cost
            return 0.0
        return (cost - self.level) / self.per_second

    def give_back(self, cost: float = 1.0) -> None:
        self.level = min(self.burst, self.level + cost)

    def spend(self, cost: float) -> float:
        """What has happened already, allowed or not. Seconds until it is made up for."""
        if self.take(cost):
            self.level -= cost
        return max(0.0, -self.level) / self.per_second


class Buckets:
    """One bucket a key, the longest unused forgotten first. From any thread."""

    def __init__(self, burst: float, per_second: float, *, most: int = 50_000) -> None:
        self.burst, self.per_second, self.most = burst, per_second, most
        self._held: OrderedDict[str, Bucket] = OrderedDict()
        self._lock = threading.Lock()

    def take(self, key: str) -> float:
        with self._lock:
            bucket = self._held.pop(key, None) or Bucket(self.burst, self.per_second)
            self._held[key] = bucket
            wait_seconds = bucket.take()
            self._forget_oldest()
            return wait_seconds

    def _forget_oldest(self) -> None:
        """If there are too many, or if it is full again, which is as good as none."""
        oldest = next(iter(self._held))
        if len(self._held) > self.most or self._held[oldest].is_full:
            del self._held[oldest]

    def give_back(self, key: str) -> None:
        """Nothing came of what was taken last."""
        with self._lock:
            if bucket := self._held.get(key):
                bucket.give_back()
