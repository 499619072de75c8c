from __future__ import annotations

import datetime as dt
from itertools import combinations
from typing import Any

from django import forms
from django.db.models import Q, QuerySet
from django.forms import BaseModelFormSet, modelformset_factory
from django.utils.translation import gettext_lazy as _

from counsellor.models import Counsellor, PatternRow, Shift
from counsellor.rules.roster import rostered_people
from intake.models import Helpline
from intake.rules.timetable import ONE_DAY
from intake.rules.wall_clock import moment_of

WEEK_MINUTES = 7 * 24 * 60


def time_widget() -> forms.TimeInput:
    return forms.TimeInput({"class": "input", "type": "time"}, format="%H:%M")


def date_widget() -> forms.DateInput:
    return forms.DateInput({"class": "input", "type": "date"}, format="%Y-%m-%d")


class PersonField(forms.ModelChoiceField[Counsellor]):
    def label_from_instance(self, obj: Counsellor) -> str:
        return obj.pseudonym


def person_field(people: QuerySet[Counsellor]) -> PersonField:
    return PersonField(people, label=_("Hvem"), empty_label="–", widget=forms.Select({"class": "select"}))


SAME_TIME = _("Vakten slutter når den begynner. Skriv 00:00–00:00 hvis den varer hele døgnet.")


def is_empty(starts: dt.time, ends: dt.time) -> bool:
    """Midnight to midnight is a day on purpose; 10:00 to 10:00 is a slip, and would silently be 24 hours."""
    return starts == ends != dt.time.min


class PatternRowForm(forms.ModelForm[PatternRow]):
    class Meta:
        model = PatternRow
        fields = ("weekday", "starts", "ends", "user")
        widgets = {
            "weekday": forms.Select({"class": "select"}),
            "starts": time_widget(),
            "ends": time_widget(),
        }

    def __init__(self, *args: Any, helpline: Helpline, people: list[tuple[int, str]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.instance.helpline = helpline
        # Who left stays choosable in her own old row, so that saving the others is not held up.
        choosable = Q(pk__in=[pk for pk, _name in people]) | Q(pk=self.instance.user_id)
        field = person_field(Counsellor.objects.filter(choosable))
        gone = [] if self.instance.user_id in dict(people) or not self.instance.pk else [self.instance.user]
        # One list for all rows: not a query for each.
        field.choices = [
            ("", "–"),
            *people,
            *((user.pk, f"{user.pseudonym} ({_('svarer ikke her lenger')})") for user in gone),
        ]
        self.fields["user"] = field

    def clean(self) -> dict[str, Any]:
        data = super().clean() or self.cleaned_data
        starts, ends = data.get("starts"), data.get("ends")
        if starts is not None and ends is not None and is_empty(starts, ends):
            self.add_error("ends", SAME_TIME)
        return data

    def minutes(self) -> list[tuple[int, int]]:
        """The row as minutes of the week; a row over Sunday midnight comes back at its beginning."""
        start = int(self.cleaned_data["weekday"]) * 24 * 60 + minutes_of(self.cleaned_data["starts"])
        length = (minutes_of(self.cleaned_data["ends"]) - minutes_of(self.cleaned_data["starts"])) % (24 * 60)
        end = start + (length or 24 * 60)
        return [(start, min(end, WEEK_MINUTES))] + ([(0, end - WEEK_MINUTES)] if end > WEEK_MINUTES else [])


class BasePatternFormSet(BaseModelFormSet[PatternRow, PatternRowForm]):
    def clean(self) -> None:
        """Nobody can be on twice at once on one helpline. Across helplines it is shown in the week, not refused."""
        filled = [form for form in self.forms if form.is_valid() and form not in self.deleted_forms]
        rows = [form for form in filled if form.cleaned_data.get("user")]
        for one, other in combinations(rows, 2):
            if one.cleaned_data["user"] == other.cleaned_data["user"] and overlap(one.minutes(), other.minutes()):
                other.add_error(
                    "starts", _("Denne personen står allerede på vakt da. Endre tiden, eller fjern en av radene.")
                )


PatternFormSet = modelformset_factory(
    PatternRow, form=PatternRowForm, formset=BasePatternFormSet, extra=1, can_delete=True, max_num=500
)


def pattern_formset(helpline: Helpline, data: Any = None) -> BaseModelFormSet[PatternRow, PatternRowForm]:
    people = [(user.pk, user.pseudonym) for user in rostered_people(helpline)]
    rows = PatternRow.objects.filter(helpline=helpline).select_related("user")
    return PatternFormSet(data, queryset=rows, prefix="pattern", form_kwargs={"helpline": helpline, "people": people})


class ShiftForm(forms.Form):
    """A shift in the words of the wall: a date, from, to. `starts_at` and `ends_at` are in `cleaned_data`, aware."""

    on = forms.DateField(label=_("Dato"), widget=date_widget())
    starts = forms.TimeField(label=_("Fra"), widget=time_widget())
    ends = forms.TimeField(label=_("Til"), widget=time_widget())
    note = forms.CharField(
        label=_("Merknad"),
        help_text=_("Ses av alle som ser vaktplanen. Skriv ikke noe om innskrivere."),
        max_length=120,
        required=False,
        widget=forms.TextInput({"class": "input"}),
    )

    def __init__(self, *args: Any, helpline: Helpline, shift: Shift | None = None, **kwargs: Any) -> None:
        if shift is not None:
            kwargs["initial"] = initial_of(shift)
        super().__init__(*args, **kwargs)
        self.helpline = helpline
        people = rostered_people(helpline).values("pk")
        # Who left stays choosable in her own old shift.
        choosable = Q(pk__in=people) | Q(pk=shift.user_id if shift else None)
        self.fields["user"] = person_field(Counsellor.objects.filter(choosable))
        self.order_fields(["user"])

    def clean(self) -> dict[str, Any]:
        data = super().clean() or self.cleaned_data
        if all(data.get(name) is not None for name in ("on", "starts", "ends")):
            if is_empty(data["starts"], data["ends"]):
                self.add_error("ends", SAME_TIME)
                return data
            last = data["on"] if data["ends"] > data["starts"] else data["on"] + ONE_DAY
            data["starts_at"] = moment_of(data["on"], data["starts"], zone=self.helpline.zone)
            data["ends_at"] = moment_of(last, data["ends"], zone=self.helpline.zone)
        return data

    def clean_on(self) -> dt.date:
        on: dt.date = self.cleaned_data["on"]
        if not 2000 <= on.year <= 2200:
            raise forms.ValidationError(_("Sjekk årstallet."))
        return on


def initial_of(shift: Shift) -> dict[str, Any]:
    starts, ends = (moment.astimezone(shift.helpline.zone) for moment in (shift.starts_at, shift.ends_at))
    return {
        "user": shift.user_id,
        "on": starts.date(),
        "starts": starts.time(),
        "ends": ends.time(),
        "note": shift.note,
    }


def minutes_of(time: dt.time) -> int:
    return time.hour * 60 + time.minute


def overlap(some: list[tuple[int, int]], others: list[tuple[int, int]]) -> bool:
    return any(one[0] < other[1] and other[0] < one[1] for one in some for other in others)
