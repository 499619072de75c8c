"""What this installation stores now and for how long, gathered from the models and the settings (docs/privacy.md).

Each package describes its own tables (`privacy_entries.py`, loaded when its app is ready). The report walks the models
and not the descriptions, so that a field nobody has described is shown as such and is found by a test.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from django.apps import apps
from django.db import models
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

Text = str | Promise
Life = Callable[[], Text]


class Topic(models.TextChoices):
    CONVERSATION = "conversation", _("Samtalen")
    STATISTICS = "statistics", _("Statistikken")
    ABUSE = "abuse", _("Vern mot misbruk")
    STAFF = "staff", _("De ansatte")
    SET_UP = "set_up", _("Oppsettet av tjenesten")


class Form(models.TextChoices):
    """How a value stands in the database."""

    PLAIN = "plain", _("i klartekst")
    SEALED = "sealed", _("kryptert")
    HASHED = "hashed", _("bare som fingeravtrykk")


@dataclass(frozen=True, slots=True)
class Line:
    """What some fields of a table hold."""

    fields: tuple[str, ...]
    what: Text
    form: Form = Form.PLAIN


@dataclass(frozen=True, slots=True)
class Description:
    """Why a table is there and how long its rows live. `label` is the model's: `intake.Message`."""

    label: str
    topic: Topic
    name: Text
    why: Text
    life: Life
    lines: tuple[Line, ...]


@dataclass(frozen=True, slots=True)
class StoredTable:
    """A table of the installation as the report shows it. `undescribed` must be empty."""

    model: type[models.Model]
    description: Description | None
    undescribed: tuple[str, ...]


_descriptions: dict[str, Description] = {}


def describe(*descriptions: Description) -> None:
    """Take in a package's descriptions."""
    _descriptions.update({description.label: description for description in descriptions})


def stored_tables() -> list[StoredTable]:
    """Every table of every app, those about visitors first."""
    topics = list(Topic)
    labels = list(_descriptions)

    def place(table: StoredTable) -> tuple[int, int]:
        found = table.description
        return (topics.index(found.topic), labels.index(found.label)) if found else (-1, 0)

    return sorted((_stored_table(model) for model in _models()), key=place)


def gone_fields() -> list[str]:
    """What is described and is not there: `label.field`."""
    there = {model._meta.label: set(_field_names(model)) for model in _models()}
    return [
        f"{description.label}.{field}"
        for description in _descriptions.values()
        for line in description.lines
        for field in line.fields
        if field not in there.get(description.label, set())
    ]


def _models() -> Iterator[type[models.Model]]:
    for model in apps.get_models(include_auto_created=True):
        if model._meta.managed and not model._meta.proxy:
            yield model


def _stored_table(model: type[models.Model]) -> StoredTable:
    found = _descriptions.get(model._meta.label)
    told = {field for line in found.lines for field in line.fields} if found else set()
    return StoredTable(model, found, tuple(name for name in _field_names(model) if name not in told))


def _field_names(model: type[models.Model]) -> list[str]:
    """The columns, without the row's number: it says nothing but the order."""
    fields: list[Any] = list(model._meta.concrete_fields)
    return [field.name for field in fields if not isinstance(field, models.AutoField)]
