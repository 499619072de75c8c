"""The one family of refusals. A rule raises, the edge turns it into a response once.

Codes are stable: they stand in problem documents (RFC 9457), in `error` frames and in
`docs/protocol.md`. Titles are whole sentences that say what to do, for the person who reads them.
"""

from __future__ import annotations

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

UNAVAILABLE_RETRY_SECONDS = 3.0
"""Whoever was turned away because the database was not there is back within five seconds of its return."""


class Refusal(Exception):
    """A rule said no. `status` is the HTTP status, `retry_after_seconds` when trying again may help."""

    code = "refused"
    status = 400
    title: str | Promise = _("Det gikk ikke.")

    def __init__(
        self,
        title: str | Promise | None = None,
        *,
        retry_after_seconds: float | None = None,
    ) -> None:
        if title is not None:
            self.title = title
        self.retry_after_seconds = retry_after_seconds
        # Never the text that was refused: an exception's message ends up in logs.
        super().__init__(self.code)


class Malformed(Refusal):
    code = "malformed"
    title = _("Meldingen kunne ikke leses. Last siden på nytt og prøv igjen.")


class TooLong(Refusal):
    code = "too_long"
    status = 413
    title = _("Meldingen er for lang. Del den i flere meldinger.")


class RateLimited(Refusal):
    code = "rate_limited"
    status = 429
    title = _("Det går litt fort. Vent et øyeblikk og prøv igjen.")


class ConflictingRetry(Refusal):
    code = "conflicting_retry"
    status = 409
    title = _("Meldingen er allerede sendt med et annet innhold. Skriv den som en ny melding.")


class Ended(Refusal):
    code = "ended"
    status = 409
    title = _("Samtalen er avsluttet.")


class Closed(Refusal):
    code = "closed"
    status = 409
    title = _("Chatten er stengt nå.")


class QueueFull(Refusal):
    code = "queue_full"
    status = 503
    title = _("Køen er full akkurat nå. Prøv igjen om noen minutter.")


class Unavailable(Refusal):
    code = "unavailable"
    status = 503
    title = _("Vi får ikke lagret meldingen akkurat nå. Prøv igjen om litt.")


class UnknownConversation(Refusal):
    """Missing and forbidden look alike."""

    code = "unknown_conversation"
    status = 404
    title = _("Samtalen finnes ikke lenger.")


class NotPermitted(Refusal):
    code = "not_permitted"
    status = 403
    title = _("Du har ikke tilgang til dette.")


class AlreadyClaimed(Refusal):
    code = "already_claimed"
    status = 409
    title = _("En annen rådgiver tok samtalen først.")


class UnsupportedMedia(Refusal):
    code = "unsupported_media"
    status = 415
    title = _("Forespørselen må være JSON.")
