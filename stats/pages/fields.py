"""Form fields that know the helpline's own time and code lists."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from django import forms
from django.utils import timezone

from stats.models.code_list import Retirable


class LocalDateTimeField(forms.DateTimeField):
    """A wall-clock time in a zone of its own, whatever zone the page is shown in."""

    def __init__(self, *, zone: ZoneInfo, **kwargs: Any) -> None:
        self.zone = zone
        widget = forms.DateTimeInput(
            attrs={"type": "datetime-local", "class": "input", "step": "900"}, format="%Y-%m-%dT%H:%M"
        )
        super().__init__(widget=widget, **kwargs)

    def to_python(self, value: Any) -> datetime | None:
        with timezone.override(self.zone):
            return super().to_python(value)

    def prepare_value(self, value: Any) -> Any:
        with timezone.override(self.zone):
            return super().prepare_value(value)


def options_of(entries: Iterable[Retirable]) -> list[tuple[str, str]]:
    return [(str(entry.pk), str(entry)) for entry in entries]


def chosen_of(entries: Sequence[Any], values: str | Iterable[str]) -> tuple[Any, ...]:
    """The entries whose keys were sent, in the order of the list."""
    sent = {values} if isinstance(values, str) else set(values)
    return tuple(entry for entry in entries if str(entry.pk) in sent)
