"""Made-up contacts over made-up days. The random numbers have a seed: the same now gives the same contacts."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from random import Random
from typing import TypeVar

from django.db import transaction

from intake.models import Helpline, Tally
from stats.demo.lists import FFP, FORELDRESUPPORT, Item, Lists
from stats.models import AgeBand, Channel, Choice, Contact, FormRules, Gender, Kind, Question, ReferralBody, Theme
from stats.rules.code_lists import CodeLists, in_use, load_code_lists
from stats.rules.entry import ContactEntry
from stats.rules.registration import insert_contacts

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Habits:
    """How a helpline is used: contacts on a day, by weekday; hours and channels by weight; growth over a year."""

    lists: Lists
    a_day: tuple[float, ...]
    hours: Mapping[int, int]
    channels: Mapping[Channel, int]
    genders: Mapping[Gender, int]
    minutes: float
    growth: float
    seed: int


OFFICE_HOURS = {9: 10, 10: 16, 11: 18, 12: 20, 13: 18, 14: 14, 15: 10}
DAY_AND_NIGHT = dict(enumerate((4, 3, 3, 2, 2, 3, 4, 6, 7, 7, 7, 8, 8, 8, 9, 10, 12, 13, 14, 16, 18, 17, 13, 8)))

HABITS = {
    "ffp": Habits(
        lists=FFP,
        a_day=(3.6, 4.2, 4.0, 5.2, 3.0, 0, 0),
        hours=OFFICE_HOURS,
        channels={Channel.CHAT: 44, Channel.PHONE: 40, Channel.EMAIL: 11, Channel.SOCIAL: 5},
        genders={Gender.WOMAN: 68, Gender.MAN: 20, Gender.OTHER: 1, Gender.UNKNOWN: 11},
        minutes=28,
        growth=2.51,
        seed=2019,
    ),
    "foreldresupport": Habits(
        lists=FORELDRESUPPORT,
        a_day=(12, 11, 11, 11, 10, 9, 13),
        hours=DAY_AND_NIGHT,
        channels={Channel.PHONE: 62, Channel.CHAT: 38},
        genders={Gender.WOMAN: 72, Gender.MAN: 22, Gender.UNKNOWN: 6},
        minutes=24,
        growth=1.6,
        seed=2020,
    ),
}
KINDS = {Kind.GENUINE: 92, Kind.SILENT: 4, Kind.WRONG_NUMBER: 2, Kind.ABUSE: 1, Kind.TEST: 1}
LANGUAGES = {"nb": 88, "nn": 5, "en": 5, "ar": 1, "pl": 1}


@transaction.atomic
def create_demo(helplines: Mapping[str, Helpline], *, now: datetime) -> None:
    """Lists and contacts for the helplines named above. A helpline that has themes or contacts keeps what it has."""
    for slug, habits in HABITS.items():
        helpline = helplines.get(slug)
        if helpline is None:
            continue
        if not Theme.objects.filter(helpline=helpline).exists():
            create_lists(helpline, habits.lists)
        if not Contact.objects.filter(helpline=helpline).exists():
            create_contacts(helpline, habits, now=now)


def create_lists(helpline: Helpline, lists: Lists) -> None:
    FormRules.objects.get_or_create(helpline=helpline, defaults={"max_themes": lists.max_themes})
    for position, entry in enumerate(lists.themes, start=1):
        parent = _theme(helpline, entry, position * 100)
        for number, below in enumerate(entry.below, start=1):
            _theme(helpline, below, position * 100 + number, parent)
    for position, entry in enumerate(lists.referrals, start=1):
        ReferralBody.objects.create(helpline=helpline, code=entry.code, name=entry.name, position=position)
    for position, own in enumerate(lists.questions, start=1):
        question = Question.objects.create(
            helpline=helpline,
            code=own.code,
            name=own.name,
            position=position,
            is_multiple=own.is_multiple,
            is_required=own.is_required,
        )
        for number, choice in enumerate(own.choices, start=1):
            Choice.objects.create(question=question, code=choice.code, name=choice.name, position=number)
    for first, last, _weight in lists.bands:
        code = f"{first}-{last}" if last is not None else f"{first}-plus"
        AgeBand.objects.create(helpline=helpline, code=code, from_age=first, to_age=last)


def _theme(helpline: Helpline, entry: Item, position: int, parent: Theme | None = None) -> Theme:
    return Theme.objects.create(
        helpline=helpline,
        code=entry.code,
        name=entry.name,
        position=position,
        parent=parent,
        retired_on=entry.retired_on,
    )


def create_contacts(helpline: Helpline, habits: Habits, *, now: datetime) -> None:
    """The last seven months, and the same months a year before with as many fewer as the helpline has grown."""
    maker = ContactMaker(helpline, habits)
    today = now.astimezone(helpline.zone).date()
    first = (today - timedelta(days=210)).replace(day=1)
    entries = [
        entry
        for start, end, share in (
            (_year_before(first), _year_before(today), 1 / habits.growth),
            (first, today, 1.0),
        )
        for entry in maker.entries(start, end, share)
        if entry.started_at + timedelta(minutes=entry.duration_minutes) < now
    ]
    insert_contacts(entries, lists=maker.lists)
    Tally.objects.bulk_create(_tallies(helpline, entries, Random(habits.seed)), ignore_conflicts=True)  # noqa: S311


def _year_before(day: date) -> date:
    return day.replace(year=day.year - 1, day=min(day.day, 28))


class ContactMaker:
    """Makes entries that look like a helpline's, one after the other."""

    def __init__(self, helpline: Helpline, habits: Habits) -> None:
        self.lists: CodeLists = load_code_lists(helpline)
        self.habits = habits
        self.random = Random(habits.seed)  # noqa: S311 - made-up people, not secrets
        self.weights = {item.code: item.weight for top in habits.lists.themes for item in (top, *top.below)}

    def entries(self, first: date, last: date, share: float) -> Iterator[ContactEntry]:
        for offset in range((last - first).days + 1):
            day = first + timedelta(days=offset)
            expected = self.habits.a_day[day.weekday()] * share * self.random.uniform(0.5, 1.5)
            for _number in range(int(expected + self.random.random())):
                yield self.entry(day)

    def entry(self, day: date) -> ContactEntry:
        channel, kind = self._one_of(self.habits.channels), self._one_of(KINDS)
        is_genuine = kind == Kind.GENUINE
        minutes = self.random.lognormvariate(0, 0.7) * self.habits.minutes * (1.4 if channel == Channel.CHAT else 1)
        at = time(self._one_of(self.habits.hours), self.random.choice((0, 15, 30, 45)))
        return ContactEntry(
            started_at=datetime.combine(day, at, tzinfo=self.lists.helpline.zone),
            duration_minutes=max(1, min(round(minutes), 300)) if is_genuine else self.random.randint(0, 3),
            waiting_minutes=int(self.random.expovariate(1 / 4)) if channel == Channel.CHAT else None,
            channel=channel,
            kind=kind,
            gender=self._one_of(self.habits.genders) if is_genuine else Gender.UNKNOWN,
            age_band=self._band() if is_genuine and self.random.random() < 0.7 else None,
            language=self._one_of(LANGUAGES),
            themes=self._themes(day) if is_genuine else (),
            referrals=self._referrals() if is_genuine and self.random.random() < 0.02 else (),
            answers=tuple(self._answers()) if is_genuine else (),
        )

    def _one_of(self, weights: Mapping[T, int]) -> T:
        return self.random.choices(list(weights), weights=list(weights.values()))[0]

    def _band(self) -> AgeBand:
        weights = [weight for _first, _last, weight in self.habits.lists.bands]
        return self.random.choices(self.lists.bands, weights=weights)[0]

    def _themes(self, day: date) -> tuple[Theme, ...]:
        offered = in_use(self.lists.themes, on=day)
        wanted = self.random.choices((1, 2, 3), weights=(55, 30, 15))[0]
        chosen = self.random.choices(offered, weights=[self.weights.get(theme.code, 5) for theme in offered], k=wanted)
        return tuple(dict.fromkeys(chosen))

    def _referrals(self) -> tuple[ReferralBody, ...]:
        weights = [item.weight for item in self.habits.lists.referrals]
        return tuple(self.random.choices(self.lists.bodies, weights=weights))

    def _answers(self) -> Iterable[Choice]:
        for question, own in zip(self.lists.questions, self.habits.lists.questions, strict=True):
            if self.random.random() < 0.75:
                weights = [choice.weight for choice in own.choices]
                yield from self.random.choices(list(question.choices.all()), weights=weights)


def _tallies(helpline: Helpline, entries: Sequence[ContactEntry], random: Random) -> Iterator[Tally]:
    """What the chat would have counted: those who were answered, some who gave up, some who came too late."""
    answered = Counter(entry.started_at.replace(minute=0) for entry in entries if entry.channel == Channel.CHAT)
    for hour_at, count in answered.items():
        gave_up = int(random.random() < 0.12)
        yield Tally(
            helpline=helpline,
            hour_at=hour_at,
            opened=count + gave_up,
            answered=count,
            gave_up=gave_up,
            closed_door=0 if helpline.slug != "ffp" else int(random.random() < 0.1),
        )
