from __future__ import annotations

from django.db import models
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from intake.models.texts import in_language, validate_texts
from stats.models.code_list import CodeListEntry


class AgeBand(CodeListEntry):
    """Ages from `from_age` to `to_age`, both included; no `to_age` is "and older". The name may be left out."""

    name = models.JSONField(_("navn"), default=dict, blank=True, validators=[validate_texts])
    from_age = models.PositiveSmallIntegerField(_("fra alder"))
    to_age = models.PositiveSmallIntegerField(_("til og med alder"), null=True, blank=True)

    class Meta(CodeListEntry.Meta):
        ordering = ("from_age", "id")
        verbose_name = _("aldersgruppe")
        verbose_name_plural = _("aldersgrupper")
        constraints = [
            models.UniqueConstraint(fields=("helpline", "code"), name="age_band_code_once"),
            models.CheckConstraint(
                condition=models.Q(to_age__isnull=True) | models.Q(to_age__gte=models.F("from_age")),
                name="age_band_in_order",
            ),
        ]

    def __str__(self) -> str:
        if named := in_language(self.name):
            return named
        if self.to_age is None:
            return gettext("%(age)d år og eldre") % {"age": self.from_age}
        return gettext("%(first)d–%(last)d år") % {"first": self.from_age, "last": self.to_age}

    def holds(self, age: int) -> bool:
        return self.from_age <= age and (self.to_age is None or age <= self.to_age)
