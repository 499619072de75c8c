"""A person's shifts in her own calendar, behind a secret address.

A calendar application can only be given an address, so the secret stands in it. Therefore: 256 random bits, kept here
as SHA-256 alone, shown once, revocable at any time, and the calendar says as little as it can (docs/privacy.md,
"Calendar feed").
"""

from __future__ import annotations

import datetime as dt
import hashlib
import secrets

import icalendar
from django.conf import settings
from django.db import transaction
from django.utils.translation import gettext as _
from django.utils.translation import override

from counsellor.models import CalendarFeed, Counsellor, Shift

PAST = dt.timedelta(days=31)
"""How far back the calendar goes; older shifts stay in the roster alone."""


@transaction.atomic
def create_feed(user: Counsellor, *, now: dt.datetime) -> str:
    """A new secret for `user`, which replaces the one she had. It cannot be shown again."""
    secret = secrets.token_urlsafe(32)
    CalendarFeed.objects.update_or_create(user=user, defaults={"secret_hash": _hash(secret), "created_at": now})
    return secret


def revoke_feed(user: Counsellor) -> None:
    """The address stops working at once. What a calendar has fetched already stays there."""
    CalendarFeed.objects.filter(user=user).delete()


def find_feed_owner(secret: str) -> Counsellor | None:
    """Whose calendar `secret` opens; nobody's when it was revoked or her account is closed."""
    feed = CalendarFeed.objects.filter(secret_hash=_hash(secret), user__is_active=True).select_related("user").first()
    return feed.user if feed else None


def render_calendar(user: Counsellor, *, now: dt.datetime) -> bytes:
    """The shifts of `user` as iCalendar (RFC 5545), times in UTC, so right whatever the calendar's own zone is.

    No names of colleagues, no notes; the helpline's address part only if she has shifts on more than one.
    """
    standing = Shift.objects.standing().filter(user=user, ends_at__gt=now - PAST).select_related("helpline")
    shifts = list(standing)
    several = len({shift.helpline_id for shift in shifts}) > 1
    calendar = icalendar.Calendar()
    calendar.add("prodid", "-//Chatline//Chatline//NO")
    calendar.add("version", "2.0")
    calendar.add("method", "PUBLISH")
    with override(user.language or settings.LANGUAGE_CODE):
        calendar.add("x-wr-calname", _("Vakter"))
        calendar.add("refresh-interval", dt.timedelta(hours=1), parameters={"value": "DURATION"})
        for shift in shifts:
            title = _("Vakt")
            calendar.add_component(_event(shift, f"{title} ({shift.helpline.slug})" if several else title, now))
    return bytes(calendar.to_ical())


def _event(shift: Shift, title: str, now: dt.datetime) -> icalendar.Event:
    event = icalendar.Event()
    event.add("uid", f"shift-{shift.pk}@chatline")
    event.add("dtstamp", now.astimezone(dt.UTC).replace(microsecond=0))
    event.add("dtstart", shift.starts_at.astimezone(dt.UTC))
    event.add("dtend", shift.ends_at.astimezone(dt.UTC))
    event.add("summary", title)
    event.add("class", "PRIVATE")
    return event


def _hash(secret: str) -> bytes:
    return hashlib.sha256(secret.encode()).digest()
