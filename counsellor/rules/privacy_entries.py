"""What the staff room's tables hold, and those of the libraries it stands on, for the report on what is stored."""

from __future__ import annotations

from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from counsellor.rules.audit import ACTION_DAYS, CONVERSATION_DAYS
from intake.rules.privacy import Description, Form, Line, Topic, describe
from intake.rules.privacy_lives import lasting, lock_out, login_session, until_changed, unused, with_the_account


def as_long_as_the_log() -> str:
    """What staff did; shorter where it is about conversations."""
    return gettext("%(days)d dager. Hvem som tok og avsluttet samtaler: %(conversation_days)d dager.") % {
        "days": ACTION_DAYS,
        "conversation_days": CONVERSATION_DAYS,
    }


PSEUDONYM = _("Pseudonymet for døgnet i stedet for en nettadresse.")
ALWAYS_EMPTY = _("Alltid tomt.")

describe(
    Description(
        "axes.AccessAttempt",
        Topic.ABUSE,
        _("Feil passord ved innlogging"),
        _("For at ingen skal kunne prøve seg fram til et passord."),
        lock_out,
        (
            Line(("ip_address",), PSEUDONYM),
            Line(("attempt_time", "failures_since_start"), _("Når, og hvor mange ganger.")),
            Line(("user_agent", "username", "http_accept", "path_info", "get_data", "post_data"), ALWAYS_EMPTY),
        ),
    ),
    Description(
        "axes.AccessAttemptExpiration",
        Topic.ABUSE,
        _("Når sperren er over"),
        _("For at ingen skal kunne prøve seg fram til et passord."),
        lock_out,
        (Line(("access_attempt", "expires_at"), _("Når det kan prøves igjen.")),),
    ),
    Description(
        "axes.AccessFailureLog",
        Topic.ABUSE,
        _("Logg over feil passord"),
        _("Brukes ikke: den er slått av."),
        unused,
        (
            Line(
                ("user_agent", "ip_address", "username", "http_accept", "path_info", "attempt_time", "locked_out"),
                ALWAYS_EMPTY,
            ),
        ),
    ),
    Description(
        "axes.AccessLog",
        Topic.ABUSE,
        _("Logg over innlogginger"),
        _("Brukes ikke: den er slått av."),
        unused,
        (
            Line(
                (
                    "user_agent",
                    "ip_address",
                    "username",
                    "http_accept",
                    "path_info",
                    "attempt_time",
                    "logout_time",
                    "session_hash",
                ),
                ALWAYS_EMPTY,
            ),
        ),
    ),
    Description(
        "counsellor.Counsellor",
        Topic.STAFF,
        _("Kontoer"),
        _("For at bare de som arbeider her skal slippe inn."),
        with_the_account,
        (
            Line(("username", "pseudonym", "language"), _("Navn på jobb, kallenavnet innskriveren ser, og språk.")),
            Line(("password",), _("Passordet."), Form.HASHED),
            Line(
                ("is_active", "is_staff", "is_superuser", "must_change_password"),
                _("Om kontoen er åpen, og om den styrer anlegget."),
            ),
            Line(("last_login",), _("Siste innlogging.")),
        ),
    ),
    Description(
        "counsellor.Membership",
        Topic.STAFF,
        _("Roller"),
        _("For å vite hvem som har lov til hva."),
        with_the_account,
        (Line(("user", "helpline", "role"), _("Hvem har hvilken rolle på hvilken tjeneste.")),),
    ),
    Description(
        "counsellor.SecondFactor",
        Topic.STAFF,
        _("Koder fra telefonen"),
        _("For at et passord alene ikke skal være nok."),
        with_the_account,
        (
            Line(("seed_sealed",), _("Det kodene regnes ut fra."), Form.SEALED),
            Line(
                (
                    "user",
                    "name",
                    "confirmed",
                    "last_step",
                    "throttling_failure_timestamp",
                    "throttling_failure_count",
                ),
                _("Hvem, om den er tatt i bruk, og feil forsøk."),
            ),
        ),
    ),
    Description(
        "counsellor.RecoveryCode",
        Topic.STAFF,
        _("Reservekoder"),
        _("For den dagen telefonen er borte."),
        with_the_account,
        (
            Line(("user",), _("Hvem.")),
            Line(("digest",), _("Koden. Raden fjernes når den er brukt."), Form.HASHED),
        ),
    ),
    Description(
        "sessions.Session",
        Topic.STAFF,
        _("Innlogginger"),
        _("For at en ansatt skal slippe å logge inn på hver side. Innskrivere har ingen."),
        login_session,
        (
            Line(("session_key", "expire_date"), _("Et tilfeldig nummer, og når det går ut.")),
            Line(
                ("session_data",),
                _("Hvem som er logget inn, og de siste henvendelsene som ble registrert derfra, så de kan rettes."),
            ),
        ),
    ),
    Description(
        "counsellor.AuditEntry",
        Topic.STAFF,
        _("Logg over hva ansatte har gjort"),
        _("For å kunne svare for hvem som har gjort hva. Aldri noe om en innskriver."),
        as_long_as_the_log,
        (Line(("at", "actor", "subject", "helpline", "action"), _("Når, hvem, hva og på hvilken tjeneste.")),),
    ),
    Description(
        "counsellor.PatternRow",
        Topic.STAFF,
        _("Ukemønster"),
        _("For å lage vaktplanen."),
        until_changed,
        (Line(("helpline", "weekday", "starts", "ends", "user"), _("Hvem som pleier å ha vakt når.")),),
    ),
    Description(
        "counsellor.Shift",
        Topic.STAFF,
        _("Vakter"),
        _("For at alle skal vite når de er på."),
        lasting,
        (
            Line(("helpline", "user", "starts_at", "ends_at", "note"), _("Hvem, når, og en merknad.")),
            Line(
                ("planned_user", "planned_starts_at", "planned_ends_at", "drawn_in", "withdrawn_at", "withdrawn_in"),
                _("Hva som var planlagt, og om vakten er trukket tilbake."),
            ),
        ),
    ),
    Description(
        "counsellor.RosterDrawing",
        Topic.STAFF,
        _("Oppsett av vaktplan"),
        _("For å kunne angre et oppsett."),
        lasting,
        (
            Line(
                ("helpline", "from_on", "until_on", "drawn_by", "drawn_at", "undone_at"),
                _("Hvilken periode, når og av hvem."),
            ),
        ),
    ),
    Description(
        "counsellor.CalendarFeed",
        Topic.STAFF,
        _("Kalenderadresser"),
        _("For at en rådgiver skal se vaktene sine i sin egen kalender."),
        with_the_account,
        (
            Line(("user", "created_at"), _("Hvem, og når den ble laget.")),
            Line(("secret_hash",), _("Det hemmelige i adressen."), Form.HASHED),
        ),
    ),
    Description(
        "admin.LogEntry",
        Topic.STAFF,
        _("Logg over oppsettet"),
        _("For å se hvem som endret hva i oppsettet."),
        lasting,
        (
            Line(
                ("action_time", "user", "content_type", "object_id", "object_repr", "action_flag", "change_message"),
                _("Når, hvem og hva."),
            ),
        ),
    ),
    Description(
        "counsellor.Counsellor_groups",
        Topic.STAFF,
        _("Grupper av ansatte"),
        _("En del av rammeverket."),
        with_the_account,
        (Line(("counsellor", "group"), _("Hvem er i hvilken gruppe.")),),
    ),
    Description(
        "counsellor.Counsellor_user_permissions",
        Topic.STAFF,
        _("Egne rettigheter"),
        _("En del av rammeverket."),
        with_the_account,
        (Line(("counsellor", "permission"), _("Hvem har hvilken rettighet.")),),
    ),
    Description(
        "auth.Group",
        Topic.STAFF,
        _("Grupper"),
        _("En del av rammeverket."),
        until_changed,
        (Line(("name",), _("Navnet på gruppen.")),),
    ),
    Description(
        "auth.Group_permissions",
        Topic.STAFF,
        _("Gruppenes rettigheter"),
        _("En del av rammeverket."),
        until_changed,
        (Line(("group", "permission"), _("Hvilken gruppe har hvilken rettighet.")),),
    ),
    Description(
        "auth.Permission",
        Topic.SET_UP,
        _("Rettigheter"),
        _("En del av rammeverket."),
        lasting,
        (Line(("name", "content_type", "codename"), _("Navnene på rettighetene.")),),
    ),
    Description(
        "contenttypes.ContentType",
        Topic.SET_UP,
        _("Tabellnavn"),
        _("En del av rammeverket."),
        lasting,
        (Line(("app_label", "model"), _("Navnene på tabellene.")),),
    ),
)
