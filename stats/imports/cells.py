"""Reading single cells, so that one look at a file tells all that is wrong with it."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TypeVar

from django.utils.translation import gettext as _

WHOLE_NUMBER = re.compile(r"([-\N{MINUS SIGN}]?)([0-9]+)")
SPACES = re.compile(r"[ \N{NO-BREAK SPACE}\N{NARROW NO-BREAK SPACE}]")

Value = TypeVar("Value")


class BadCell(Exception):
    """A cell that cannot be read; the sentences are for the person who made the file."""

    def __init__(self, *reasons: str) -> None:
        self.reasons = reasons
        super().__init__(*reasons)


class CellReader:
    """Reads the cells of one line, and goes on after a bad one."""

    def __init__(self) -> None:
        self.reasons: list[str] = []

    def read(self, cell: Callable[[], Value], *, instead: Value) -> Value:
        """What `cell` reads; `instead` if it cannot be read."""
        try:
            return cell()
        except BadCell as bad:
            self.reasons += bad.reasons
            return instead


def whole_number(text: str, column: str, *, largest: int) -> int:
    """A number from 0 to `largest`, with or without spaces between the thousands. Raises `BadCell`."""
    named = {"text": text, "column": column, "largest": largest}
    match = WHOLE_NUMBER.fullmatch(SPACES.sub("", text))
    if match is None:
        raise BadCell(_("«%(text)s» i %(column)s er ikke et helt tall.") % named)
    # The length first: a number of thousands of digits is not worth reading.
    if len(match[2]) > len(str(largest)) or int(match[2]) > largest:
        raise BadCell(_("«%(text)s» i %(column)s er ikke mellom 0 og %(largest)d.") % named)
    if match[1] and int(match[2]):
        raise BadCell(_("«%(text)s» i %(column)s kan ikke være under 0.") % named)
    return int(match[2])
