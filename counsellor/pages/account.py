from __future__ import annotations

from django.contrib import auth, messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone, translation
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST, require_safe
from django_otp import login as otp_login

from counsellor.access import counsellor_or_404
from counsellor.pages.forms import EnrolmentForm, LanguageForm, NewPasswordForm, PasswordForm
from counsellor.pages.second_factor import enrolment_context, factor_being_enrolled
from counsellor.rules.accounts import change_password
from counsellor.rules.second_factor import confirm_enrolment, make_recovery_codes
from intake.errors import Refusal


@require_safe
def account(request: HttpRequest) -> HttpResponse:
    user = counsellor_or_404(request)
    context = {
        "memberships": user.memberships.select_related("helpline"),
        "codes_left": user.recovery_codes.count(),
        "language_form": LanguageForm(instance=user),
        "password_form": PasswordForm(user=user),
    }
    return render(request, "counsellor/account.html", context)


@require_POST
def language(request: HttpRequest) -> HttpResponse:
    form = LanguageForm(request.POST, instance=counsellor_or_404(request))
    if form.is_valid():
        form.save()
        with translation.override(form.cleaned_data["language"] or translation.get_language()):
            messages.success(request, _("Språket er lagret."))
    return redirect("counsellor:account")


@sensitive_post_parameters("current", "password")
@require_http_methods(["GET", "POST"])
def password(request: HttpRequest) -> HttpResponse:
    user = counsellor_or_404(request)
    form = NewPasswordForm(request.POST or None, user=user)
    if request.method == "POST" and form.is_valid():
        change_password(user, password=form.cleaned_data["password"], now=timezone.now())
        auth.update_session_auth_hash(request, user)
        messages.success(request, _("Passordet er byttet. Andre steder du var logget inn, er du nå logget ut."))
        return redirect("counsellor:desk")
    return render(request, "counsellor/password.html", {"form": form})


@sensitive_post_parameters("current")
@require_POST
def new_recovery_codes(request: HttpRequest) -> HttpResponse:
    user = counsellor_or_404(request)
    if not PasswordForm(request.POST, user=user).is_valid():
        messages.error(request, _("Passordet stemte ikke. De gamle reservekodene gjelder fortsatt."))
        return redirect("counsellor:account")
    codes = make_recovery_codes(user, now=timezone.now())
    return render(request, "counsellor/recovery_codes.html", {"codes": codes})


@sensitive_post_parameters("current", "code")
@require_http_methods(["GET", "POST"])
def new_factor(request: HttpRequest) -> HttpResponse:
    """Another app or phone. The old one works until the new one is confirmed with a code and the password."""
    user = counsellor_or_404(request)
    factor = factor_being_enrolled(request, user)
    form = EnrolmentForm(request.POST or None)
    password_form = PasswordForm(request.POST or None, user=user)
    if request.method == "POST" and form.is_valid() and password_form.is_valid():
        try:
            confirm_enrolment(factor, code=form.cleaned_data["code"], now=timezone.now())
        except Refusal as refusal:
            form.add_error("code", str(refusal.title))
        else:
            otp_login(request, factor)
            messages.success(request, _("Den nye appen er koblet til. Den gamle virker ikke lenger."))
            return redirect("counsellor:account")
    context = {**enrolment_context(factor, form), "password_form": password_form}
    return render(request, "counsellor/new_factor.html", context)
