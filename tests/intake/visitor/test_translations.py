from __future__ import annotations

import re
from pathlib import Path

import pytest
from babel.messages.catalog import Catalog
from babel.messages.pofile import read_po
from django.conf import settings

pytestmark = pytest.mark.once

TEMPLATES = sorted((settings.BASE_DIR / "templates/intake").rglob("*.html"))
SENTENCE = re.compile(r"""{%\s*translate\s+(?:"([^"]+)"|'([^']+)')""")
PLACEHOLDER = re.compile(r"%\(\w+\)[sd]|{\w+}|</?\w+>")


def catalogue(language: str) -> Catalog:
    path = settings.BASE_DIR / f"intake/locale/{language}/LC_MESSAGES/django.po"
    with path.open("rb") as file:
        return read_po(file, locale=language)


def sentences_of(template: Path) -> list[str]:
    return [double or single for double, single in SENTENCE.findall(template.read_text())]


def last_form(text: object) -> str:
    """The sentence, or its plural: the singular may say "one" instead of its number."""
    return str(text[-1]) if isinstance(text, tuple | list) else str(text)


def test_sentences_are_found_in_both_kinds_of_quotes(tmp_path: Path) -> None:
    page = tmp_path / "page.html"
    page.write_text("""{% translate "En" %} <p title="{% translate 'To' %}">""")

    assert sentences_of(page) == ["En", "To"]


@pytest.mark.parametrize("language", ["nn", "en"])
def test_every_sentence_of_the_visitor_s_pages_is_translated(language: str) -> None:
    known = catalogue(language)
    spoken = {sentence for template in TEMPLATES for sentence in sentences_of(template)}

    missing = [sentence for sentence in sorted(spoken) if sentence not in known or not known[sentence].string]

    assert len(spoken) > 50
    assert missing == []


@pytest.mark.parametrize("language", ["nn", "en"])
def test_a_translation_fills_in_the_same_names(language: str) -> None:
    broken = []
    for message in catalogue(language):
        source, translated = (sorted(PLACEHOLDER.findall(last_form(text))) for text in (message.id, message.string))
        if message.id and source != translated:
            broken.append(message.id)

    assert broken == []
