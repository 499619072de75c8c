"""Each number of the settings: a configuration that must fail, and one that must pass
(docs/configuration.md, "Checks"). Those of the server: test_checks_server.py; of databases and Redis:
test_checks_stores.py.
"""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from django.conf import settings

from chatline.checks import configuration
from chatline.checks.findings import FINDINGS, finding, say
from chatline.logs.quiet_logs import JsonFormatter
from intake.sealing.master_key import create_master_key


def numbers(messages: list[Any]) -> set[str]:
    return {message.id for message in messages}


# -- settings ------------------------------------------------------------------------------------------------


@pytest.fixture
def production(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> SimpleNamespace:
    """Settings as they should be."""
    for name in ("apart", "static"):
        (tmp_path / name).mkdir()
    create_master_key(tmp_path / "apart" / "master_key")
    (tmp_path / "static" / "staticfiles.json").write_text("{}")
    engine = "django.db.backends.postgresql"
    found = SimpleNamespace(
        DEMO=False,
        DEBUG=False,
        HTTPS=True,
        TRUSTED_PROXIES=1,
        SECRET_KEY="0123456789abcdef" * 4,
        NO_SECRET_KEY=settings.NO_SECRET_KEY,
        METRICS_TOKEN="0123456789abcdef" * 2,
        MASTER_KEY_FILE=tmp_path / "apart" / "master_key",
        ALLOWED_HOSTS=["chat.example.org", "localhost"],
        STAFF_HOSTS=[],
        STATIC_ROOT=tmp_path / "static",
        DATABASES={alias: {"ENGINE": engine, "NAME": alias} for alias in ("default", "keys")},
    )
    monkeypatch.setattr(configuration, "settings", found)
    return found


def test_configuration_as_it_should_be_passes(production: SimpleNamespace) -> None:
    assert numbers(configuration.check_configuration()) == set()


@pytest.mark.parametrize(
    ("number", "wrong"),
    [
        ("chatline.E003", {"DEMO": True}),
        ("chatline.E004", {"DEBUG": True}),
        ("chatline.E006", {"SECRET_KEY": "only-for-commands-that-need-no-secret"}),
        ("chatline.E006", {"SECRET_KEY": "short but varied 0123456789"}),
        ("chatline.E006", {"SECRET_KEY": "ab" * 40}),
        ("chatline.E008", {"ALLOWED_HOSTS": ["chat.example.org", "*"]}),
        ("chatline.E016", {"STAFF_HOSTS": ["chat.example.org"]}),
        ("chatline.E009", {"STATIC_ROOT": Path("/nowhere")}),
        ("chatline.W011", {"HTTPS": False}),
        ("chatline.W012", {"TRUSTED_PROXIES": 0}),
        ("chatline.E015", {"METRICS_TOKEN": "guess me"}),
        ("chatline.E001", {"MASTER_KEY_FILE": Path("/nowhere/master_key")}),
    ],
)
def test_wrong_setting_is_found(production: SimpleNamespace, number: str, wrong: dict[str, Any]) -> None:
    for name, value in wrong.items():
        setattr(production, name, value)

    assert numbers(configuration.check_configuration()) == {number}


@pytest.mark.parametrize("mode", [0o640, 0o604])
def test_master_key_that_others_can_read_is_found(production: SimpleNamespace, mode: int) -> None:
    production.MASTER_KEY_FILE.chmod(mode)

    assert numbers(configuration.check_configuration()) == {"chatline.E002"}


def test_master_key_beside_the_database_is_found(production: SimpleNamespace, tmp_path: Path) -> None:
    file = {"ENGINE": "django.db.backends.sqlite3", "NAME": str(tmp_path / "apart" / "chatline.sqlite3")}
    production.DATABASES["default"] = file

    assert numbers(configuration.check_configuration()) == {"chatline.W007"}


@pytest.mark.parametrize(
    ("keys", "found"),
    [
        ({"NAME": "chatline", "HOST": "one", "PORT": 5432}, {"chatline.E005"}),
        ({"NAME": "keys", "HOST": "one", "PORT": 5432}, set()),
        ({"NAME": "chatline", "HOST": "other", "PORT": 5432}, set()),
    ],
)
def test_text_and_keys_in_one_database_are_found(
    production: SimpleNamespace, keys: dict[str, Any], found: set[str]
) -> None:
    engine = {"ENGINE": "django.db.backends.postgresql"}
    text = {"NAME": "chatline", "HOST": "one", "PORT": 5432}
    production.DATABASES = {"default": {**engine, **text}, "keys": {**engine, **keys}}

    assert numbers(configuration.check_configuration()) == found


def sqlite(*names: Path) -> dict[str, Any]:
    engine = "django.db.backends.sqlite3"
    return {
        alias: {"ENGINE": engine, "NAME": str(name)} for alias, name in zip(("default", "keys"), names, strict=True)
    }


def test_two_spellings_of_one_file_are_found(production: SimpleNamespace, tmp_path: Path) -> None:
    """Another way to it, a symbolic link, and a second name of the same file."""
    text, link, second = (tmp_path / name for name in ("text.sqlite3", "link.sqlite3", "second.sqlite3"))
    production.DATABASES = sqlite(text, tmp_path / "static" / ".." / "text.sqlite3")
    assert numbers(configuration.check_configuration()) == {"chatline.E005"}

    text.touch()
    link.symlink_to(text)
    second.hardlink_to(text)
    for other in (link, second):
        production.DATABASES = sqlite(text, other)
        assert numbers(configuration.check_configuration()) == {"chatline.E005"}


def test_two_files_pass_whether_they_are_there_or_not(production: SimpleNamespace, tmp_path: Path) -> None:
    text, keys = tmp_path / "text.sqlite3", tmp_path / "keys.sqlite3"
    production.DATABASES = sqlite(text, keys)
    assert numbers(configuration.check_configuration()) == set()

    text.touch()
    keys.touch()
    assert numbers(configuration.check_configuration()) == set()


# -- what is said --------------------------------------------------------------------------------------------


def test_findings_are_said_by_their_number(caplog: pytest.LogCaptureFixture) -> None:
    say([finding("chatline.E020", of="key_store"), finding("chatline.W011")])

    first, second = (JsonFormatter().format(record) for record in caplog.records)
    assert '"logger": "chatline.E020.key_store", "event": "PostgreSQL writes statements to its log."' in first
    assert '"level": "WARNING", "logger": "chatline.W011"' in second


def test_every_finding_is_tested() -> None:
    tests = "".join(path.read_text() for path in Path(__file__).parent.glob("test_checks_*.py"))

    assert [number for number in FINDINGS if number not in tests] == []
