from __future__ import annotations

from django.db import models

from intake.models.helpline import Helpline


class Tally(models.Model):
    """Counters of a helpline for one hour (UTC, full hour). Counters only: nothing here was ever a person."""

    helpline = models.ForeignKey(Helpline, on_delete=models.CASCADE, related_name="tallies")
    hour_at = models.DateTimeField()
    opened = models.PositiveIntegerField(default=0)
    answered = models.PositiveIntegerField(default=0)
    gave_up = models.PositiveIntegerField(default=0)
    closed_door = models.PositiveIntegerField(default=0)

    class Meta:
        constraints = [models.UniqueConstraint(fields=("helpline", "hour_at"), name="tally_hour_once")]

    def __str__(self) -> str:
        return f"{self.helpline_id} {self.hour_at:%Y-%m-%d %H}"
