"""The registration form on an ended conversation, as a part of the desk. The page of its own is in stats."""

from __future__ import annotations

from uuid import UUID

from django.db.models import Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from counsellor.access import counsellor_or_404, helplines_with
from intake.models import PendingContact
from stats.pages.forms import ContactForm
from stats.pages.recent import remember_contact
from stats.rules.refusals import AlreadyRegistered
from stats.rules.registration import register_contact

PENDING_DIGITS = 18


@require_http_methods(["GET", "POST"])
def registration(request: HttpRequest, public_id: UUID) -> HttpResponse:
    """The form, what is wrong with it, or that it is done. 404 when nothing of one's own is left to register."""
    user = counsellor_or_404(request)
    named = Q(conversation__public_id=public_id)
    if (number := request.POST.get("pending", "")).isdecimal():
        # Erased while the form lay open: the form alone knows which contact it is about.
        named = Q(pk=int(number[:PENDING_DIGITS])) & (named | Q(conversation=None))
    waiting = PendingContact.objects.filter(
        named, counsellor=user, helpline__in=helplines_with(user, "stats.register_contact")
    )
    pending = get_object_or_404(waiting.select_related("helpline"))
    sent = request.POST if request.method == "POST" else None
    form = ContactForm(pending.helpline, sent, now=timezone.now(), pending=pending, prefix=f"pending-{pending.pk}")
    if not form.is_valid():
        with timezone.override(pending.helpline.zone):
            return render(request, "counsellor/_registration.html", {"form": form})
    return register(request, pending, form)


def register(request: HttpRequest, pending: PendingContact, form: ContactForm) -> HttpResponse:
    helpline = pending.helpline
    try:
        contact = register_contact(pending, helpline=helpline, entry=form.entry, now=form.now)
    except AlreadyRegistered:
        return render(request, "counsellor/_registered.html", {"helpline": helpline})
    remember_contact(request, contact)
    return render(request, "counsellor/_registered.html", {"helpline": helpline, "contact": contact})
