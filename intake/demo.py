"""Two helplines to try Chatline with. Texts and hours follow the reports of FFP (2020) and Foreldresupport (2020)."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from typing import Any

from dateutil.easter import easter
from django.db import transaction

from intake.models import EmergencyContact, ExceptionDate, Helpline, IntroQuestion, OpeningHours
from intake.models.texts import Texts


def texts(nb: str, nn: str, en: str) -> Texts:
    return {"nb": nb, "nn": nn, "en": en}


NUMBERS: dict[str, Texts] = {
    "113": texts(
        "Ambulanse: når det står om livet", "Ambulanse: når det står om livet", "Ambulance: when a life is in danger"
    ),
    "112": texts(
        "Politi: når noen er i fare nå", "Politi: når nokon er i fare no", "Police: when someone is in danger now"
    ),
    "116 117": texts("Legevakt", "Legevakt", "Emergency doctor"),
    "116 111": texts(
        "Alarmtelefonen for barn og unge", "Alarmtelefonen for barn og unge", "Children’s alarm line (under 18)"
    ),
    "116 123": texts(
        "Mental Helse, hele døgnet", "Mental Helse, heile døgnet", "Mental Health helpline, day and night"
    ),
    "22 40 00 40": texts("Kirkens SOS, hele døgnet", "Kirkens SOS, heile døgnet", "Kirkens SOS, day and night"),
}

FFP: dict[str, Any] = {
    "name": texts("For fangers pårørende", "Pårørande til fangar", "Families of prisoners"),
    "tagline": texts(
        "Chat for deg som er glad i en som sitter i fengsel",
        "Chat for deg som er glad i ein som sit i fengsel",
        "Chat for you who care for someone in prison",
    ),
    "about": texts(
        "Når en i familien kommer i fengsel, blir hverdagen ofte full av spørsmål, savn og uro. Mange synes det er "
        "vanskelig å snakke med andre om det. Her kan du skrive med en rådgiver som vet hvordan det kan være.\n\n"
        "Du kan spørre om besøk, telefon og permisjon, eller bare fortelle hvordan du har det. Ingen spørsmål er for "
        "små og ingen tanker for tunge. Vi er her for barn, unge og voksne i hele landet, og du trenger ikke å si hvem "
        "du er.",
        "Når ein i familien kjem i fengsel, blir kvardagen ofte full av spørsmål, sakn og uro. Mange synest det er "
        "vanskeleg å snakke med andre om det. Her kan du skrive med ein rådgivar som veit korleis det kan vere.\n\n"
        "Du kan spørje om besøk, telefon og permisjon, eller berre fortelje korleis du har det. Ingen spørsmål er for "
        "små og ingen tankar for tunge. Vi er her for barn, unge og vaksne i heile landet, og du treng ikkje å seie "
        "kven du er.",
        "When someone in the family goes to prison, everyday life often fills with questions, longing and worry. Many "
        "find it hard to talk about. Here you can write with a counsellor who knows what it can be like.\n\n"
        "Ask about visits, phone calls and leave, or simply tell us how you are. No question is too small and no "
        "thought too heavy. We are here for children, young people and adults all over Norway, and you do not have to "
        "say who you are.",
    ),
    "welcome": texts(
        "Så fint at du tok kontakt. En rådgiver kommer til deg så snart det er din tur. Begynn gjerne å skrive nå; "
        "rådgiveren leser det du har skrevet.",
        "Så fint at du tok kontakt. Ein rådgivar kjem til deg så snart det er din tur. Byrj gjerne å skrive no; "
        "rådgivaren les det du har skrive.",
        "It is good that you got in touch. A counsellor will come to you as soon as it is your turn. Feel free to "
        "start writing now; the counsellor will read it.",
    ),
    "closed_text": texts(
        "Vi er ikke til stede akkurat nå, men du er velkommen tilbake når vi åpner.",
        "Vi er ikkje til stades akkurat no, men du er velkomen tilbake når vi opnar.",
        "We are not here right now, but you are welcome back when we open.",
    ),
    "accent_colour": "#2f5d7c",
    "retention_hours": 72,
    "queue_cap": 20,
    "follows_public_holidays": True,
}

FORELDRESUPPORT: dict[str, Any] = {
    "name": texts("Foreldresupport", "Foreldresupport", "Parent support"),
    "tagline": texts(
        "Chat for foreldre, døgnet rundt", "Chat for foreldre, døgnet rundt", "Chat for parents, day and night"
    ),
    "about": texts(
        "Å være mamma, pappa eller omsorgsperson kan være fint og helt utmattende på samme tid. Er du sliten, redd for "
        "å miste besinnelsen, eller usikker på om du strekker til? Du er ikke alene om det.\n\n"
        "Her kan du skrive med en veileder, også om natten, i helgene og på helligdager. Vi lytter, tenker sammen med "
        "deg og gir råd som kan brukes der og da. Du trenger ikke å si hvem du er.",
        "Å vere mamma, pappa eller omsorgsperson kan vere fint og heilt utmattande på same tid. Er du sliten, redd for "
        "å miste sinnsroa, eller usikker på om du strekk til? Du er ikkje åleine om det.\n\n"
        "Her kan du skrive med ein rettleiar, også om natta, i helgane og på heilagdagar. Vi lyttar, tenkjer saman med "
        "deg og gir råd som kan brukast der og då. Du treng ikkje å seie kven du er.",
        "Being a mum, a dad or a carer can be lovely and utterly exhausting at the same time. Are you worn out, afraid "
        "of losing your temper, or unsure whether you are enough? You are not alone.\n\n"
        "Here you can write with a counsellor, also at night, at weekends and on public holidays. We listen, think "
        "along with you and give advice you can use right away. You do not have to say who you are.",
    ),
    "welcome": texts(
        "Så bra at du er her. En veileder kommer til deg så snart det er din tur. Pust rolig, og skriv gjerne litt "
        "mens du venter. Er barnet trygt der det ligger, er det lov å gå ut av rommet et øyeblikk.",
        "Så bra at du er her. Ein rettleiar kjem til deg så snart det er din tur. Pust roleg, og skriv gjerne litt "
        "medan du ventar. Er barnet trygt der det ligg, er det lov å gå ut av rommet ein augneblink.",
        "It is good that you are here. A counsellor will come to you as soon as it is your turn. Breathe slowly, and "
        "write a little while you wait if you like. If the child is safe, it is all right to leave the room for a "
        "moment.",
    ),
    "closed_text": texts(
        "Vi kan ikke ta imot nye samtaler akkurat nå. Prøv igjen om litt.",
        "Vi kan ikkje ta imot nye samtalar akkurat no. Prøv igjen om litt.",
        "We cannot take new conversations right now. Please try again in a while.",
    ),
    "accent_colour": "#9a4a35",
    "retention_hours": 24,
    "queue_cap": 40,
}

RELATIONS = [
    {"value": "partner", "label": texts("Partner eller kjæreste", "Partnar eller kjærast", "Partner")},
    {"value": "sibling", "label": texts("Bror eller søster", "Bror eller syster", "Brother or sister")},
    {
        "value": "grown_child",
        "label": texts("Voksen datter eller sønn", "Vaksen dotter eller son", "Grown-up daughter or son"),
    },
    {"value": "child", "label": texts("Barn eller ungdom", "Barn eller ungdom", "Child or teenager")},
    {"value": "mother", "label": texts("Mor", "Mor", "Mother")},
    {"value": "father", "label": texts("Far", "Far", "Father")},
    {"value": "friend", "label": texts("Venn", "Ven", "Friend")},
    {"value": "other", "label": texts("Noe annet", "Noko anna", "Something else")},
]

CHILD_AGES = [
    {"value": "expecting", "label": texts("Vi venter barn", "Vi ventar barn", "We are expecting")},
    {"value": "0-2", "label": texts("0–2 år", "0–2 år", "0–2 years")},
    {"value": "3-5", "label": texts("3–5 år", "3–5 år", "3–5 years")},
    {"value": "6-12", "label": texts("6–12 år", "6–12 år", "6–12 years")},
    {"value": "13-17", "label": texts("13–17 år", "13–17 år", "13–17 years")},
]

ABOUT_WHAT = texts("Hva vil du snakke om?", "Kva vil du snakke om?", "What would you like to talk about?")

# Weekdays with opening and closing hour, for each period of validity.
FFP_HOURS: list[tuple[str | None, str | None, dict[int, tuple[int, int]]]] = [
    (None, "2019-01-31", {1: (12, 16), 3: (12, 20)}),
    ("2019-02-01", "2019-07-31", {1: (12, 16), 2: (12, 16), 3: (12, 20)}),
    # An early look at when people came moved the hours to the day.
    ("2019-08-01", "2020-08-31", {1: (9, 16), 2: (9, 16), 3: (9, 20)}),
    ("2020-09-01", None, {0: (9, 16), 1: (9, 16), 2: (9, 16), 3: (9, 20), 4: (9, 16)}),
]


@transaction.atomic
def create_helplines(now: dt.datetime) -> dict[str, Helpline]:
    """The helplines `ffp` and `foreldresupport`. One that is there already is left as it is."""
    return {"ffp": _ffp(now), "foreldresupport": _foreldresupport()}


def _ffp(now: dt.datetime) -> Helpline:
    helpline, is_new = Helpline.objects.get_or_create(slug="ffp", defaults={**FFP, "languages": ["nb", "nn", "en"]})
    if is_new:
        _add_numbers(helpline, ["113", "112", "116 117", "116 111", "116 123", "22 40 00 40"])
        _add_question(
            helpline,
            "relation",
            texts(
                "Hvem er du for den som sitter inne?",
                "Kven er du for den som sit inne?",
                "Who are you to the person in prison?",
            ),
            RELATIONS,
        )
        _add_question(helpline, "topic", ABOUT_WHAT)
        OpeningHours.objects.bulk_create(_ffp_hours(helpline))
        ExceptionDate.objects.bulk_create(
            [*_ffp_exceptions(helpline, now.year), *_ffp_exceptions(helpline, now.year + 1)]
        )
    return helpline


def _foreldresupport() -> Helpline:
    helpline, is_new = Helpline.objects.get_or_create(
        slug="foreldresupport", defaults={**FORELDRESUPPORT, "languages": ["nb", "nn", "en"]}
    )
    if is_new:
        _add_numbers(helpline, ["113", "112", "116 117", "116 111", "116 123"])
        _add_question(
            helpline,
            "child_age",
            texts("Hvor gammelt er barnet?", "Kor gammalt er barnet?", "How old is the child?"),
            CHILD_AGES,
        )
        _add_question(helpline, "topic", ABOUT_WHAT)
        OpeningHours.objects.bulk_create(
            OpeningHours(helpline=helpline, weekday=weekday, opens=dt.time(), closes=dt.time()) for weekday in range(7)
        )
    return helpline


def _ffp_hours(helpline: Helpline) -> Iterable[OpeningHours]:
    for valid_from, valid_until, week in FFP_HOURS:
        for weekday, (opens, closes) in week.items():
            yield OpeningHours(
                helpline=helpline,
                weekday=weekday,
                opens=dt.time(opens),
                closes=dt.time(closes),
                valid_from_on=valid_from and dt.date.fromisoformat(valid_from),
                valid_until_on=valid_until and dt.date.fromisoformat(valid_until),
            )


def _ffp_exceptions(helpline: Helpline, year: int) -> Iterable[ExceptionDate]:
    before_easter = easter(year) - dt.timedelta(days=4)
    yield ExceptionDate(
        helpline=helpline, on=before_easter, opens=dt.time(9), closes=dt.time(12), reason="Onsdag før påske"
    )
    yield ExceptionDate(helpline=helpline, on=dt.date(year, 12, 24), reason="Julaften")
    yield ExceptionDate(helpline=helpline, on=dt.date(year, 12, 31), reason="Nyttårsaften")


def _add_numbers(helpline: Helpline, numbers: list[str]) -> None:
    EmergencyContact.objects.bulk_create(
        EmergencyContact(helpline=helpline, position=position, number=number, label=NUMBERS[number])
        for position, number in enumerate(numbers)
    )


def _add_question(helpline: Helpline, key: str, label: Texts, choices: list[dict[str, Any]] | None = None) -> None:
    helpline.intro_questions.create(
        key=key,
        position=helpline.intro_questions.count(),
        kind=IntroQuestion.Kind.CHOICE if choices else IntroQuestion.Kind.TEXT,
        label=label,
        choices=choices or [],
    )
