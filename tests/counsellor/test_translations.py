"""Whatever the staff room's pages and rules say, they say in three languages."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from babel.messages.catalog import Catalog
from babel.messages.pofile import read_po
from django.conf import settings

pytestmark = pytest.mark.once

PAGES = sorted((settings.BASE_DIR / "templates/counsellor").rglob("*.html"))
MODULES = sorted((settings.BASE_DIR / "counsellor").rglob("*.py"))
IN_PAGE = re.compile(r"""{%\s*translate\s+(?:"([^"]+)"|'([^']+)')""")
IN_BLOCK = re.compile(r"{%\s*blocktranslate[^%]*trimmed[^%]*%}(.*?){%\s*(?:plural|endblocktranslate)", re.DOTALL)
IN_MODULE = re.compile(r"""\b(?:_|gettext|gettext_lazy)\(\s*"((?:[^"\\]|\\.)+)"\s*[,)]""")
NAME = re.compile(r"{{\s*(\w+)\s*}}")


def sentences_of(source: Path) -> set[str]:
    text = source.read_text()
    if source.suffix == ".py":
        return {sentence.replace('\\"', '"') for sentence in IN_MODULE.findall(text)}
    blocks = {" ".join(NAME.sub(r"%(\1)s", block).split()) for block in IN_BLOCK.findall(text)}
    return blocks | {double or single for double, single in IN_PAGE.findall(text)}


def translations(language: str) -> dict[str, bool]:
    """Each sentence of every catalogue, and whether it is said in this language: pages share their words."""
    known: dict[str, bool] = {}
    for package in ("intake", "stats", "counsellor"):
        with (settings.BASE_DIR / f"{package}/locale/{language}/LC_MESSAGES/django.po").open("rb") as file:
            catalogue: Catalog = read_po(file, locale=language)
        for message in catalogue:
            sentence = message.id if isinstance(message.id, str) else message.id[0]
            said = message.string if isinstance(message.string, str) else all(message.string or ())
            known[sentence] = known.get(sentence, False) or bool(said and not message.fuzzy)
    return known


def test_sentences_are_found_in_pages_blocks_and_modules(tmp_path: Path) -> None:
    page, module = tmp_path / "page.html", tmp_path / "module.py"
    page.write_text("""{% translate "En" %} {% blocktranslate trimmed %}
        To av {{ all }}
    {% endblocktranslate %}""")
    module.write_text('_("Tre")\ngettext(\n    "Fire {names}"\n)')

    assert sentences_of(page) == {"En", "To av %(all)s"}
    assert sentences_of(module) == {"Tre", "Fire {names}"}


@pytest.mark.parametrize("language", ["nn", "en"])
@pytest.mark.parametrize("sources", [PAGES, MODULES], ids=["pages", "modules"])
def test_every_sentence_of_the_staff_room_is_translated(language: str, sources: list[Path]) -> None:
    known = translations(language)
    spoken = {sentence for source in sources for sentence in sentences_of(source)}

    missing = sorted(sentence for sentence in spoken if not known.get(sentence))

    assert len(spoken) > 50
    assert missing == []
