"""Texts that a helpline writes itself, in several languages: `{"nb": "…", "nn": "…", "en": "…"}`."""

from __future__ import annotations

from django.conf import settings
from django.core.exceptions import ValidationError
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

Texts = dict[str, str]


def in_language(texts: Texts, language: str | None = None) -> str:
    """The text in `language` (default: the active one), else Bokmål, else whatever there is, else empty."""
    wanted = (language or get_language() or settings.LANGUAGE_CODE).split("-")[0]
    return texts.get(wanted) or texts.get("nb") or next((text for text in texts.values() if text), "")


def validate_texts(value: object) -> None:
    """A mapping from language code to text."""
    if not isinstance(value, dict) or not all(isinstance(k, str) and isinstance(v, str) for k, v in value.items()):
        raise ValidationError(_("Skriv en tekst for hvert språk."))
