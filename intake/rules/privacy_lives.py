"""How long things live, in words, from the settings and the helplines as they are now."""

from __future__ import annotations

from datetime import timedelta

from django.conf import settings
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from intake.models import Helpline
from intake.rules.abandonment import ACTIVE_SILENT_HOURS, WAITING_AWAY_MINUTES
from intake.rules.presence import STAFF_GONE_SECONDS
from intake.rules.retention import ORPHAN_HOURS


def until_purged() -> str:
    """A conversation's text, its rows and its key."""
    hours = sorted(set(Helpline.objects.values_list("retention_hours", flat=True)))
    if not hours or hours == [0]:
        return _("Slettes når samtalen er slutt, eller med en gang du ber om det.")
    if len(hours) == 1:
        return ngettext(
            "Slettes senest %(hours)d time etter siste aktivitet, eller med en gang du ber om det.",
            "Slettes senest %(hours)d timer etter siste aktivitet, eller med en gang du ber om det.",
            hours[0],
        ) % {"hours": hours[0]}
    return _(
        "Slettes senest %(least)d til %(most)d timer etter siste aktivitet, alt etter tjenesten, eller med en gang "
        "du ber om det."
    ) % {"least": hours[0], "most": hours[-1]}


def with_its_conversation() -> str:
    """A key: destroyed before the rows."""
    return (
        until_purged()
        + " "
        + ngettext(
            "En nøkkel uten samtale fjernes etter %(hours)d time.",
            "En nøkkel uten samtale fjernes etter %(hours)d timer.",
            ORPHAN_HOURS,
        )
        % {"hours": ORPHAN_HOURS}
    )


def until_registered() -> str:
    return _("Til henvendelsen er registrert. Da fjernes raden.")


def one_day() -> str:
    return _("Ett døgn. Så ødelegges det.")


def while_present() -> str:
    return _("Så lenge vaktsiden er åpen; regnes ikke lenger etter %(seconds)d sekunder.") % {
        "seconds": STAFF_GONE_SECONDS
    }


def login_session() -> str:
    return ngettext(
        "Gjelder i %(hours)d time, eller til den ansatte logger ut.",
        "Gjelder i %(hours)d timer, eller til den ansatte logger ut.",
        _hours(settings.SESSION_COOKIE_AGE),
    ) % {"hours": _hours(settings.SESSION_COOKIE_AGE)}


def lock_out() -> str:
    minutes = round(timedelta(hours=settings.AXES_COOLOFF_TIME).total_seconds() / 60)
    return ngettext(
        "Teller i %(minutes)d minutt. Saltet bak pseudonymet ødelegges etter ett døgn.",
        "Teller i %(minutes)d minutter. Saltet bak pseudonymet ødelegges etter ett døgn.",
        minutes,
    ) % {"minutes": minutes}


def with_the_account() -> str:
    return _("Så lenge kontoen finnes.")


def lasting() -> str:
    return _("Blir stående.")


def until_changed() -> str:
    return _("Til koordinatoren endrer det.")


def unused() -> str:
    return _("Alltid tom.")


def abandonment() -> str:
    """When a conversation that nobody ended is over, so that its life begins to count."""
    return _(
        "En samtale som forlates, avsluttes av seg selv: etter %(minutes)d minutter i kø uten forbindelse, eller etter "
        "%(hours)d timer uten at noen har skrevet."
    ) % {"minutes": WAITING_AWAY_MINUTES, "hours": ACTIVE_SILENT_HOURS}


def _hours(seconds: float) -> int:
    return max(1, round(seconds / 3600))
