"""The report page, the way to it, and its files."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_safe

from intake.models import Helpline
from stats.models import Contact, EarlierFigure
from stats.models.contact import EARLIEST_MONTH
from stats.pages.access import helpline_or_404, may, staff_or_404
from stats.reports.files import table_bytes
from stats.reports.period import NamedPeriod, Period, half_year_of, named_periods, parse_period
from stats.reports.report import build_report
from stats.reports.rows import coarse_rows, exact_rows
from stats.rules.pending import REGISTER, REPORT
from stats.rules.refusals import BadPeriod, UnknownTable

ROWS = "contacts"
EXPORT = "stats.export_rows"


@dataclass(frozen=True, slots=True)
class Entry:
    """A helpline and what of its statistics is open to the one who asks."""

    helpline: Helpline
    report: bool
    register: bool


@require_safe
def index(request: HttpRequest) -> HttpResponse:
    """The helplines whose statistics one has to do with; straight to it if there is one."""
    staff_or_404(request)
    entries = [
        Entry(helpline, may(request, REPORT, helpline), may(request, REGISTER, helpline))
        for helpline in Helpline.objects.all()
    ]
    shown = [entry for entry in entries if entry.report or entry.register]
    if len(shown) == 1:
        return redirect("stats:report" if shown[0].report else "stats:pending", slug=shown[0].helpline.slug)
    return render(request, "stats/index.html", {"entries": shown})


@require_safe
def report(request: HttpRequest, slug: str) -> HttpResponse:
    helpline = helpline_or_404(request, slug, REPORT)
    today = timezone.now().astimezone(helpline.zone).date()
    context = {
        "helpline": helpline,
        "named_periods": _named_periods(helpline, today),
        "wanted": {key: request.GET.get(key, "") for key in ("from", "to", "period")},
        "may_export_rows": may(request, EXPORT, helpline),
        "may_register": may(request, REGISTER, helpline),
    }
    try:
        period = _period(request, today)
    except BadPeriod as refusal:
        context |= {"problem": refusal.title, "period": half_year_of(today)}
        return render(request, "stats/report.html", context, status=refusal.status)
    has_next = period.next.first <= today
    context |= {"period": period, "report": build_report(helpline, period), "has_next": has_next}
    return render(request, "stats/report.html", context)


@require_safe
def table_file(request: HttpRequest, slug: str, table: str = "") -> HttpResponse:
    """One table of the report as CSV (`table`, else the themes), or the contacts row by row."""
    helpline = helpline_or_404(request, slug, REPORT)
    key = table or request.GET.get("table") or "themes"
    try:
        period = _period(request, timezone.now().astimezone(helpline.zone).date())
        if key == ROWS:
            return _rows(request, slug, period)
        content = table_bytes(build_report(helpline, period).table(key))
    except (BadPeriod, UnknownTable) as refusal:
        return HttpResponse(str(refusal.title), status=refusal.status, content_type="text/plain; charset=utf-8")
    return _file(content, f"{slug}_{key}_{period.file_part}.csv")


@require_safe
def rows(request: HttpRequest, slug: str) -> HttpResponse:
    """What the files of single contacts hold, and what must be understood before the exact one is fetched."""
    helpline = helpline_or_404(request, slug, EXPORT)
    context = {"helpline": helpline, "is_asked": "asked" in request.GET}
    try:
        context["period"] = _period(request, timezone.now().astimezone(helpline.zone).date())
    except BadPeriod as refusal:
        return HttpResponse(str(refusal.title), status=refusal.status, content_type="text/plain; charset=utf-8")
    return render(request, "stats/rows.html", context)


def _rows(request: HttpRequest, slug: str, period: Period) -> HttpResponse:
    helpline = helpline_or_404(request, slug, EXPORT)
    if request.GET.get("detail") != "exact":
        return _file(coarse_rows(helpline, period), f"{slug}_{ROWS}_{period.file_part}.csv")
    if request.GET.get("understood") != "yes":
        return redirect(f"{reverse('stats:rows', args=[slug])}?{period.query}&asked")
    return _file(exact_rows(helpline, period), f"{slug}_{ROWS}_exact_{period.file_part}.csv")


def _file(content: bytes, name: str) -> HttpResponse:
    return HttpResponse(
        content,
        content_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": f'attachment; filename="{name}"'},
    )


def _period(request: HttpRequest, today: date) -> Period:
    wanted = request.GET
    return parse_period(
        first=wanted.get("from", ""), last=wanted.get("to", ""), named=wanted.get("period", ""), today=today
    )


def _named_periods(helpline: Helpline, today: date) -> list[tuple[int, list[NamedPeriod]]]:
    """The periods to choose from, by year, back to the first figure there is."""
    firsts = [
        Contact.objects.filter(helpline=helpline).order_by("month").values_list("month", flat=True).first(),
        EarlierFigure.objects.filter(report__helpline=helpline)
        .order_by("month")
        .values_list("month", flat=True)
        .first(),
    ]
    first = min((month for month in firsts if month), default=today)
    oldest = max(min(first.year, today.year), EARLIEST_MONTH.year)
    return [(year, list(named_periods(year))) for year in range(today.year, oldest - 1, -1)]
