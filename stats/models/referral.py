from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from stats.models.code_list import CodeListEntry


class ReferralBody(CodeListEntry):
    """A body outside the helpline that a contact can lead to contact with: child protection, police, …"""

    class Meta(CodeListEntry.Meta):
        verbose_name = _("instans for henvisning")
        verbose_name_plural = _("instanser for henvisning")
        constraints = [models.UniqueConstraint(fields=("helpline", "code"), name="referral_body_code_once")]
