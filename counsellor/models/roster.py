from __future__ import annotations

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from intake.models import Helpline, OpeningHours


class PatternRow(models.Model):
    """One person's place in the weekly pattern. `ends` at or before `starts` means the next day.

    Wall-clock times of the helpline. The pattern is no roster: shifts come from it when a half-year is drawn up.
    """

    helpline = models.ForeignKey(Helpline, on_delete=models.CASCADE, related_name="pattern_rows")
    weekday = models.PositiveSmallIntegerField(_("ukedag"), choices=OpeningHours.Weekday.choices)
    starts = models.TimeField(_("fra"))
    ends = models.TimeField(_("til"))
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, verbose_name=_("hvem"), on_delete=models.CASCADE, related_name="+"
    )

    class Meta:
        ordering = ("weekday", "starts", "user__username", "id")
        verbose_name = _("rad i ukemønsteret")
        verbose_name_plural = _("ukemønster")
        constraints = [models.CheckConstraint(condition=models.Q(weekday__lte=6), name="pattern_row_weekday")]

    def __str__(self) -> str:
        return f"{self.get_weekday_display()} {self.starts:%H:%M}–{self.ends:%H:%M} {self.user}"


class RosterDrawing(models.Model):
    """One time that the pattern was turned into the shifts of a period, both dates included."""

    helpline = models.ForeignKey(Helpline, on_delete=models.CASCADE, related_name="roster_drawings")
    from_on = models.DateField()
    until_on = models.DateField()
    drawn_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")
    drawn_at = models.DateTimeField()
    undone_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ("-drawn_at", "-id")
        verbose_name = _("oppsett av vaktplan")
        verbose_name_plural = _("oppsett av vaktplan")
        constraints = [
            models.CheckConstraint(
                condition=models.Q(from_on__lte=models.F("until_on")), name="roster_drawing_period_in_order"
            )
        ]

    def __str__(self) -> str:
        return f"{self.helpline_id} {self.from_on}–{self.until_on}"


class ShiftQuerySet(models.QuerySet["Shift"]):
    def standing(self) -> ShiftQuerySet:
        """The shifts that are worked: not withdrawn."""
        return self.filter(withdrawn_at__isnull=True)


class Shift(models.Model):
    """One person on duty from `starts_at` to `ends_at` (aware UTC).

    `planned_*` is what the pattern said when the shift was drawn up; empty for one that was added by hand.
    A withdrawn shift stays as a row, so that drawing up again does not bring it back and an undo can.
    """

    helpline = models.ForeignKey(Helpline, on_delete=models.CASCADE, related_name="shifts")
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, verbose_name=_("hvem"), on_delete=models.CASCADE, related_name="shifts"
    )
    starts_at = models.DateTimeField(_("fra"))
    ends_at = models.DateTimeField(_("til"))
    note = models.CharField(_("merknad"), max_length=120, blank=True)
    planned_user = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")
    planned_starts_at = models.DateTimeField(null=True)
    planned_ends_at = models.DateTimeField(null=True)
    drawn_in = models.ForeignKey(RosterDrawing, null=True, on_delete=models.SET_NULL, related_name="drawn")
    withdrawn_at = models.DateTimeField(null=True)
    withdrawn_in = models.ForeignKey(RosterDrawing, null=True, on_delete=models.SET_NULL, related_name="withdrawn")

    objects = ShiftQuerySet.as_manager()

    class Meta:
        ordering = ("starts_at", "ends_at", "id")
        verbose_name = _("vakt")
        verbose_name_plural = _("vakter")
        constraints = [
            models.CheckConstraint(
                condition=models.Q(ends_at__gt=models.F("starts_at")), name="shift_ends_after_start"
            ),
            models.UniqueConstraint(
                fields=("helpline", "user", "starts_at"),
                condition=models.Q(withdrawn_at__isnull=True),
                name="shift_once_a_person_and_start",
            ),
        ]
        indexes = [
            models.Index(fields=("helpline", "starts_at"), name="shift_helpline_starts"),
            models.Index(fields=("user", "starts_at"), name="shift_user_starts"),
        ]

    def __str__(self) -> str:
        return f"{self.user} {self.starts_at:%Y-%m-%d %H:%M}"

    @property
    def is_drawn(self) -> bool:
        return self.planned_starts_at is not None

    @property
    def is_as_planned(self) -> bool:
        """Drawn up and since then touched by nobody."""
        return (self.user_id, self.starts_at, self.ends_at) == (
            self.planned_user_id,
            self.planned_starts_at,
            self.planned_ends_at,
        ) and not self.note


class CalendarFeed(models.Model):
    """A person's secret calendar address, known here as its SHA-256 alone. Revoked by deleting the row."""

    user = models.OneToOneField(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="calendar_feed")
    secret_hash = models.BinaryField(max_length=32, unique=True)
    created_at = models.DateTimeField()

    class Meta:
        verbose_name = _("kalenderadresse")
        verbose_name_plural = _("kalenderadresser")

    def __str__(self) -> str:
        return str(self.user)
