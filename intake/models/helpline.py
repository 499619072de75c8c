from __future__ import annotations

import zoneinfo

from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator, RegexValidator
from django.db import models
from django.utils.translation import gettext_lazy as _

from intake.models.texts import in_language, validate_texts


def validate_time_zone(value: str) -> None:
    if value not in zoneinfo.available_timezones():
        raise ValidationError(_("Ukjent tidssone. Skriv for eksempel Europe/Oslo."))


class Helpline(models.Model):
    """One line with its own name, hours, themes, staff and texts."""

    # Words that are the first part of an address of the installation's own pages.
    RESERVED_SLUGS = frozenset(
        {
            "admin",
            "counsellor",
            "stats",
            "static",
            "ws",
            "readyz",
            "healthz",
            "metrics",
            "privacy",
        }
    )

    slug = models.SlugField(_("adressedel"), max_length=40, unique=True)
    name = models.JSONField(_("navn"), validators=[validate_texts])
    tagline = models.JSONField(_("undertittel"), default=dict, blank=True, validators=[validate_texts])
    about = models.JSONField(_("om tjenesten"), default=dict, blank=True, validators=[validate_texts])
    welcome = models.JSONField(_("velkomst i kø"), default=dict, blank=True, validators=[validate_texts])
    closed_text = models.JSONField(
        _("tekst når det er stengt"),
        default=dict,
        blank=True,
        validators=[validate_texts],
    )
    languages = models.JSONField(_("språk"), default=list, help_text='["nb", "nn", "en"]')
    time_zone = models.CharField(
        _("tidssone"),
        max_length=64,
        default="Europe/Oslo",
        validators=[validate_time_zone],
    )
    accent_colour = models.CharField(
        _("farge"),
        max_length=7,
        default="#1f5f7a",
        validators=[RegexValidator(r"^#[0-9a-fA-F]{6}$")],
    )
    exit_url = models.URLField(_("adresse for rask utgang"), default="https://www.yr.no/")
    retention_hours = models.PositiveSmallIntegerField(
        _("timer før sletting"), default=72, validators=[MaxValueValidator(72)]
    )
    queue_cap = models.PositiveIntegerField(_("største kø"), default=50, validators=[MinValueValidator(1)])
    embed_origins = models.JSONField(_("nettsteder som kan vise chatten"), default=list, blank=True)
    follows_public_holidays = models.BooleanField(_("stengt på røde dager"), default=False)
    soft_closed_at = models.DateTimeField(_("stengt for nye"), null=True, blank=True)

    class Meta:
        ordering = ("slug",)
        verbose_name = _("tjeneste")
        verbose_name_plural = _("tjenester")
        constraints = [
            models.CheckConstraint(
                condition=models.Q(retention_hours__lte=72),
                name="helpline_retention_at_most_72_h",
            ),
            models.CheckConstraint(
                condition=models.Q(queue_cap__gte=1),
                name="helpline_queue_cap_at_least_1",
            ),
        ]

    def __str__(self) -> str:
        return in_language(self.name) or self.slug

    def clean(self) -> None:
        if self.slug in self.RESERVED_SLUGS:
            raise ValidationError({"slug": _("Denne adressedelen er opptatt. Velg en annen.")})

    @property
    def zone(self) -> zoneinfo.ZoneInfo:
        return zoneinfo.ZoneInfo(self.time_zone)


class EmergencyContact(models.Model):
    """A number in the emergency strip: 113, 116 117, …"""

    helpline = models.ForeignKey(Helpline, on_delete=models.CASCADE, related_name="emergency_contacts")
    position = models.PositiveSmallIntegerField(_("rekkefølge"), default=0)
    label = models.JSONField(_("navn"), validators=[validate_texts])
    number = models.CharField(_("nummer"), max_length=20, validators=[RegexValidator(r"^\+?[0-9 ]{3,20}$")])

    class Meta:
        ordering = ("position", "id")
        verbose_name = _("nødnummer")
        verbose_name_plural = _("nødnumre")

    def __str__(self) -> str:
        return f"{self.number} {in_language(self.label)}"

    @property
    def tel(self) -> str:
        return self.number.replace(" ", "")


class IntroQuestion(models.Model):
    """An optional question before the conversation; the answers are sealed with it."""

    class Kind(models.TextChoices):
        TEXT = "text", _("fritekst")
        CHOICE = "choice", _("valg")

    helpline = models.ForeignKey(Helpline, on_delete=models.CASCADE, related_name="intro_questions")
    key = models.SlugField(max_length=40)
    position = models.PositiveSmallIntegerField(default=0)
    kind = models.CharField(max_length=10, choices=Kind.choices, default=Kind.TEXT)
    label = models.JSONField(validators=[validate_texts])
    choices = models.JSONField(
        default=list,
        blank=True,
        help_text='[{"value": "child", "label": {"nb": "Barn"}}]',
    )

    class Meta:
        ordering = ("position", "id")
        verbose_name = _("spørsmål før samtalen")
        verbose_name_plural = _("spørsmål før samtalen")
        constraints = [models.UniqueConstraint(fields=("helpline", "key"), name="intro_question_key_once")]

    def __str__(self) -> str:
        return in_language(self.label)
