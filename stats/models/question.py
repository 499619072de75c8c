from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from intake.models.texts import in_language, validate_texts
from stats.models.code_list import CodeListEntry, Retirable


class Question(CodeListEntry):
    """A helpline's own question about a contact: relation to the prisoner, how they heard of us, …"""

    is_required = models.BooleanField(_("må besvares"), default=False)
    is_multiple = models.BooleanField(_("flere svar"), default=False)

    class Meta(CodeListEntry.Meta):
        verbose_name = _("eget spørsmål")
        verbose_name_plural = _("egne spørsmål")
        constraints = [models.UniqueConstraint(fields=("helpline", "code"), name="question_code_once")]


class Choice(Retirable):
    """One answer that can be chosen."""

    question = models.ForeignKey(Question, on_delete=models.PROTECT, related_name="choices")
    code = models.SlugField(_("kode"), max_length=60)
    name = models.JSONField(_("navn"), validators=[validate_texts])

    class Meta:
        ordering = ("position", "id")
        verbose_name = _("svar")
        verbose_name_plural = _("svar")
        constraints = [models.UniqueConstraint(fields=("question", "code"), name="choice_code_once")]

    def __str__(self) -> str:
        return in_language(self.name) or self.code
