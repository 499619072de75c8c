from __future__ import annotations

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from intake.models import Helpline


class AuditEntry(models.Model):
    """What staff did, when. Never anything of a visitor: not a conversation, not a name, not an address."""

    class Action(models.TextChoices):
        SIGNED_IN = "signed_in", _("logget inn")
        SIGNED_OUT = "signed_out", _("logget ut")
        PASSWORD_FAILED = "password_failed", _("feil passord")
        CODE_FAILED = "code_failed", _("feil kode")
        RECOVERY_CODE_USED = "recovery_code_used", _("brukte en reservekode")
        FACTOR_ENROLLED = "factor_enrolled", _("koblet til kodeapp")
        FACTOR_REMOVED = "factor_removed", _("kodeapp koblet fra")
        RECOVERY_CODES_MADE = "recovery_codes_made", _("laget reservekoder")
        PASSWORD_CHANGED = "password_changed", _("byttet passord")
        ACCOUNT_CREATED = "account_created", _("konto opprettet")
        START_PASSWORD_MADE = "start_password_made", _("nytt startpassord")
        ACCOUNT_CLOSED = "account_closed", _("konto stengt")
        ACCOUNT_REOPENED = "account_reopened", _("konto åpnet igjen")
        CLAIMED = "claimed", _("tok en samtale")
        HANDED_BACK = "handed_back", _("ga en samtale tilbake til køen")
        ENDED = "ended", _("avsluttet en samtale")

    at = models.DateTimeField()
    actor = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="audit_entries"
    )
    subject = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="audited_entries"
    )
    helpline = models.ForeignKey(Helpline, null=True, blank=True, on_delete=models.SET_NULL, related_name="+")
    action = models.CharField(max_length=24, choices=Action.choices)

    class Meta:
        ordering = ("-at", "-id")
        verbose_name = _("linje i loggen")
        verbose_name_plural = _("logg over hva ansatte har gjort")
        indexes = [models.Index(fields=("at",), name="audit_entry_at")]

    def __str__(self) -> str:
        return f"{self.at:%Y-%m-%d %H:%M} {self.action}"
