from __future__ import annotations

import re
import zoneinfo
from typing import TYPE_CHECKING, Any

from django import forms
from django.forms import BaseModelFormSet, BoundField, modelformset_factory
from django.utils.translation import gettext_lazy as _

from counsellor.pages.language_names import LANGUAGE_CHOICES
from intake.models import EmergencyContact, Helpline
from intake.models.texts import Texts

ORIGIN = re.compile(r"https://[a-z0-9.-]+(:[0-9]{1,5})?|http://(localhost|127\.0\.0\.1)(:[0-9]{1,5})?")
if TYPE_CHECKING:
    from django.utils.functional import _StrPromise

    Text = str | _StrPromise

# Per text of the helpline: its name in the form, a hint, how many lines it has, how long it may be.
TEXTS: dict[str, tuple[Text, Text, int, int]] = {
    "name": (_("Navn"), "", 1, 60),
    "tagline": (_("Undertittel"), _("Én linje under navnet."), 1, 120),
    "about": (_("Om tjenesten"), _("Det første innskriveren leser. Tom linje gir nytt avsnitt."), 6, 3000),
    "welcome": (_("Velkomst i køen"), _("Vises mens innskriveren venter på svar."), 3, 1000),
    "closed_text": (_("Når det er stengt"), _("Vises sammen med når dere åpner igjen, og nødnumrene."), 3, 1000),
}


def text_field(label: Text, hint: Text, lines: int, length: int, *, language: str) -> forms.CharField:
    attributes = {"class": "textarea" if lines > 1 else "input", "lang": language}
    widget = forms.Textarea({**attributes, "rows": lines}) if lines > 1 else forms.TextInput(attributes)
    return forms.CharField(label=label, help_text=hint, max_length=length, required=False, widget=widget)


class HelplineForm(forms.ModelForm[Helpline]):
    languages = forms.MultipleChoiceField(
        label=_("Språk innskriveren kan velge"),
        choices=LANGUAGE_CHOICES,
        widget=forms.CheckboxSelectMultiple,
        error_messages={"required": _("Velg minst ett språk.")},
    )
    time_zone = forms.ChoiceField(
        label=_("Tidssone"),
        choices=[(name, name) for name in sorted(zoneinfo.available_timezones()) if "/" in name],
        widget=forms.Select({"class": "select"}),
    )
    accent_colour = forms.RegexField(
        r"^#[0-9a-fA-F]{6}$",
        label=_("Farge"),
        help_text=_("Brukes på knapper og lenker. Teksten oppå får selv en farge som kan leses."),
        widget=forms.TextInput({"class": "input settings-colour", "type": "color"}),
    )
    retention_hours = forms.IntegerField(
        label=_("Timer før en samtale slettes"),
        help_text=_("Fra 0 til 72 timer etter siste aktivitet. 0 betyr straks den er avsluttet."),
        min_value=0,
        max_value=72,
        widget=forms.NumberInput({"class": "input", "inputmode": "numeric"}),
        error_messages={
            "min_value": _("Skriv et tall fra 0 til 72."),
            "max_value": _("Skriv et tall fra 0 til 72. Lenger enn tre døgn lagres ingen samtale."),
        },
    )
    queue_cap = forms.IntegerField(
        label=_("Hvor mange kan stå i kø"),
        help_text=_("Når køen er full, får nye innskrivere vite det med en gang."),
        min_value=1,
        max_value=10_000,
        widget=forms.NumberInput({"class": "input", "inputmode": "numeric"}),
        error_messages={"min_value": _("Køen må ha plass til minst én.")},
    )
    exit_url = forms.URLField(
        label=_("Hit går «Forlat siden raskt»"),
        assume_scheme="https",
        widget=forms.URLInput({"class": "input"}),
        error_messages={"invalid": _("Skriv en hel adresse, for eksempel https://www.yr.no/")},
    )
    embed_origins = forms.CharField(
        label=_("Nettsteder som kan vise chatten"),
        help_text=_("Ett på hver linje, for eksempel https://www.ffp.no. Tomt betyr at chatten bare vises her."),
        required=False,
        widget=forms.Textarea({"class": "textarea", "rows": 3, "spellcheck": "false"}),
    )

    class Meta:
        model = Helpline
        fields = (
            "languages", "time_zone", "accent_colour", "retention_hours", "queue_cap", "exit_url", "embed_origins",
        )  # fmt: skip

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.initial["embed_origins"] = "\n".join(self.instance.embed_origins)
        for name, code in self.text_names():
            self.fields[f"{name}_{code}"] = text_field(*TEXTS[name], language=code)
            self.initial[f"{name}_{code}"] = getattr(self.instance, name).get(code, "")
        self.fields["name_nb"].required = True

    @staticmethod
    def text_names() -> list[tuple[str, str]]:
        return [(name, code) for code, _language in LANGUAGE_CHOICES for name in TEXTS]

    def language_groups(self) -> list[tuple[str, Text, list[BoundField], bool]]:
        """Code and name of each language, its fields, and whether one of them has an error."""
        groups: list[tuple[str, Text, list[BoundField], bool]] = []
        for code, language in LANGUAGE_CHOICES:
            fields = [self[f"{name}_{code}"] for name in TEXTS]
            groups.append((code, language, fields, any(field.errors for field in fields)))
        return groups

    def clean_embed_origins(self) -> list[str]:
        lines = [line.strip().rstrip("/").lower() for line in self.cleaned_data["embed_origins"].splitlines()]
        origins = [line for line in lines if line]
        for origin in origins:
            if not ORIGIN.fullmatch(origin):
                raise forms.ValidationError(
                    _("«%(line)s» er ikke en adresse til et nettsted. Skriv den slik: https://www.ffp.no"),
                    params={"line": origin},
                )
        return origins

    def save(self, commit: bool = True) -> Helpline:
        for name in TEXTS:
            kept: Texts = getattr(self.instance, name)
            written = {code: self.cleaned_data[f"{name}_{code}"] for code, _language in LANGUAGE_CHOICES}
            setattr(self.instance, name, {code: text for code, text in {**kept, **written}.items() if text})
        return super().save(commit)


class EmergencyContactForm(forms.ModelForm[EmergencyContact]):
    class Meta:
        model = EmergencyContact
        fields = ("number",)
        widgets = {"number": forms.TextInput({"class": "input", "inputmode": "tel"})}
        error_messages = {"number": {"invalid": _("Bare tall og mellomrom, for eksempel 116 117.")}}

    def __init__(self, *args: Any, helpline: Helpline, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.instance.helpline = helpline
        for code, language in LANGUAGE_CHOICES:
            field = text_field(_("Navn"), "", 1, 60, language=code)
            field.label = f"{_('Navn')} ({language})"
            field.required = code == "nb"
            self.fields[f"label_{code}"] = field
            self.initial[f"label_{code}"] = (self.instance.label or {}).get(code, "")

    def save(self, commit: bool = True) -> EmergencyContact:
        written = {code: self.cleaned_data[f"label_{code}"] for code, _language in LANGUAGE_CHOICES}
        self.instance.label = {code: text for code, text in written.items() if text}
        return super().save(commit)


class BaseEmergencyContactFormSet(BaseModelFormSet[EmergencyContact, EmergencyContactForm]):
    def add_fields(self, form: EmergencyContactForm, index: int | None) -> None:
        super().add_fields(form, index)
        form.fields["ORDER"].widget = forms.NumberInput({"class": "input", "min": "1"})

    def save(self, commit: bool = True) -> list[EmergencyContact]:
        """The numbers stand in the order of the form."""
        for position, form in enumerate(self.ordered_forms):
            if form.instance.position != position:
                form.instance.position = position
                # An unchanged form is not saved by the formset, though its place may have changed.
                if form.instance.pk and not form.has_changed():
                    form.instance.save(update_fields=["position"])
        return super().save(commit)


EmergencyContactFormSet = modelformset_factory(
    EmergencyContact,
    form=EmergencyContactForm,
    formset=BaseEmergencyContactFormSet,
    extra=1,
    can_delete=True,
    can_order=True,
    max_num=20,
    validate_max=True,
)


def contact_formset(helpline: Helpline, data: Any = None) -> BaseModelFormSet[EmergencyContact, EmergencyContactForm]:
    return EmergencyContactFormSet(
        data, queryset=helpline.emergency_contacts.all(), prefix="contacts", form_kwargs={"helpline": helpline}
    )
