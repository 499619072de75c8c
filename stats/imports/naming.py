"""Finding an entry of a code list by what a file calls it: its code, or its name in any language."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from typing import Generic, TypeVar

from stats.models import Choice
from stats.models.code_list import CodeListEntry

Named = CodeListEntry | Choice
Entry = TypeVar("Entry", bound=Named)


def plain(text: str) -> str:
    """The text without what people write differently: case, spaces, and spaces around a slash or in brackets."""
    text = re.sub(r"\s+", " ", unicodedata.normalize("NFC", text)).strip().casefold()
    return re.sub(r"\s*([/()])\s*", r"\1", text)


def code_from(name: str, *, taken: Iterable[str] = ()) -> str:
    """A code for a name: Latin small letters, numbers and hyphens, unlike those taken."""
    latin = name.casefold().replace("æ", "ae").replace("ø", "o").replace("å", "a")
    ascii_only = unicodedata.normalize("NFKD", latin).encode("ascii", "ignore").decode()
    base = re.sub(r"[^a-z0-9]+", "-", ascii_only).strip("-")[:50].strip("-") or "tema"
    used, code, number = set(taken), base, 1
    while code in used:
        number += 1
        code = f"{base}-{number}"
    return code


class NameIndex(Generic[Entry]):
    """Entries by code and by name."""

    def __init__(self, entries: Iterable[Entry]) -> None:
        self._found: dict[str, list[Entry]] = {}
        for entry in entries:
            for word in {plain(entry.code), *(plain(name) for name in entry.name.values() if name)}:
                self._found.setdefault(word, []).append(entry)

    def find(self, text: str) -> Entry | None:
        """The one entry of that name. None when there is none, or more than one."""
        found = self._found.get(plain(text), [])
        return found[0] if len(found) == 1 else None

    def is_shared(self, text: str) -> bool:
        """Whether several entries are called that, so that only a code can tell them apart."""
        return len(self._found.get(plain(text), [])) > 1
