"""The ledger: one row a contact, and one a theme, a referral and an answer of it.

No row points to a conversation, a counsellor or a message (docs/privacy.md, "The ledger"). Month, weekday and hour
are the helpline's own time, written once; the month is copied into the rows below the contact, so that a report
reads one covering index a table and never computes a time zone.
"""

from __future__ import annotations

from datetime import date

from django.core.validators import RegexValidator
from django.db import models
from django.utils.translation import gettext_lazy as _

from intake.models import Helpline
from stats.models.age_band import AgeBand
from stats.models.question import Choice
from stats.models.referral import ReferralBody
from stats.models.theme import Theme

MAX_AGE = 120
MAX_DURATION_MINUTES = 7 * 24 * 60
# No figure is older: an earlier year is one typed wrongly, and every report would have to reach back to it.
EARLIEST_MONTH = date(1990, 1, 1)


class Channel(models.TextChoices):
    CHAT = "chat", _("Chat")
    PHONE = "phone", _("Telefon")
    EMAIL = "email", _("E-post")
    LETTER = "letter", _("Brev")
    SOCIAL = "social", _("Sosiale medier")
    IN_PERSON = "in_person", _("Oppmøte")
    VIDEO = "video", _("Video")


class Kind(models.TextChoices):
    GENUINE = "genuine", _("Reell")
    SILENT = "silent", _("Taus")
    WRONG_NUMBER = "wrong_number", _("Feil sted")
    ABUSE = "abuse", _("Misbruk")
    TEST = "test", _("Prøve")


class Gender(models.TextChoices):
    WOMAN = "woman", _("Kvinne")
    MAN = "man", _("Mann")
    OTHER = "other", _("Annet")
    UNKNOWN = "unknown", _("Ukjent")


class Contact(models.Model):
    """One conversation, call or letter, as it stands in the statistics."""

    helpline = models.ForeignKey(Helpline, on_delete=models.PROTECT, related_name="contacts", db_index=False)
    # A random name the form gives the contact before it is saved, so that the same form sent twice is saved once;
    # for an imported row, derived from the row. Nothing else in the database knows it.
    entry_id = models.UUIDField(null=True, unique=True, editable=False)
    started_at = models.DateTimeField(_("start, til nærmeste kvarter"))
    month = models.DateField(_("måned"))
    weekday = models.PositiveSmallIntegerField(_("ukedag"))
    hour = models.PositiveSmallIntegerField(_("time"))
    duration_minutes = models.PositiveIntegerField(_("varighet i minutter"))
    waiting_minutes = models.PositiveIntegerField(_("ventetid i minutter"), null=True)
    channel = models.CharField(_("kanal"), max_length=10, choices=Channel.choices)
    kind = models.CharField(_("type"), max_length=12, choices=Kind.choices, default=Kind.GENUINE)
    gender = models.CharField(_("kjønn"), max_length=8, choices=Gender.choices, default=Gender.UNKNOWN)
    age = models.PositiveSmallIntegerField(_("alder"), null=True)
    age_band = models.ForeignKey(
        AgeBand, null=True, on_delete=models.PROTECT, related_name="+", db_index=False, verbose_name=_("aldersgruppe")
    )
    language = models.CharField(_("språk"), max_length=8, default="nb", validators=[RegexValidator(r"^[a-z]{2,8}$")])

    class Meta:
        verbose_name = _("henvendelse")
        verbose_name_plural = _("henvendelser")
        constraints = [
            models.CheckConstraint(condition=models.Q(month__gte=EARLIEST_MONTH), name="contact_month"),
            models.CheckConstraint(condition=models.Q(weekday__lte=6), name="contact_weekday"),
            models.CheckConstraint(condition=models.Q(hour__lte=23), name="contact_hour"),
            models.CheckConstraint(
                condition=models.Q(age__isnull=True) | models.Q(age__lte=MAX_AGE), name="contact_age"
            ),
            models.CheckConstraint(
                condition=models.Q(duration_minutes__lte=MAX_DURATION_MINUTES), name="contact_duration"
            ),
            models.CheckConstraint(condition=models.Q(channel__in=Channel.values), name="contact_channel"),
            models.CheckConstraint(condition=models.Q(kind__in=Kind.values), name="contact_kind"),
            models.CheckConstraint(condition=models.Q(gender__in=Gender.values), name="contact_gender"),
        ]
        indexes = [
            # One covering index a query of the report (stats/reports/ledger.py).
            models.Index(
                fields=("helpline", "month", "kind", "channel", "gender", "age_band", "language"),
                name="contact_by_kind",
            ),
            models.Index(fields=("helpline", "month", "kind", "duration_minutes"), name="contact_by_duration"),
            models.Index(fields=("helpline", "month", "kind", "waiting_minutes"), name="contact_by_waiting"),
            models.Index(fields=("helpline", "month", "kind", "weekday", "hour"), name="contact_by_hour"),
        ]

    def __str__(self) -> str:
        return f"{self.helpline_id} {self.month:%Y-%m} {self.channel}"


class ContactTheme(models.Model):
    contact = models.ForeignKey(Contact, on_delete=models.CASCADE, related_name="theme_rows", db_index=False)
    theme = models.ForeignKey(Theme, on_delete=models.PROTECT, related_name="+", db_index=False)
    month = models.DateField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=("contact", "theme"), name="contact_theme_once")]
        indexes = [models.Index(fields=("theme", "month"), name="contact_theme_by_month")]

    def __str__(self) -> str:
        return f"{self.contact_id}/{self.theme_id}"


class ContactReferral(models.Model):
    contact = models.ForeignKey(Contact, on_delete=models.CASCADE, related_name="referral_rows", db_index=False)
    body = models.ForeignKey(ReferralBody, on_delete=models.PROTECT, related_name="+", db_index=False)
    month = models.DateField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=("contact", "body"), name="contact_referral_once")]
        indexes = [models.Index(fields=("body", "month"), name="contact_referral_by_month")]

    def __str__(self) -> str:
        return f"{self.contact_id}/{self.body_id}"


class ContactAnswer(models.Model):
    contact = models.ForeignKey(Contact, on_delete=models.CASCADE, related_name="answer_rows", db_index=False)
    choice = models.ForeignKey(Choice, on_delete=models.PROTECT, related_name="+", db_index=False)
    month = models.DateField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=("contact", "choice"), name="contact_answer_once")]
        indexes = [models.Index(fields=("choice", "month"), name="contact_answer_by_month")]

    def __str__(self) -> str:
        return f"{self.contact_id}/{self.choice_id}"
