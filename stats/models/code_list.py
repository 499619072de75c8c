"""What a helpline counts by. Nothing is deleted from a code list, only retired from a date."""

from __future__ import annotations

from datetime import date

from django.core.validators import RegexValidator
from django.db import models
from django.utils.translation import gettext_lazy as _

from intake.models import Helpline
from intake.models.texts import in_language, validate_texts


class Retirable(models.Model):
    """Something that can be chosen until the day it is retired, and counted for ever."""

    position = models.PositiveIntegerField(_("rekkefølge"), default=0)
    retired_on = models.DateField(
        _("i bruk til"), null=True, blank=True, help_text=_("Den første dagen det ikke lenger kan velges.")
    )

    class Meta:
        abstract = True

    def is_in_use_on(self, day: date) -> bool:
        return self.retired_on is None or day < self.retired_on


class CodeListEntry(Retirable):
    """A named entry of one helpline's list. The code is for files, the name for people."""

    helpline = models.ForeignKey(Helpline, on_delete=models.PROTECT, related_name="+", verbose_name=_("tjeneste"))
    code = models.CharField(
        _("kode"),
        max_length=60,
        validators=[RegexValidator(r"^[a-z0-9][a-z0-9_-]*$", _("Bruk små bokstaver, tall og strek."))],
    )
    name = models.JSONField(_("navn"), validators=[validate_texts])

    class Meta:
        abstract = True
        ordering = ("position", "id")

    def __str__(self) -> str:
        return in_language(self.name) or self.code
