"""Registering contacts: what waits, one conversation, one by hand, and putting right what was just registered."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from intake.models import Helpline
from stats.pages.access import helpline_or_404, own_contact_or_404, pending_or_404, staff_or_404
from stats.pages.forms import ContactForm
from stats.pages.recent import recent_contacts, remember_contact
from stats.rules.pending import REGISTER, sees_all_pending, visible_pending
from stats.rules.refusals import AlreadyRegistered
from stats.rules.registration import correct_contact, register_contact, remove_contact


@require_safe
def pending_list(request: HttpRequest, slug: str) -> HttpResponse:
    helpline = helpline_or_404(request, slug, REGISTER)
    user = staff_or_404(request)
    context = {
        "helpline": helpline,
        "pending": visible_pending(user, helpline=helpline),
        "recent": recent_contacts(request, helpline),
        "sees_all": sees_all_pending(user, helpline),
    }
    with timezone.override(helpline.zone):
        return render(request, "stats/pending.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
def register_pending(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    helpline = helpline_or_404(request, slug, REGISTER)
    pending = pending_or_404(request, helpline, pk)
    form = ContactForm(helpline, _sent(request), now=timezone.now(), pending=pending)
    if not form.is_valid():
        return _form_page(request, helpline, form)
    try:
        remember_contact(request, register_contact(pending, helpline=helpline, entry=form.entry, now=form.now))
    except AlreadyRegistered as refusal:
        messages.info(request, str(refusal.title))
    else:
        messages.success(request, _("Henvendelsen er registrert."))
    return _onwards(request, helpline)


@require_http_methods(["GET", "HEAD", "POST"])
def register_by_hand(request: HttpRequest, slug: str) -> HttpResponse:
    helpline = helpline_or_404(request, slug, REGISTER)
    form = ContactForm(helpline, _sent(request), now=timezone.now())
    if not form.is_valid():
        return _form_page(request, helpline, form)
    remember_contact(request, register_contact(None, helpline=helpline, entry=form.entry, now=form.now))
    messages.success(request, _("Henvendelsen er registrert."))
    return _onwards(request, helpline)


@require_http_methods(["GET", "HEAD", "POST"])
def correct(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    helpline = helpline_or_404(request, slug, REGISTER)
    contact = own_contact_or_404(request, helpline, pk)
    if request.method == "POST" and "remove" in request.POST:
        remove_contact(contact)
        messages.success(request, _("Henvendelsen er slettet."))
        return _onwards(request, helpline)
    form = ContactForm(helpline, _sent(request), now=timezone.now(), contact=contact)
    if not form.is_valid():
        return _form_page(request, helpline, form)
    correct_contact(contact, entry=form.entry, now=form.now)
    messages.success(request, _("Henvendelsen er rettet."))
    return _onwards(request, helpline)


def _sent(request: HttpRequest) -> QueryDict | None:
    return request.POST if request.method == "POST" else None


def _form_page(request: HttpRequest, helpline: Helpline, form: ContactForm) -> HttpResponse:
    with timezone.override(helpline.zone):
        return render(
            request,
            "stats/contact.html",
            {"helpline": helpline, "form": form, "next": _next(request)},
            status=422 if form.is_bound else 200,
        )


def _next(request: HttpRequest) -> str:
    """Where the form was opened from, if that is a page of ours."""
    address = request.POST.get("next") or request.GET.get("next") or ""
    is_ours = url_has_allowed_host_and_scheme(address, allowed_hosts=None) and address.startswith("/")
    return address if is_ours else ""


def _onwards(request: HttpRequest, helpline: Helpline) -> HttpResponse:
    return redirect(_next(request)) if _next(request) else redirect("stats:pending", slug=helpline.slug)
