"""How long a password must be, said in our own words: Django's Norwegian has none for its newer sentences."""

from __future__ import annotations

from django.contrib.auth.password_validation import MinimumLengthValidator
from django.utils.translation import ngettext


class LongEnough(MinimumLengthValidator):
    def get_error_message(self) -> str:
        return ngettext(
            "Passordet er for kort. Det må ha minst %(count)d tegn.",
            "Passordet er for kort. Det må ha minst %(count)d tegn.",
            self.min_length,
        ) % {"count": self.min_length}
