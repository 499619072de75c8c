"""Each language by its own name: whoever looks for hers reads it, whatever language the page is in."""

from __future__ import annotations

from django.conf import settings

OWN_NAMES = {"nb": "Bokmål", "nn": "Nynorsk", "en": "English"}
LANGUAGE_CHOICES = [(code, OWN_NAMES.get(code, code)) for code, _language in settings.LANGUAGES]
