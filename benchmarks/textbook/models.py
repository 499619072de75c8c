from __future__ import annotations

from django.db import models


class Message(models.Model):
    room = models.CharField(max_length=64, db_index=True)
    role = models.CharField(max_length=16)
    origin_id = models.UUIDField()
    body = models.TextField()
    sent_at = models.DateTimeField(auto_now_add=True)

    objects: models.Manager[Message]

    class Meta:
        app_label = "textbook"

    def __str__(self) -> str:
        return f"{self.room}/{self.pk}"
