"""Counters by helpline and hour. They count what happened, never who."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from django.db import transaction
from django.db.models import F

from intake.models import Tally

Counter = Literal["opened", "answered", "gave_up", "closed_door"]


def count(helpline_id: int, counter: Counter, *, now: datetime, times: int = 1) -> None:
    """Add `times` to `counter` in the hour of `now`."""
    hour_at = now.replace(minute=0, second=0, microsecond=0)
    rows = Tally.objects.filter(helpline_id=helpline_id, hour_at=hour_at)
    with transaction.atomic():
        if not rows.update(**{counter: F(counter) + times}):
            Tally.objects.get_or_create(helpline_id=helpline_id, hour_at=hour_at)
            rows.update(**{counter: F(counter) + times})
