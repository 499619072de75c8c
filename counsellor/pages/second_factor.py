from __future__ import annotations

import qrcode
from django.contrib import auth
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.safestring import SafeString, mark_safe
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods
from django_otp import login as otp_login
from qrcode.image.svg import SvgPathImage

from counsellor.models import AuditEntry, Counsellor, SecondFactor
from counsellor.pages import half_login
from counsellor.pages.forms import CodeForm, EnrolmentForm
from counsellor.pages.login import locked_out
from counsellor.rules.audit import record_action
from counsellor.rules.lockout import count_failure, is_locked_out
from counsellor.rules.second_factor import (
    begin_enrolment,
    check_code,
    confirm_enrolment,
    enrolled_factor,
    make_recovery_codes,
)
from intake.errors import Refusal

BACKEND = "counsellor.backend.RoleBackend"
FACTOR_KEY = "factor_being_enrolled"


@sensitive_post_parameters("code")
@require_http_methods(["GET", "POST"])
def second_factor(request: HttpRequest) -> HttpResponse:
    user = half_login.half_user(request)
    if user is None:
        return redirect("counsellor:login")
    if enrolled_factor(user) is None:
        return redirect("counsellor:enrol")
    form = CodeForm(request.POST or None)
    status = 200
    if request.method == "POST" and form.is_valid():
        if is_locked_out(request):
            return locked_out(request, None, None)
        try:
            factor = check_code(user, code=form.cleaned_data["code"], now=timezone.now())
        except Refusal as refusal:
            status = refuse(request, form, refusal)
        else:
            return redirect(sign_in(request, user, factor))
    return render(request, "counsellor/second_factor.html", {"form": form}, status=status)


@sensitive_post_parameters("code")
@require_http_methods(["GET", "POST"])
def enrol(request: HttpRequest) -> HttpResponse:
    """The first login: connect an app. Later changes go through the account page."""
    user = half_login.half_user(request)
    if user is None or enrolled_factor(user):
        return redirect("counsellor:login")
    factor = factor_being_enrolled(request, user)
    form = EnrolmentForm(request.POST or None)
    status = 200
    if request.method == "POST" and form.is_valid():
        if is_locked_out(request):
            return locked_out(request, None, None)
        try:
            confirm_enrolment(factor, code=form.cleaned_data["code"], now=timezone.now())
        except Refusal as refusal:
            status = refuse(request, form, refusal)
        else:
            sign_in(request, user, factor)
            # In the answer itself, once: a session is stored, and nothing stored may hold them in clear.
            codes = make_recovery_codes(user, now=timezone.now())
            return render(request, "counsellor/recovery_codes.html", {"codes": codes})
    return render(request, "counsellor/enrol.html", enrolment_context(factor, form), status=status)


def factor_being_enrolled(request: HttpRequest, user: Counsellor) -> SecondFactor:
    """The same one as long as the session lasts, so that a reloaded page shows the same picture."""
    known = SecondFactor.objects.filter(user=user, confirmed=False, pk=request.session.get(FACTOR_KEY)).first()
    factor = known or begin_enrolment(user)
    request.session[FACTOR_KEY] = factor.pk
    return factor


def enrolment_context(factor: SecondFactor, form: EnrolmentForm) -> dict[str, object]:
    secret = factor.secret
    groups = " ".join(secret[start : start + 4] for start in range(0, len(secret), 4))
    return {"form": form, "picture": picture_of(factor.address), "secret": groups}


def picture_of(address: str) -> SafeString:
    """A QR code as SVG: one path with attributes, no style of its own."""
    image = qrcode.make(address, image_factory=SvgPathImage, border=2)
    return mark_safe(image.to_string(encoding="unicode"))  # noqa: S308  # made here from paths, holds no input as text


def sign_in(request: HttpRequest, user: Counsellor, factor: SecondFactor) -> str:
    """Exchange the half session for a real one; says where she was going."""
    following = half_login.following(request)
    request.session.flush()
    auth.login(request, user, backend=BACKEND)
    otp_login(request, factor)
    record_action(AuditEntry.Action.SIGNED_IN, actor=user, now=timezone.now())
    return following


def refuse(request: HttpRequest, form: CodeForm, refusal: Refusal) -> int:
    count_failure(request)
    form.add_error("code", str(refusal.title))
    return refusal.status
