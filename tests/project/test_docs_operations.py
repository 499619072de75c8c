"""docs/operations.md against the tree: at three in the morning nobody can afford a command that is not there."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml
from django.core.management import get_commands, load_command_class

from scripts.machine import ROOT

PAGES = ["docs/operations.md", "docs/dpia-nb.md", "README.md"]
COMPOSE = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
SERVICES = set(COMPOSE["services"])
# Words after a service's name that belong to it, and options of docker-compose's own.
VERBS = {"up", "run", "exec", "stop", "restart", "logs", "ps", "build", "config"}
OPTIONS_WITH_VALUE = {"--tail", "--profile"}

pytestmark = pytest.mark.once


def text_of(page: str) -> str:
    return (ROOT / page).read_text()


def compose_calls(text: str) -> list[list[str]]:
    """The words of each docker-compose command."""
    found = re.findall(r"docker-compose ((?:[^\n`#&;|]|\\`)+)", text)
    return [words for call in found if (words := call.rstrip(".,:)").split()) and VERBS & set(words)]


def named_services(words: list[str]) -> list[str]:
    """Those a docker-compose command names; what follows the first one of `run` and `exec` is the service's command."""
    names: list[str] = []
    skip = False
    verb = next(word for word in words if word in VERBS)
    for word in words[words.index(verb) + 1 :]:
        if skip or word.startswith("-"):
            skip = word in OPTIONS_WITH_VALUE
            continue
        names.append(word)
        if verb in {"run", "exec"}:
            break
    return names


def manage_calls(text: str) -> list[tuple[str, list[str]]]:
    found = re.findall(r"manage\.py ([a-z_]+)([^\n`|]*)", text)
    return [(name, re.findall(r"(?<!\S)(--[a-z-]+)", rest)) for name, rest in found]


@pytest.mark.parametrize("page", PAGES)
def test_services_exist(page: str) -> None:
    named = {name for words in compose_calls(text_of(page)) for name in named_services(words)}

    assert named - SERVICES == set()


@pytest.mark.parametrize("page", PAGES)
def test_commands_and_their_options_exist(page: str) -> None:
    known = get_commands()
    for name, options in manage_calls(text_of(page)):
        assert name in known, name
        app = known[name]
        command = load_command_class(app, name) if isinstance(app, str) else app
        parser = command.create_parser("manage.py", name)
        assert set(options) <= {option for action in parser._actions for option in action.option_strings}, name


@pytest.mark.parametrize("page", PAGES)
def test_files_exist(page: str) -> None:
    text = text_of(page)
    named = set(re.findall(r"`((?:docs|deploy|tests|chatline|scripts)/[\w./-]+)`", text))
    linked = {str(Path(page).parent / link) for link in re.findall(r"\]\((?!https?:)([\w./-]+)\)", text)}
    run = set(re.findall(r"(?:sudo |^ {4})(deploy/[\w-]+)", text, flags=re.MULTILINE))

    missing = {name for name in named | linked | run if not (ROOT / name).exists()}
    assert missing - {"deploy/secrets", "deploy/secrets/master_key", "deploy/secrets/metrics_token"} == set()


@pytest.mark.parametrize("page", PAGES)
def test_variables_are_those_of_the_configuration(page: str) -> None:
    told = set(
        re.findall(r"\b(?:CHATLINE_[A-Z_]+|(?:KEYS_)?DATABASE_URL|REDIS_URL)\b", text_of("docs/configuration.md"))
    )
    named = set(re.findall(r"\b(?:CHATLINE_[A-Z_]+|(?:KEYS_)?DATABASE_URL|REDIS_URL)\b", text_of(page)))

    assert named - told == set()


def test_alarms_are_figures_that_are_told() -> None:
    named = set(re.findall(r"`(chatline_[a-z_]+)`", text_of("docs/operations.md")))
    told = set(re.findall(r"`(chatline_[a-z_]+)`", text_of("docs/configuration.md")))

    assert named - told == set()
    assert len(named) > 5


def test_runbooks_that_are_pointed_to_exist() -> None:
    text = text_of("docs/operations.md")
    headings = set(re.findall(r"^#{2,3} (.+)$", text, flags=re.MULTILINE))
    table = text.partition("## Monitoring")[2].partition("## Runbooks")[0]
    pointed = set(re.findall(r'"([A-Z][^"]+)"', table))

    assert pointed - headings == set()


# -- a page that is wrong is caught -----------------------------------------------------------------------


def test_service_that_is_gone_is_found() -> None:
    (words,) = compose_calls("    docker-compose exec web-z python manage.py check\n")

    assert named_services(words) == ["web-z"]


def test_option_that_is_gone_is_found() -> None:
    assert manage_calls("`manage.py backup --with-keys /backups`") == [("backup", ["--with-keys"])]
