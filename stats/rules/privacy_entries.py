"""What the ledger's tables hold, for the report on what is stored."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from intake.rules.privacy import Description, Line, Topic, describe
from intake.rules.privacy_lives import lasting, until_changed

CODE_LIST = ("position", "retired_on", "helpline", "code", "name")
WHY_LISTS = _("Det som kan velges når en henvendelse registreres.")

describe(
    Description(
        "stats.Contact",
        Topic.STATISTICS,
        _("Henvendelser"),
        _("For rapportene. Raden peker ikke på noen samtale, rådgiver eller melding."),
        lasting,
        (
            Line(("started_at",), _("Når den begynte, til nærmeste kvarter.")),
            Line(("month", "weekday", "hour"), _("Måned, ukedag og time, som rapportene teller etter.")),
            Line(("helpline", "channel", "kind", "language"), _("Tjeneste, kanal, type og språk.")),
            Line(("duration_minutes", "waiting_minutes"), _("Minutter i samtale og i kø.")),
            Line(("gender", "age", "age_band"), _("Kjønn og alder, hvis de ble kjent.")),
            Line(("entry_id",), _("Et tilfeldig nummer, så et skjema som sendes to ganger blir lagret én gang.")),
        ),
    ),
    Description(
        "stats.ContactTheme",
        Topic.STATISTICS,
        _("Temaer i henvendelsene"),
        _("For rapportene."),
        lasting,
        (Line(("contact", "theme", "month"), _("Hva den handlet om, valgt fra en liste.")),),
    ),
    Description(
        "stats.ContactReferral",
        Topic.STATISTICS,
        _("Henvisninger i henvendelsene"),
        _("For rapportene."),
        lasting,
        (Line(("contact", "body", "month"), _("Hvem det ble tatt kontakt med, valgt fra en liste.")),),
    ),
    Description(
        "stats.ContactAnswer",
        Topic.STATISTICS,
        _("Svar på tjenestens egne spørsmål"),
        _("For rapportene."),
        lasting,
        (Line(("contact", "choice", "month"), _("Det rådgiveren valgte, aldri fritekst.")),),
    ),
    Description(
        "stats.EarlierReport",
        Topic.STATISTICS,
        _("Tidligere rapporter"),
        _("For å sammenligne med årene før."),
        lasting,
        (Line(("helpline", "source"), _("Hvor tallene er hentet fra.")),),
    ),
    Description(
        "stats.EarlierFigure",
        Topic.STATISTICS,
        _("Tidligere tall"),
        _("For å sammenligne med årene før."),
        lasting,
        (Line(("report", "theme", "month", "count"), _("Summer per tema og måned.")),),
    ),
    Description(
        "stats.PrintedTotal",
        Topic.STATISTICS,
        _("Trykte summer"),
        _("For å sammenligne med årene før."),
        lasting,
        (Line(("report", "theme", "count"), _("Summene slik de sto på trykk.")),),
    ),
    Description(
        "stats.Theme",
        Topic.SET_UP,
        _("Temaer"),
        WHY_LISTS,
        lasting,
        (Line((*CODE_LIST, "parent"), _("Temaene og hvordan de er ordnet.")),),
    ),
    Description(
        "stats.ReferralBody",
        Topic.SET_UP,
        _("Instanser"),
        WHY_LISTS,
        lasting,
        (Line(CODE_LIST, _("Hvem det kan vises til.")),),
    ),
    Description(
        "stats.AgeBand",
        Topic.SET_UP,
        _("Aldersgrupper"),
        WHY_LISTS,
        lasting,
        (Line((*CODE_LIST, "from_age", "to_age"), _("Aldersgruppene.")),),
    ),
    Description(
        "stats.Question",
        Topic.SET_UP,
        _("Tjenestens egne spørsmål"),
        WHY_LISTS,
        lasting,
        (Line((*CODE_LIST, "is_required", "is_multiple"), _("Spørsmålene.")),),
    ),
    Description(
        "stats.Choice",
        Topic.SET_UP,
        _("Svarene på dem"),
        WHY_LISTS,
        lasting,
        (Line(("position", "retired_on", "question", "code", "name"), _("Svarene som kan velges.")),),
    ),
    Description(
        "stats.FormRules",
        Topic.SET_UP,
        _("Regler for registrering"),
        WHY_LISTS,
        until_changed,
        (Line(("helpline", "min_themes", "max_themes"), _("Hvor mange temaer som kan velges.")),),
    ),
)
