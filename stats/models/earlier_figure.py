"""Figures of a report from before the ledger. They are sums, and are never made into contacts."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from intake.models import Helpline
from stats.models.contact import EARLIEST_MONTH
from stats.models.theme import Theme


class EarlierReport(models.Model):
    """Where earlier figures come from, as it is named beside them."""

    helpline = models.ForeignKey(Helpline, on_delete=models.PROTECT, related_name="earlier_reports")
    source = models.CharField(_("kilde"), max_length=200)

    class Meta:
        ordering = ("id",)
        verbose_name = _("tidligere rapport")
        verbose_name_plural = _("tidligere rapporter")
        constraints = [models.UniqueConstraint(fields=("helpline", "source"), name="earlier_report_once")]

    def __str__(self) -> str:
        return self.source


class EarlierFigure(models.Model):
    """How often a theme was registered in a month. One figure a theme and month: two reports must not add up."""

    report = models.ForeignKey(EarlierReport, on_delete=models.PROTECT, related_name="figures")
    theme = models.ForeignKey(Theme, on_delete=models.PROTECT, related_name="+", db_index=False)
    month = models.DateField(_("måned"))
    count = models.PositiveIntegerField(_("antall"))

    class Meta:
        ordering = ("theme", "month")
        verbose_name = _("tidligere tall")
        verbose_name_plural = _("tidligere tall")
        constraints = [
            models.UniqueConstraint(fields=("theme", "month"), name="earlier_figure_once"),
            models.CheckConstraint(condition=models.Q(month__gte=EARLIEST_MONTH), name="earlier_figure_month"),
        ]

    def __str__(self) -> str:
        return f"{self.theme_id} {self.month:%Y-%m}: {self.count}"


class PrintedTotal(models.Model):
    """The total that the earlier report printed for a theme. Kept to be compared, never counted."""

    report = models.ForeignKey(EarlierReport, on_delete=models.PROTECT, related_name="printed_totals")
    theme = models.ForeignKey(Theme, on_delete=models.PROTECT, related_name="+")
    count = models.PositiveIntegerField(_("antall"))

    class Meta:
        verbose_name = _("trykt sum")
        verbose_name_plural = _("trykte summer")
        constraints = [models.UniqueConstraint(fields=("report", "theme"), name="printed_total_once")]

    def __str__(self) -> str:
        return f"{self.theme_id}: {self.count}"
