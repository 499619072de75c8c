from __future__ import annotations

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from intake.models.helpline import Helpline


class StaffPresence(models.Model):
    """A counsellor who has a helpline's dashboard open. `available` is her own switch for new conversations."""

    helpline = models.ForeignKey(Helpline, on_delete=models.CASCADE, related_name="staff_presences")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="presences")
    available = models.BooleanField(_("tar imot nye samtaler"), default=True)
    seen_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=("helpline", "user"), name="staff_presence_once")]

    def __str__(self) -> str:
        return f"{self.helpline_id}/{self.user_id}"
