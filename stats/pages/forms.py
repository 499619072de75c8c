"""The registration form: one form for an ended chat, a contact by hand, and a correction."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django import forms
from django.http import QueryDict
from django.utils.translation import gettext as _

from intake.models import Helpline, PendingContact
from intake.rules.lifecycle import to_quarter_hour
from stats.models import Channel, Contact, Gender, Kind, Question, ReferralBody, Theme
from stats.pages.fields import LocalDateTimeField, chosen_of, options_of
from stats.reports.report import language_name
from stats.rules.code_lists import CodeLists, in_use, load_code_lists
from stats.rules.entry import ContactEntry, problems_of

# Offered after the helpline's own languages: those that are asked for most in Norway.
OTHER_LANGUAGES = ("nb", "nn", "en", "se", "ar", "fa", "pl", "so", "ti", "tr", "uk", "ur")


@dataclass(frozen=True, slots=True)
class Box:
    """One checkbox or radio button, as the template draws it."""

    value: str
    label: str
    is_checked: bool
    children: tuple[Box, ...] = ()


@dataclass(frozen=True, slots=True)
class QuestionField:
    question: Question
    name: str
    boxes: tuple[Box, ...]


class ContactForm(forms.Form):
    """Given `pending` or `contact` it is filled in from them. `entry` is what a valid form says.

    `now` is an aware time. Use `prefix` where several forms stand on one page.
    """

    channel = forms.ChoiceField(choices=Channel.choices)
    kind = forms.ChoiceField(choices=Kind.choices, initial=Kind.GENUINE)
    themes = forms.MultipleChoiceField(required=False)
    gender = forms.ChoiceField(choices=Gender.choices, initial=Gender.UNKNOWN)
    age = forms.IntegerField(
        required=False,
        min_value=0,
        max_value=120,
        widget=forms.NumberInput(attrs={"class": "input", "inputmode": "numeric", "autocomplete": "off"}),
    )
    age_band = forms.ChoiceField(required=False, widget=forms.Select(attrs={"class": "select"}))
    referrals = forms.MultipleChoiceField(required=False)
    language = forms.ChoiceField(widget=forms.Select(attrs={"class": "select"}))
    duration_minutes = forms.IntegerField(
        min_value=0, widget=forms.NumberInput(attrs={"class": "input", "inputmode": "numeric"})
    )
    waiting_minutes = forms.IntegerField(
        required=False, min_value=0, widget=forms.NumberInput(attrs={"class": "input", "inputmode": "numeric"})
    )
    entry_id = forms.UUIDField(required=False, widget=forms.HiddenInput)

    entry: ContactEntry

    def __init__(
        self,
        helpline: Helpline,
        data: QueryDict | None = None,
        *,
        now: datetime,
        pending: PendingContact | None = None,
        contact: Contact | None = None,
        prefix: str | None = None,
    ) -> None:
        self.helpline, self.now, self.pending, self.contact = helpline, now, pending, contact
        self.lists: CodeLists = load_code_lists(helpline)
        self.before = _entry_of(contact, self.lists) if contact else None
        super().__init__(data, prefix=prefix, initial=self._initial(), auto_id="id_%s")
        self._offer_lists()
        self.fields["started_at"] = LocalDateTimeField(zone=helpline.zone)
        for field in self.fields.values():
            if field.required:
                field.widget.attrs.pop("required", None)
        self.use_required_attribute = False

    def _day(self) -> date:
        """The day whose lists are offered: the contact's own."""
        started_at: datetime = self._initial()["started_at"]
        return started_at.astimezone(self.helpline.zone).date()

    def _initial(self) -> dict[str, Any]:
        if self.before is not None:
            return _initial_of(self.before)
        start = self.pending.started_at if self.pending else to_quarter_hour(self.now)
        initial = {"started_at": start, "kind": Kind.GENUINE, "gender": Gender.UNKNOWN, "language": self._languages[0]}
        if self.pending is not None:
            initial |= {
                "channel": Channel.CHAT,
                "language": self.pending.language,
                "duration_minutes": self.pending.duration_minutes,
                "waiting_minutes": self.pending.waiting_minutes,
            }
        else:
            initial |= {"channel": Channel.PHONE, "entry_id": uuid.uuid4()}
        return initial

    @property
    def _languages(self) -> list[str]:
        known = [*self.helpline.languages, *OTHER_LANGUAGES]
        extra = [given.language for given in (self.pending, self.before) if given is not None]
        return list(dict.fromkeys([*known, *extra, "other"]))

    def _offer_lists(self) -> None:
        day, before = self._day(), self.before
        self.offered_themes = in_use(self.lists.themes, on=day, besides=before.themes if before else ())
        self.offered_bodies = in_use(self.lists.bodies, on=day, besides=before.referrals if before else ())
        self.offered_questions = in_use(
            self.lists.questions, on=day, besides=[answer.question for answer in before.answers] if before else ()
        )
        bands = in_use(self.lists.bands, on=day, besides=[before.age_band] if before and before.age_band else ())
        self._choices("themes", options_of(self.offered_themes))
        self._choices("referrals", options_of(self.offered_bodies))
        self._choices("age_band", [("", _("Ukjent")), *options_of(bands)])
        self._choices("language", [(code, language_name(code)) for code in self._languages])
        for question in self.offered_questions:
            chosen = [str(answer.pk) for answer in before.answers] if before else []
            choices = in_use(question.choices.all(), on=day, besides=before.answers if before else ())
            self.fields[f"question-{question.code}"] = forms.MultipleChoiceField(
                required=False, choices=options_of(choices), initial=chosen
            )

    def _choices(self, name: str, choices: list[tuple[str, str]]) -> None:
        field = self.fields[name]
        assert isinstance(field, forms.ChoiceField)  # noqa: S101 - narrows the type of our own field
        field.choices = choices

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        if self.errors:
            return cleaned
        self.entry = self._read(cleaned)
        for problem in problems_of(self.entry, lists=self.lists, now=self.now):
            self.add_error(problem.field if problem.field in self.fields else None, problem.sentence)
        return cleaned

    def _read(self, cleaned: dict[str, Any]) -> ContactEntry:
        bands = chosen_of(self.lists.bands, cleaned["age_band"])
        answers = [value for name in self.fields if name.startswith("question-") for value in cleaned[name] if value]
        return ContactEntry(
            started_at=cleaned["started_at"],
            duration_minutes=cleaned["duration_minutes"],
            waiting_minutes=cleaned["waiting_minutes"],
            channel=Channel(cleaned["channel"]),
            kind=Kind(cleaned["kind"]),
            gender=Gender(cleaned["gender"]),
            age=cleaned["age"],
            age_band=bands[0] if bands else None,
            language=cleaned["language"],
            themes=chosen_of(self.lists.themes, cleaned["themes"]),
            referrals=chosen_of(self.lists.bodies, cleaned["referrals"]),
            answers=chosen_of(self.lists.choices, answers),
            entry_id=cleaned["entry_id"],
        )

    # What the template draws.

    def _boxes(self, name: str, entries: tuple[Theme, ...] | tuple[ReferralBody, ...]) -> tuple[Box, ...]:
        sent = self._sent(name)
        return tuple(Box(str(entry.pk), str(entry), str(entry.pk) in sent) for entry in entries)

    def _sent(self, name: str) -> set[str]:
        value = self[name].value()
        if value is None:
            return set()
        return {str(item) for item in value} if isinstance(value, list | tuple) else {str(value)}

    @property
    def theme_boxes(self) -> list[Box]:
        """The themes that lie under none, each with those under it. An orphan of a retired theme stands alone."""
        boxes = dict(zip(self.offered_themes, self._boxes("themes", self.offered_themes), strict=True))
        offered = {theme.pk for theme in boxes}
        tree = []
        for theme, box in boxes.items():
            if theme.parent_id is None or theme.parent_id not in offered:
                below = tuple(child for other, child in boxes.items() if other.parent_id == theme.pk)
                tree.append(Box(box.value, box.label, box.is_checked, below))
        return tree

    @property
    def referral_boxes(self) -> tuple[Box, ...]:
        return self._boxes("referrals", self.offered_bodies)

    @property
    def channel_boxes(self) -> list[Box]:
        return self._radio("channel", Channel.choices)

    @property
    def kind_boxes(self) -> list[Box]:
        return self._radio("kind", Kind.choices)

    @property
    def gender_boxes(self) -> list[Box]:
        return self._radio("gender", Gender.choices)

    def _radio(self, name: str, choices: Any) -> list[Box]:
        sent = self._sent(name)
        return [Box(value, str(label), value in sent) for value, label in choices]

    @property
    def question_fields(self) -> Iterator[QuestionField]:
        for question in self.offered_questions:
            name = f"question-{question.code}"
            field = self.fields[name]
            assert isinstance(field, forms.MultipleChoiceField)  # noqa: S101 - made in _offer_lists
            sent = self._sent(name)
            boxes = tuple(Box(str(value), str(label), str(value) in sent) for value, label in field.choices)  # type: ignore[misc, union-attr]  # flat choices, always
            yield QuestionField(question, self.add_prefix(name), boxes)

    @property
    def is_by_hand(self) -> bool:
        return self.pending is None and self.contact is None


def _entry_of(contact: Contact, lists: CodeLists) -> ContactEntry:
    """A contact as the entry it was made from."""
    themes = set(contact.theme_rows.values_list("theme_id", flat=True))
    bodies = set(contact.referral_rows.values_list("body_id", flat=True))
    answers = set(contact.answer_rows.values_list("choice_id", flat=True))
    return ContactEntry(
        started_at=contact.started_at,
        duration_minutes=contact.duration_minutes,
        waiting_minutes=contact.waiting_minutes,
        channel=Channel(contact.channel),
        kind=Kind(contact.kind),
        gender=Gender(contact.gender),
        age=contact.age,
        age_band=next((band for band in lists.bands if band.pk == contact.age_band_id), None),
        language=contact.language,
        themes=tuple(theme for theme in lists.themes if theme.pk in themes),
        referrals=tuple(body for body in lists.bodies if body.pk in bodies),
        answers=tuple(choice for choice in lists.choices if choice.pk in answers),
    )


def _initial_of(entry: ContactEntry) -> dict[str, Any]:
    return {
        "started_at": entry.started_at,
        "duration_minutes": entry.duration_minutes,
        "waiting_minutes": entry.waiting_minutes,
        "channel": entry.channel,
        "kind": entry.kind,
        "gender": entry.gender,
        "age": entry.age,
        "age_band": str(entry.age_band.pk) if entry.age_band and entry.age is None else "",
        "language": entry.language,
        "themes": [str(theme.pk) for theme in entry.themes],
        "referrals": [str(body.pk) for body in entry.referrals],
    }
