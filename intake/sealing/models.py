"""The key store's two tables. They live in the `keys` database (docs/privacy.md, "Keys live apart")."""

from __future__ import annotations

from django.db import models


class SealKey(models.Model):
    """The wrapped key of one sealed thing (a conversation). Destroying the row makes the thing unreadable."""

    subject_id = models.UUIDField(primary_key=True)
    wrapped = models.BinaryField()
    created_at = models.DateTimeField()

    def __str__(self) -> str:
        return str(self.subject_id)


class Salt(models.Model):
    """A wrapped random salt that lives a day: what turns an address into the day's pseudonym."""

    day_on = models.DateField(primary_key=True)
    wrapped = models.BinaryField()

    def __str__(self) -> str:
        return self.day_on.isoformat()
