from __future__ import annotations

from django.db import models


class ServiceClock(models.Model):
    """One row: when this installation last kept house, by which clock, and since when its doors have been open.

    It lets housekeeping notice that a clock jumped or that nobody could come in (`intake/rules/clock_guard.py`).
    `machine` is the identifier of the server's last start, `uptime_seconds` counts from there.
    """

    id = models.PositiveSmallIntegerField(primary_key=True, default=1)
    round_at = models.DateTimeField(null=True)
    machine = models.CharField(max_length=36, blank=True, default="")
    uptime_seconds = models.FloatField(default=0)
    kept_at = models.DateTimeField(null=True)
    open_at = models.DateTimeField(null=True)
    open_since_at = models.DateTimeField(null=True)
    held_back = models.PositiveIntegerField(default=0)

    class Meta:
        constraints = [models.CheckConstraint(condition=models.Q(id=1), name="service_clock_one_row")]

    def __str__(self) -> str:
        return f"{self.kept_at}"
