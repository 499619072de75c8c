from __future__ import annotations

from django.core.exceptions import ValidationError
from django.db import models
from django.utils.translation import gettext_lazy as _

from stats.models.code_list import CodeListEntry


class Theme(CodeListEntry):
    """What a contact was about. Two levels: a theme may lie under another that lies under none."""

    parent = models.ForeignKey(
        "self", null=True, blank=True, on_delete=models.PROTECT, related_name="children", verbose_name=_("ligger under")
    )

    class Meta(CodeListEntry.Meta):
        verbose_name = _("tema")
        verbose_name_plural = _("temaer")
        constraints = [
            models.UniqueConstraint(fields=("helpline", "code"), name="theme_code_once"),
            models.CheckConstraint(condition=~models.Q(parent=models.F("id")), name="theme_not_its_own_parent"),
        ]

    def clean(self) -> None:
        if self.parent is None:
            return
        if self.parent.helpline_id != self.helpline_id:
            raise ValidationError({"parent": _("Velg et tema fra samme tjeneste.")})
        if self.parent.parent_id is not None or (self.pk and self.children.exists()):
            raise ValidationError({"parent": _("Temaer har bare to nivåer.")})
