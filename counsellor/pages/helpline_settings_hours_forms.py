from __future__ import annotations

import datetime as dt
from itertools import combinations
from typing import Any

from django import forms
from django.db.models import F, Q
from django.forms import BaseModelFormSet, modelformset_factory
from django.utils.translation import gettext_lazy as _

from counsellor.pages.roster_forms import date_widget, minutes_of, overlap, time_widget
from intake.models import ExceptionDate, Helpline, OpeningHours


class HoursForm(forms.ModelForm[OpeningHours]):
    class Meta:
        model = OpeningHours
        fields = ("weekday", "opens", "closes", "valid_from_on", "valid_until_on")
        widgets = {
            "weekday": forms.Select({"class": "select"}),
            "opens": time_widget(),
            "closes": time_widget(),
            "valid_from_on": date_widget(),
            "valid_until_on": date_widget(),
        }

    def __init__(self, *args: Any, helpline: Helpline, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.instance.helpline = helpline

    def minutes(self) -> list[tuple[int, int]]:
        """From opening to closing in minutes after midnight; closing past midnight runs beyond the day."""
        opens, closes = minutes_of(self.cleaned_data["opens"]), minutes_of(self.cleaned_data["closes"])
        return [(opens, closes if closes > opens else closes + 24 * 60)]


class ExceptionForm(forms.ModelForm[ExceptionDate]):
    class Meta:
        model = ExceptionDate
        fields = ("on", "opens", "closes", "reason")
        widgets = {
            "on": date_widget(),
            "opens": time_widget(),
            "closes": time_widget(),
            "reason": forms.TextInput({"class": "input"}),
        }

    def __init__(self, *args: Any, helpline: Helpline, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.instance.helpline = helpline

    def clean(self) -> dict[str, Any]:
        data = super().clean() or self.cleaned_data
        if (data.get("opens") is None) != (data.get("closes") is None) and not self.errors:
            missing = "closes" if data.get("closes") is None else "opens"
            self.add_error(
                missing, _("Skriv både når dere åpner og stenger, eller ingen av dem om dere holder stengt.")
            )
        return data


class BaseExceptionFormSet(BaseModelFormSet[ExceptionDate, ExceptionForm]):
    def clean(self) -> None:
        """A date is closed, or it has hours: both at once cannot be understood."""
        closed: set[dt.date] = set()
        with_hours: set[dt.date] = set()
        for form in self.forms:
            if not form.is_valid() or form in self.deleted_forms or not form.cleaned_data.get("on"):
                continue
            on, is_closed = form.cleaned_data["on"], form.cleaned_data.get("opens") is None
            if on in (with_hours if is_closed else closed):
                form.add_error("on", _("Denne datoen står både som stengt og som åpen. Fjern en av radene."))
            (closed if is_closed else with_hours).add(on)


class BaseHoursFormSet(BaseModelFormSet[OpeningHours, HoursForm]):
    def clean(self) -> None:
        """Two rows of one weekday that hold at once say the same twice, or a thing that nobody meant."""
        rows = [form for form in self.forms if form.is_valid() and form not in self.deleted_forms]
        filled = [form for form in rows if form.cleaned_data.get("opens") is not None]
        for one, other in combinations(filled, 2):
            if same_days(one.cleaned_data, other.cleaned_data) and overlap(one.minutes(), other.minutes()):
                other.add_error(
                    "opens", _("Denne tiden går over i en annen på samme dag. Endre en av dem, eller fjern den.")
                )


def same_days(one: dict[str, Any], other: dict[str, Any]) -> bool:
    """Whether two rows are for the same weekday, in periods that meet."""
    first, last = dt.date.min, dt.date.max
    return bool(
        one["weekday"] == other["weekday"]
        and (one["valid_from_on"] or first) <= (other["valid_until_on"] or last)
        and (other["valid_from_on"] or first) <= (one["valid_until_on"] or last)
    )


HoursFormSet = modelformset_factory(
    OpeningHours, form=HoursForm, formset=BaseHoursFormSet, extra=1, can_delete=True, max_num=200
)
ExceptionFormSet = modelformset_factory(
    ExceptionDate, form=ExceptionForm, formset=BaseExceptionFormSet, extra=1, can_delete=True, max_num=200
)


Hours = BaseModelFormSet[OpeningHours, HoursForm]
Exceptions = BaseModelFormSet[ExceptionDate, ExceptionForm]


def hours_formset(helpline: Helpline, data: Any = None, *, today: dt.date) -> Hours:
    """The rows that are valid today or later; the past stays as it was."""
    rows = helpline.opening_hours.filter(Q(valid_until_on__isnull=True) | Q(valid_until_on__gte=today))
    ordered = rows.order_by(F("valid_from_on").asc(nulls_first=True), "weekday", "opens", "id")
    return HoursFormSet(data, queryset=ordered, prefix="hours", form_kwargs={"helpline": helpline})


def exception_formset(helpline: Helpline, data: Any = None, *, today: dt.date) -> Exceptions:
    rows = helpline.exception_dates.filter(on__gte=today)
    return ExceptionFormSet(data, queryset=rows, prefix="exceptions", form_kwargs={"helpline": helpline})


class PeriodForm(forms.Form):
    from_on = forms.DateField(label=_("Nye tider fra"), widget=date_widget())
