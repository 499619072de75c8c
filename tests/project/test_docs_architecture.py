"""docs/architecture.md is the map of the tree as it stands, and no document names what is not there."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest

from scripts.machine import ROOT
from tests.project.documents import DOCS, document, headings, names, one_name, rows, section, sources

pytestmark = pytest.mark.once

PACKAGES = ["chatline", "counsellor", "stats", "intake"]
DEEP = [
    "chatline/logs",
    "chatline/operating",
    "chatline/serving",
    "intake/delivery",
    "intake/rules",
    "intake/sealing",
]
# What every Django app has stands on no map.
ORDINARY = {"__init__.py", "apps.py", "locale", "management", "migrations", "__pycache__"}
PATH = re.compile(
    r"^(?:chatline|counsellor|stats|intake|static|templates|tests|scripts|deploy|benchmarks|docs)/[\w./-]*$"
)
MENTION = re.compile(r"docs/(?P<page>\w+)\.md`?,\s*(?:(?://|#|\*)\s*)?[\"“](?P<heading>[^\"”\n]+)[\"”]")


def on_the_map(text: str, folder: str) -> set[str]:
    """What the map names that lies directly in `folder`."""
    told = {one_name(row["part"]) for row in rows(section(text, "Map"))}
    return {path for path in told if path.rstrip("/").rpartition("/")[0] == folder}


def in_the_tree(root: Path, folder: str) -> set[str]:
    found = {path for path in (root / folder).iterdir() if path.name not in ORDINARY}
    modules = {f"{folder}/{path.name}" for path in found if path.suffix == ".py"}
    return modules | {f"{folder}/{path.name}/" for path in found if path.is_dir()}


def missing_paths(text: str) -> set[str]:
    return {name for name in names(text) if PATH.match(name) and not (ROOT / name).exists()}


def mentions() -> list[tuple[Path, str, str]]:
    """Where a file names a heading of a document: `docs/privacy.md, "Purge"`."""
    return [
        (path, found["page"], found["heading"])
        for path, text in sources()
        if path != Path(__file__).relative_to(ROOT)
        for found in MENTION.finditer(text)
    ]


@pytest.mark.parametrize("folder", [*PACKAGES, *DEEP])
def test_map_names_what_is_in_the_tree(folder: str) -> None:
    assert on_the_map(document("architecture.md"), folder) == in_the_tree(ROOT, folder)


@pytest.mark.parametrize("folder", [*PACKAGES, *DEEP])
def test_module_that_is_not_on_the_map_is_found(folder: str, tmp_path: Path) -> None:
    shutil.copytree(ROOT / folder, tmp_path / folder, ignore=shutil.ignore_patterns("__pycache__"))
    (tmp_path / folder / "planted.py").touch()

    assert f"{folder}/planted.py" in in_the_tree(tmp_path, folder) - on_the_map(document("architecture.md"), folder)


@pytest.mark.parametrize(
    "name", [*sorted(path.name for path in DOCS.glob("*.md")), "../README.md", "../CONTRIBUTING.md"]
)
def test_document_names_nothing_that_is_not_there(name: str) -> None:
    assert missing_paths(document(name)) == set()


def test_path_that_is_not_there_is_found() -> None:
    assert missing_paths("as `intake/rules/queue.py` and `intake/rules/planted.py` do") == {"intake/rules/planted.py"}


def test_headings_that_the_code_names_are_there() -> None:
    lost = [
        (str(path), page, heading)
        for path, page, heading in mentions()
        if heading not in headings(document(f"{page}.md"))
    ]

    assert lost == []


def test_rules_of_privacy_are_named_by_the_code() -> None:
    named = {heading for _, page, heading in mentions() if page == "privacy"}

    assert named >= {"Keys live apart", "No device trace", "No cookie", "Purge", "The ledger", "Logs", "Who can read"}


@pytest.mark.parametrize(
    "planted",
    [
        '# gone (docs/privacy.md, "Planted")',
        '"""Kept (docs/privacy.md,\n"Planted")."""',
        '// see docs/privacy.md, "Planted".',
    ],
)
def test_mention_of_a_heading_is_found(planted: str) -> None:
    found = MENTION.search(planted)

    assert found is not None
    assert found["heading"] == "Planted"
    assert "Planted" not in headings(document("privacy.md"))


def test_links_between_documents_lead_somewhere() -> None:
    pages = [
        *DOCS.glob("*.md"),
        ROOT / "README.md",
        ROOT / "CONTRIBUTING.md",
        ROOT / "SECURITY.md",
        ROOT / "CHANGELOG.md",
    ]
    links = {
        (page.name, target)
        for page in pages
        for target in re.findall(r"\]\(([^)#\s]+)\)", page.read_text())
        if "://" not in target and not (page.parent / target).exists()
    }

    assert links == set()


def test_commands_of_the_readme_are_there() -> None:
    commands = set(re.findall(r"^ +make ([a-z]+)", (ROOT / "README.md").read_text(), flags=re.MULTILINE))
    targets = set(re.findall(r"^([a-z]+):(?!=)", (ROOT / "Makefile").read_text(), flags=re.MULTILINE))

    assert commands == {"run", "test"}
    assert commands <= targets


def test_pictures_of_the_readme_are_there_and_small() -> None:
    text = (ROOT / "README.md").read_text()
    shown = re.findall(r'<img src="([^"]+)" width="\d+" alt="[^"]{20,}">', text)

    assert len(shown) == text.count("<img") >= 3
    assert {name: (ROOT / name).stat().st_size for name in shown if (ROOT / name).stat().st_size > 150_000} == {}
