from __future__ import annotations

import secrets
import uuid

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from intake.models.helpline import Helpline


def random_epoch() -> int:
    return secrets.randbelow(2**31)


class Conversation(models.Model):
    """One chat from start to end: waiting, active, ended.

    `id` is the order of arrival and stays inside; `public_id` is what browsers see.
    `head` is the last `seq` given out. The token is known here as its SHA-256 alone.
    """

    class State(models.TextChoices):
        WAITING = "waiting", _("venter")
        ACTIVE = "active", _("pågår")
        ENDED = "ended", _("avsluttet")

    class EndReason(models.TextChoices):
        VISITOR = "visitor", _("avsluttet av innskriver")
        COUNSELLOR = "counsellor", _("avsluttet av rådgiver")
        ABANDONED = "abandoned", _("forlatt")
        ERASED = "erased", _("slettet av innskriver")

    id = models.BigAutoField(primary_key=True)
    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    helpline = models.ForeignKey(Helpline, on_delete=models.PROTECT, related_name="conversations")
    state = models.CharField(max_length=10, choices=State.choices, default=State.WAITING)
    token_hash = models.BinaryField(max_length=32, unique=True)
    epoch = models.PositiveIntegerField(default=random_epoch)
    language = models.CharField(max_length=8, default="nb")
    intro_sealed = models.BinaryField(null=True)
    head = models.PositiveIntegerField(default=0)
    counsellor = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        related_name="conversations",
    )
    created_at = models.DateTimeField()
    claimed_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)
    end_reason = models.CharField(max_length=10, choices=EndReason.choices, blank=True)
    last_activity_at = models.DateTimeField()
    visitor_seen_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=models.Q(state="ended") | models.Q(ended_at__isnull=True),
                name="conversation_ended_at_if_ended",
            ),
            models.CheckConstraint(
                condition=~models.Q(state="active") | models.Q(claimed_at__isnull=False),
                name="conversation_active_claimed",
            ),
        ]
        indexes = [
            models.Index(fields=("helpline", "state", "id"), name="conversation_queue"),
            models.Index(fields=("state", "last_activity_at"), name="conversation_retention"),
        ]

    def __str__(self) -> str:
        return str(self.public_id)


class Message(models.Model):
    """One sealed text. `seq` is gapless within its conversation; `sent_at` is kept to the minute."""

    class Role(models.IntegerChoices):
        SYSTEM = 0, "system"
        VISITOR = 1, "visitor"
        COUNSELLOR = 2, "counsellor"

    pk = models.CompositePrimaryKey("conversation_id", "seq")
    conversation = models.ForeignKey(Conversation, on_delete=models.CASCADE, related_name="messages", db_index=False)
    seq = models.PositiveIntegerField()
    sender = models.PositiveSmallIntegerField(choices=Role.choices)
    origin_id = models.UUIDField()
    sealed = models.BinaryField()
    sent_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=("conversation", "sender", "origin_id"),
                name="message_origin_once",
            ),
            models.CheckConstraint(condition=models.Q(seq__gte=1), name="message_seq_from_1"),
        ]

    def __str__(self) -> str:
        return f"{self.conversation_id}/{self.seq}"
