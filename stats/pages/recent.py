"""What was registered in this session, so that a slip can be put right. Kept in the session, never in the ledger."""

from __future__ import annotations

from django.db.models import Count
from django.http import HttpRequest

from intake.models import Helpline
from stats.models import Contact

SESSION_KEY = "recent_contacts"
KEPT = 10


def recent_ids(request: HttpRequest) -> list[int]:
    return list(request.session.get(SESSION_KEY, []))


def remember_contact(request: HttpRequest, contact: Contact) -> None:
    others = [pk for pk in recent_ids(request) if pk != contact.pk]
    request.session[SESSION_KEY] = [contact.pk, *others][:KEPT]


def recent_contacts(request: HttpRequest, helpline: Helpline) -> list[Contact]:
    """The contacts of this session on a helpline, the last first."""
    ids = recent_ids(request)
    found = Contact.objects.filter(helpline=helpline, pk__in=ids).annotate(theme_count=Count("theme_rows"))
    return sorted(found, key=lambda contact: ids.index(contact.pk))
