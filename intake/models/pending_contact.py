from __future__ import annotations

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from intake.models.conversation import Conversation
from intake.models.helpline import Helpline


class PendingContact(models.Model):
    """What is left of an answered conversation until its contact is registered.

    Written in the transaction that ends the conversation, removed in the one that registers it, so a
    conversation is registered exactly once and never forgotten, even when its text is purged first.
    The times are already as coarse as the ledger keeps them (see docs/privacy.md, "The ledger").
    """

    conversation = models.OneToOneField(
        Conversation,
        null=True,
        on_delete=models.SET_NULL,
        related_name="pending_contact",
    )
    helpline = models.ForeignKey(Helpline, on_delete=models.CASCADE, related_name="pending_contacts")
    counsellor = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        null=True,
        on_delete=models.SET_NULL,
        related_name="pending_contacts",
    )
    started_at = models.DateTimeField(_("start, til nærmeste kvarter"))
    duration_minutes = models.PositiveIntegerField(_("varighet i minutter"))
    waiting_minutes = models.PositiveIntegerField(_("ventetid i minutter"))
    language = models.CharField(max_length=8, default="nb")
    ended_on = models.DateField()

    class Meta:
        ordering = ("id",)
        verbose_name = _("uregistrert henvendelse")
        verbose_name_plural = _("uregistrerte henvendelser")

    def __str__(self) -> str:
        return f"{self.helpline_id} {self.started_at:%Y-%m-%d %H:%M}"
