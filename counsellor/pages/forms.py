from __future__ import annotations

from typing import Any

from django import forms
from django.contrib.auth.password_validation import validate_password
from django.utils.translation import gettext_lazy as _

from counsellor.models import Counsellor
from counsellor.pages.language_names import LANGUAGE_CHOICES

# Names and codes are no prose: a phone must not begin them with a capital or correct them.
PLAIN = {"autocapitalize": "none", "spellcheck": "false"}


def control(kind: str = "input", **attributes: str) -> dict[str, str]:
    return {"class": kind, **attributes}


class LoginForm(forms.Form):
    username = forms.CharField(
        label=_("Brukernavn"),
        max_length=60,
        widget=forms.TextInput(control(autocomplete="username", autofocus="", **PLAIN)),
    )
    password = forms.CharField(
        label=_("Passord"), strip=False, widget=forms.PasswordInput(control(autocomplete="current-password"))
    )


class CodeForm(forms.Form):
    """One field for both kinds of code, so that who lost her phone need not look for another page."""

    code = forms.CharField(
        label=_("Kode"),
        max_length=30,
        widget=forms.TextInput(control(autocomplete="one-time-code", autofocus="", **PLAIN)),
    )


class EnrolmentForm(CodeForm):
    code = forms.CharField(
        label=_("Koden som appen viser"),
        max_length=12,
        widget=forms.TextInput(control(autocomplete="one-time-code", inputmode="numeric")),
    )


class NewPasswordForm(forms.Form):
    current = forms.CharField(
        label=_("Passordet du har nå"),
        strip=False,
        widget=forms.PasswordInput(control(autocomplete="current-password")),
    )
    password = forms.CharField(
        label=_("Nytt passord"),
        strip=False,
        help_text=_("Minst 12 tegn. En setning du husker, er bedre enn et vanskelig ord."),
        widget=forms.PasswordInput(control(autocomplete="new-password")),
    )

    def __init__(self, *args: Any, user: Counsellor, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.user = user

    def clean_current(self) -> str:
        return checked_password(self.user, self.cleaned_data["current"])

    def clean_password(self) -> str:
        password: str = self.cleaned_data["password"]
        validate_password(password, self.user)
        if self.user.check_password(password):
            raise forms.ValidationError(_("Velg et annet passord enn det du har nå."))
        return password


class PasswordForm(forms.Form):
    """Asked before what would let a passer-by at an open screen keep the account."""

    current = forms.CharField(
        label=_("Passordet ditt"), strip=False, widget=forms.PasswordInput(control(autocomplete="current-password"))
    )

    def __init__(self, *args: Any, user: Counsellor, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.user = user

    def clean_current(self) -> str:
        return checked_password(self.user, self.cleaned_data["current"])


class LanguageForm(forms.ModelForm[Counsellor]):
    class Meta:
        model = Counsellor
        fields = ("language",)

    language = forms.ChoiceField(
        label=_("Språk"),
        required=False,
        choices=[("", _("Som nettleseren")), *LANGUAGE_CHOICES],
        widget=forms.Select(control("select")),
    )


def checked_password(user: Counsellor, password: str) -> str:
    if not user.check_password(password):
        raise forms.ValidationError(_("Passordet stemte ikke."))
    return password
