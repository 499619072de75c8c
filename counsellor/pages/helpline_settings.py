"""A helpline's settings, for its coordinator: texts, rules and emergency numbers."""

from __future__ import annotations

from django.conf import settings
from django.contrib import messages
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from counsellor.access import counsellor_or_404, helpline_or_404, helplines_with
from counsellor.pages.helpline_settings_forms import HelplineForm, contact_formset
from counsellor.pages.roster_frame import render_local, switchable

CHANGES = "intake.change_helpline"


@require_safe
def settings_home(request: HttpRequest) -> HttpResponse:
    first = helplines_with(counsellor_or_404(request), CHANGES).first()
    if first is None:
        raise Http404
    return redirect("counsellor:helpline_settings", slug=first.slug)


@require_http_methods(["GET", "POST"])
def helpline_settings(request: HttpRequest, slug: str) -> HttpResponse:
    helpline = helpline_or_404(request, slug, CHANGES)
    data = request.POST if request.method == "POST" else None
    form, contacts = HelplineForm(data, instance=helpline), contact_formset(helpline, data)
    # Both are asked, so that all that is wrong is said at once.
    if all([form.is_valid(), contacts.is_valid()]) and data is not None:
        with transaction.atomic():
            form.save()
            contacts.save()
        messages.success(request, _("Innstillingene er lagret."))
        return redirect("counsellor:helpline_settings", slug=slug)
    context = {"form": form, "contacts": contacts, "helplines": switchable(request, CHANGES)}
    context["visitor_origin"] = settings.VISITOR_ORIGIN
    # The name that is stored, not the one in the form: a bad input must not rename the page.
    context["title"] = str(helplines_with(counsellor_or_404(request), CHANGES).get(pk=helpline.pk))
    status = 422 if data is not None else 200
    return render_local(request, helpline, "counsellor/helpline/settings.html", context, status=status)
