"""The code lists of the two helplines of the demonstration, as their reports of 2020 name them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from intake.models.texts import Texts


@dataclass(frozen=True, slots=True)
class Item:
    """`weight` is how often it is chosen in the demonstration, compared with its neighbours."""

    code: str
    name: Texts
    weight: int = 10
    below: tuple[Item, ...] = ()
    retired_on: date | None = None


@dataclass(frozen=True, slots=True)
class OwnQuestion:
    code: str
    name: Texts
    choices: tuple[Item, ...]
    is_multiple: bool = False
    is_required: bool = False


@dataclass(frozen=True, slots=True)
class Lists:
    themes: tuple[Item, ...]
    referrals: tuple[Item, ...]
    questions: tuple[OwnQuestion, ...]
    # First and last age of each band, and how often.
    bands: tuple[tuple[int, int | None, int], ...]
    max_themes: int | None = None


def item(code: str, nb: str, nn: str, en: str, weight: int = 10, *below: Item, retired_on: date | None = None) -> Item:
    return Item(code, {"nb": nb, "nn": nn, "en": en}, weight, below, retired_on)


FFP = Lists(
    themes=(
        item("besok", "Besøk og besøksregler", "Besøk og besøksreglar", "Visits and visiting rules", 30),
        item("telefon", "Telefon og brev", "Telefon og brev", "Phone calls and letters", 12),
        item("varetekt", "Pågripelse og varetekt", "Pågriping og varetekt", "Arrest and remand", 16),
        item("soning", "Soning og rettigheter", "Soning og rettar", "Serving time, and rights", 18),
        item("permisjon", "Permisjon og løslatelse", "Permisjon og lauslating", "Leave and release", 14),
        item("savn", "Savn og ensomhet", "Sakn og einsemd", "Longing and loneliness", 26),
        item("skam", "Skam og stigma", "Skam og stigma", "Shame and stigma", 16),
        item("uro", "Bekymring for den som soner", "Uro for den som sonar", "Worry for the one in prison", 24),
        item("barn", "Hva vi sier til barna", "Kva vi seier til barna", "What to tell the children", 12),
        item("parforhold", "Parforhold og brudd", "Parforhold og brot", "Relationship and break-up", 14),
        item("familie", "Familie og foreldrerolle", "Familie og foreldrerolle", "Family and being a parent", 12),
        item("okonomi", "Økonomi og bolig", "Økonomi og bustad", "Money and housing", 8),
        item(
            "psykisk-helse",
            "Psykisk helse",
            "Psykisk helse",
            "Mental health",
            10,
            item("angst", "Angst og uro", "Angst og uro", "Anxiety", 12),
            item("krise", "Krise", "Krise", "Crisis", 6),
            item("selvmordstanker", "Selvmordstanker", "Sjølvmordstankar", "Suicidal thoughts", 4),
        ),
        item("tilbud", "Tilbud fra FFP og andre", "Tilbod frå FFP og andre", "Help from FFP and others", 10),
        item("annet", "Annet", "Anna", "Other", 8),
    ),
    referrals=(
        item("barnevern", "Bekymringsmelding til barnevernet", "Uromelding til barnevernet", "Child protection", 2),
        item("kriminalomsorg", "Fengselet eller friomsorgen", "Fengselet eller friomsorga", "The prison service", 8),
        item("legevakt", "Legevakt eller ambulanse", "Legevakt eller ambulanse", "Emergency doctor or ambulance", 2),
        item("lavterskel", "Andre lavterskeltilbud", "Andre lågterskeltilbod", "Other low-threshold services", 6),
    ),
    questions=(
        OwnQuestion(
            "relation",
            {
                "nb": "Relasjon til den som soner",
                "nn": "Relasjon til den som sonar",
                "en": "Relation to the person in prison",
            },
            (
                item("partner", "Partner eller kjæreste", "Partnar eller kjærast", "Partner", 34),
                item("sibling", "Bror eller søster", "Bror eller søster", "Brother or sister", 14),
                item("adult-child", "Voksen datter eller sønn", "Vaksen dotter eller son", "Grown-up child", 12),
                item("child", "Barn under 18", "Barn under 18", "Child under 18", 10),
                item("mother", "Mor", "Mor", "Mother", 18),
                item("father", "Far", "Far", "Father", 6),
                item("friend", "Venn", "Ven", "Friend", 8),
                item("other", "Annet", "Anna", "Other", 4),
            ),
        ),
        OwnQuestion(
            "heard",
            {
                "nb": "Hørte om oss gjennom",
                "nn": "Høyrde om oss gjennom",
                "en": "Heard about us through",
            },
            (
                item("search", "Nettsøk", "Nettsøk", "Web search", 20),
                item("prison", "Fengselet", "Fengselet", "The prison", 14),
                item("social", "Sosiale medier", "Sosiale medium", "Social media", 10),
                item("newsletter", "Nyhetsbrev", "Nyhendebrev", "Newsletter", 5),
                item("others", "Familie eller venner", "Familie eller vener", "Family or friends", 8),
            ),
        ),
    ),
    bands=((0, 12, 3), (13, 17, 9), (18, 25, 18), (26, 40, 34), (41, 60, 28), (61, None, 8)),
)

FORELDRESUPPORT = Lists(
    themes=(
        item(
            "smabarn",
            "Småbarnsutfordringer (gråt, søvn, spising m.m)",
            "Småbarnsutfordringar (gråt, søvn, eting m.m.)",
            "Challenges with small children (crying, sleep, eating)",
            26,
        ),
        item(
            "over-to",
            "Utfordringer knyttet til barn over to år",
            "Utfordringar knytte til barn over to år",
            "Challenges with children over two",
            45,
        ),
        item("psykisk", "Psykiske helseplager", "Psykiske helseplager", "Mental health problems", 49),
        item("fysisk", "Fysiske helseplager", "Fysiske helseplager", "Physical health problems", 6),
        item("sliten", "Sliten og trett", "Sliten og trøytt", "Worn out and tired", 31),
        item("uro", "Uro/ engstelse", "Uro/ angst", "Worry and anxiety", 41),
        item("trist", "Trist/ lei", "Trist/ lei", "Sad or fed up", 22),
        item("eksistensielt", "Eksistensielle tanker", "Eksistensielle tankar", "Existential thoughts", 3),
        item("livskrise", "Livskrise", "Livskrise", "Life crisis", 7),
        item("ensomhet", "Ensomhet", "Einsemd", "Loneliness", 5),
        item("relasjon", "Relasjonsproblemer", "Relasjonsproblem", "Relationship problems", 35),
        item("samvaer", "Samvær", "Samvær", "Contact arrangements", 7),
        item("omsorgssvikt", "Omsorgssvikt", "Omsorgssvikt", "Neglect", 8),
        item(
            "skade",
            "Tanker/ bekymringer for å skade eget barn",
            "Tankar/ uro for å skade eige barn",
            "Thoughts or worries about harming one’s own child",
            2,
        ),
        item(
            "vold",
            "Overgrep og vold i hjemmet",
            "Overgrep og vald i heimen",
            "Abuse and violence at home",
            3,
            item("vold-barn", "Vold mot barn", "Vald mot barn", "Violence against a child", 3),
            item(
                "vold-omsorgsperson", "Vold mot omsorgsperson", "Vald mot omsorgsperson", "Violence against a carer", 3
            ),
            item("vold-fysisk", "Fysisk vold", "Fysisk vald", "Physical violence", 3),
            item("vold-psykisk", "Psykisk vold", "Psykisk vald", "Psychological violence", 4),
            item("vold-seksuell", "Seksuell vold eller overgrep", "Seksuell vald eller overgrep", "Sexual violence", 1),
        ),
        item("okonomi", "Økonomiske problemer", "Økonomiske problem", "Money problems", 2),
        item(
            "avhengighet",
            "Avhengighet (medikamenter, alkohol, spill, teletorg)",
            "Avhengnad (medikament, alkohol, spel, teletorg)",
            "Addiction (medicines, alcohol, gambling)",
            5,
        ),
        item(
            "hjelpetilbud",
            "Ønsker informasjon om ulike hjelpetilbud m.m.",
            "Ønskjer informasjon om ulike hjelpetilbod m.m.",
            "Wants information about services",
            15,
        ),
        item(
            "hjelpeapparat",
            "Ulike erfaringer med hjelpeapparatet (Helsestasjon, jordmor, fastlege, sykehus)",
            "Ulike erfaringar med hjelpeapparatet (helsestasjon, jordmor, fastlege, sjukehus)",
            "Experiences with services (child health centre, midwife, doctor, hospital)",
            11,
        ),
        item(
            "oppfolging",
            "Ønsker oppfølgingsamtale",
            "Ønskjer oppfølgingssamtale",
            "Wants a follow-up call",
            retired_on=date(2020, 6, 1),
        ),
        item(
            "korona",
            "Bekymring rundt Corona-viruset",
            "Uro for koronaviruset",
            "Worry about the coronavirus",
            retired_on=date(2023, 1, 1),
        ),
        item("annet", "Annet", "Anna", "Other", 16),
    ),
    referrals=(
        item("barnevern", "Bekymringsmeldinger til barnevernet", "Uromeldingar til barnevernet", "Child protection", 3),
        item("politi", "Kontakt med politiet", "Kontakt med politiet", "The police", 4),
        item("sporing", "Vurdering av sporing", "Vurdering av sporing", "Tracing was considered", 2),
        item(
            "instanser",
            "Kontakt med andre instanser (Psykiatrisk legevakt, krisesenter og barnevernsvakt)",
            "Kontakt med andre instansar (psykiatrisk legevakt, krisesenter og barnevernsvakt)",
            "Other bodies (psychiatric emergency, crisis centre, child protection emergency)",
            6,
        ),
        item(
            "lavterskel",
            "Kontakt med andre lavterskelinstanser/pårørende (helsestasjon, pårørende, jordmor osv.)",
            "Kontakt med andre lågterskelinstansar/pårørande (helsestasjon, pårørande, jordmor osv.)",
            "Low-threshold services or relatives (child health centre, relatives, midwife)",
            5,
        ),
    ),
    questions=(
        OwnQuestion(
            "child-age",
            {"nb": "Barnas alder", "nn": "Alderen til barna", "en": "Age of the children"},
            (
                item("unborn", "Ventes", "Blir venta", "Expected", 4),
                item("0-1", "0–1 år", "0–1 år", "0–1 years", 24),
                item("2-5", "2–5 år", "2–5 år", "2–5 years", 26),
                item("6-12", "6–12 år", "6–12 år", "6–12 years", 22),
                item("13-17", "13–17 år", "13–17 år", "13–17 years", 14),
            ),
            is_multiple=True,
        ),
    ),
    bands=((0, 19, 3), (20, 29, 28), (30, 39, 44), (40, 49, 18), (50, None, 7)),
)
