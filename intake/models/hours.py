from __future__ import annotations

from django.core.exceptions import ValidationError
from django.db import models
from django.utils.translation import gettext_lazy as _

from intake.models.helpline import Helpline


class OpeningHours(models.Model):
    """One interval on one weekday while the period of validity lasts.

    `closes` earlier than or equal to `opens` means the next day: 22:00-02:00 crosses midnight,
    00:00-00:00 is the whole day and night. Times are wall-clock times in the helpline's zone.
    """

    class Weekday(models.IntegerChoices):
        MONDAY = 0, _("mandag")
        TUESDAY = 1, _("tirsdag")
        WEDNESDAY = 2, _("onsdag")
        THURSDAY = 3, _("torsdag")
        FRIDAY = 4, _("fredag")
        SATURDAY = 5, _("lørdag")
        SUNDAY = 6, _("søndag")

    helpline = models.ForeignKey(Helpline, on_delete=models.CASCADE, related_name="opening_hours")
    weekday = models.PositiveSmallIntegerField(_("ukedag"), choices=Weekday.choices)
    opens = models.TimeField(_("åpner"))
    closes = models.TimeField(_("stenger"))
    valid_from_on = models.DateField(_("gjelder fra"), null=True, blank=True)
    valid_until_on = models.DateField(_("gjelder til og med"), null=True, blank=True)

    class Meta:
        ordering = ("weekday", "opens", "id")
        verbose_name = _("åpningstid")
        verbose_name_plural = _("åpningstider")
        constraints = [
            models.CheckConstraint(condition=models.Q(weekday__lte=6), name="opening_hours_weekday"),
            models.CheckConstraint(
                condition=models.Q(valid_from_on__isnull=True)
                | models.Q(valid_until_on__isnull=True)
                | models.Q(valid_from_on__lte=models.F("valid_until_on")),
                name="opening_hours_period_in_order",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_weekday_display()} {self.opens:%H:%M}–{self.closes:%H:%M}"

    def clean(self) -> None:
        if self.valid_from_on and self.valid_until_on and self.valid_until_on < self.valid_from_on:
            raise ValidationError({"valid_until_on": _("Sluttdatoen er før startdatoen.")})


class ExceptionDate(models.Model):
    """One date that does not follow the week: closed (no times), or open in one interval.

    Several rows on a date are several intervals. A date with rows takes the place of the weekly hours
    and of public holidays for intervals that begin on it.
    """

    helpline = models.ForeignKey(Helpline, on_delete=models.CASCADE, related_name="exception_dates")
    on = models.DateField(_("dato"))
    opens = models.TimeField(_("åpner"), null=True, blank=True)
    closes = models.TimeField(_("stenger"), null=True, blank=True)
    reason = models.CharField(_("grunn"), max_length=80, blank=True)

    class Meta:
        ordering = ("on", "opens")
        verbose_name = _("unntaksdag")
        verbose_name_plural = _("unntaksdager")
        constraints = [
            models.CheckConstraint(
                condition=models.Q(opens__isnull=True, closes__isnull=True)
                | models.Q(opens__isnull=False, closes__isnull=False),
                name="exception_date_both_times_or_none",
            ),
        ]

    def __str__(self) -> str:
        times = _("stengt") if self.opens is None or self.closes is None else f"{self.opens:%H:%M}–{self.closes:%H:%M}"
        return f"{self.on:%Y-%m-%d} {times}"
