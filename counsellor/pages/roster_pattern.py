from __future__ import annotations

from django.contrib import messages
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from counsellor.access import helpline_or_404
from counsellor.pages.roster_forms import pattern_formset
from counsellor.pages.roster_frame import render_local, switchable


@require_http_methods(["GET", "POST"])
def roster_pattern(request: HttpRequest, slug: str) -> HttpResponse:
    helpline = helpline_or_404(request, slug, "counsellor.change_roster")
    formset = pattern_formset(helpline, request.POST if request.method == "POST" else None)
    if request.method == "POST" and formset.is_valid():
        with transaction.atomic():
            formset.save()
        messages.success(request, _("Ukemønsteret er lagret. Vaktene endres først når du setter opp halvåret."))
        return redirect("counsellor:roster_pattern", slug=slug)
    context = {"formset": formset, "helplines": switchable(request, "counsellor.change_roster")}
    return render_local(
        request, helpline, "counsellor/roster/pattern.html", context, status=422 if formset.is_bound else 200
    )
