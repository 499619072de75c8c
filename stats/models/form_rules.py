from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from intake.models import Helpline


class FormRules(models.Model):
    """What a helpline's registration form asks for. A helpline without a row has the defaults."""

    helpline = models.OneToOneField(Helpline, on_delete=models.CASCADE, related_name="form_rules")
    min_themes = models.PositiveSmallIntegerField(_("minst antall temaer"), default=1)
    max_themes = models.PositiveSmallIntegerField(_("største antall temaer"), null=True, blank=True)

    class Meta:
        verbose_name = _("regler for registrering")
        verbose_name_plural = _("regler for registrering")
        constraints = [
            models.CheckConstraint(
                condition=models.Q(max_themes__isnull=True)
                | models.Q(max_themes__gte=1) & models.Q(max_themes__gte=models.F("min_themes")),
                name="form_rules_themes_in_order",
            ),
        ]

    def __str__(self) -> str:
        return str(self.helpline)
