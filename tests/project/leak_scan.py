"""Looks for marks in bytes, in every form in which a program may have written them down."""

from __future__ import annotations

import base64
import hashlib
import ipaddress
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from urllib.parse import quote

ROOT_WORD = "bekkasin7f3a"
"""Every marked text begins with it, so that one search finds them all."""
SHORTEST_FORM = 8


@dataclass(frozen=True, slots=True)
class Leak:
    place: str
    mark: str
    form: str

    def __str__(self) -> str:
        return f"{self.mark} as {self.form} in {self.place}"


@dataclass(frozen=True, slots=True)
class Mark:
    """Something that must not be anywhere. `forms` are lower-cased, as what they are looked for in."""

    name: str
    forms: Mapping[str, bytes]


def marked_word(word: str = ROOT_WORD) -> Mark:
    return Mark(f"the word {word}", lowered(forms_of(word.encode())))


def marked_secret(name: str, secret: bytes) -> Mark:
    return Mark(name, lowered({**forms_of(secret), "base32": base64.b32encode(secret).rstrip(b"=")}))


def marked_address(address: str) -> Mark:
    """An address, and what a hash without a secret would make of it: that can be computed back in minutes."""
    parsed = ipaddress.ip_address(address)
    forms = forms_of(address.encode())
    for algorithm in ("md5", "sha1", "sha256"):
        digest = hashlib.new(algorithm, address.encode(), usedforsecurity=False)
        forms |= {f"{algorithm} in hex": digest.hexdigest().encode(), algorithm: digest.digest()}
    if parsed.version == 6:
        # Four bytes of an IPv4 address would be found by chance in so many bytes.
        forms |= {"packed": parsed.packed, "whole": parsed.exploded.encode()}
    return Mark(f"the address {address}", lowered(forms))


def forms_of(plain: bytes) -> dict[str, bytes]:
    forms = {"itself": plain, "hex": plain.hex().encode(), "backwards": plain[::-1]}
    forms |= {f"base64 {shift}": part for shift, part in enumerate(base64_parts(plain))}
    try:
        text = plain.decode()
    except UnicodeDecodeError:
        return forms
    return {**forms, "UTF-16": text.encode("utf-16-le"), "percent": quote(text, safe="").encode()}


def base64_parts(plain: bytes) -> Iterator[bytes]:
    """What is sure to stand in the base64 of any text that holds `plain`, for each of the three ways it may lie."""
    for shift in range(3):
        encoded = base64.b64encode(bytes(shift) + plain)
        yield encoded[-(-shift * 4 // 3) : (shift + len(plain)) // 3 * 4]


def lowered(forms: Mapping[str, bytes]) -> dict[str, bytes]:
    return {name: form.lower() for name, form in forms.items() if len(form) >= SHORTEST_FORM}


def find_leaks(places: Mapping[str, bytes], marks: Iterable[Mark]) -> list[Leak]:
    """Every mark in every place, in whatever form."""
    marks = list(marks)
    return [
        Leak(place, mark.name, form)
        for place, content in places.items()
        for lower in [content.lower()]
        for mark in marks
        for form, needle in mark.forms.items()
        if needle in lower
    ]
