"""Each number of the settings and of the command: a configuration that must fail, and one that must pass
(docs/configuration.md, "Checks"). Those of databases and Redis: test_checks_stores.py.
"""

from __future__ import annotations

import logging
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from django.conf import settings

from chatline.checks import configuration, server
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
    for module in (configuration, server):
        monkeypatch.setattr(module, "settings", found)
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


# -- the process ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("command", "found"),
    [
        ("uvicorn chatline.asgi:application --host 0.0.0.0 --port 8000", {"chatline.E013"}),
        ("/opt/venv/lib/uvicorn/__main__.py chatline.asgi:application --host=::", {"chatline.E013"}),
        (
            "/opt/venv/bin/daphne --bind 203.0.113.7 --verbosity 0 chatline.serving.daphne:application",
            {"chatline.E013"},
        ),
        ("hypercorn chatline.asgi:application --bind 0.0.0.0:8000", {"chatline.E013"}),
        ("uvicorn chatline.asgi:application --host 127.0.0.1", set()),
        ("uvicorn chatline.asgi:application", set()),
        ("uvicorn chatline.asgi:application --host 0.0.0.0 --ssl-keyfile key.pem --ssl-certfile cert.pem", set()),
        ("hypercorn chatline.asgi:application --bind [::1]:8000", set()),
        ("manage.py check --deploy --host 0.0.0.0", set()),
        # The last value counts where there is one, …
        ("uvicorn chatline.asgi:application --host 127.0.0.1 --host 0.0.0.0", {"chatline.E013"}),
        ("uvicorn chatline.asgi:application --host 0.0.0.0 --host 127.0.0.1", set()),
        ("uvicorn chatline.asgi:application --host= --port 8000", {"chatline.E013"}),
        ("uvicorn chatline.asgi:application --host 0.0.0.0 --ssl-ciphers TLSv1", {"chatline.E013"}),
        ("daphne -b 127.0.0.1 -b 0.0.0.0 chatline.serving.daphne:application", {"chatline.E013"}),
        ("daphne -b ::1 chatline.serving.daphne:application", set()),
        ("daphne --bin=0.0.0.0 chatline.serving.daphne:application", {"chatline.E013"}),
        # … and all of them where they add up.
        ("gunicorn -b0.0.0.0:8000 chatline.asgi:application", {"chatline.E013"}),
        ("gunicorn -b :8000 chatline.asgi:application", {"chatline.E013"}),
        ("gunicorn -b=127.0.0.1:8000 -b unix:/run/chatline chatline.asgi:application", set()),
        ("gunicorn --bind 0.0.0.0:8000 --bind 127.0.0.1:8000 chatline.asgi:application", {"chatline.E013"}),
        ("gunicorn --certfile cert.pem -b0.0.0.0:443 chatline.asgi:application", set()),
        ("hypercorn chatline.asgi:application --certfile c.pem --bind [::]:443", set()),
        ("hypercorn chatline.asgi:application --certfile c.pem --insecure-bind 0.0.0.0:80", {"chatline.E013"}),
        ("daphne -e tcp:8000:interface=0.0.0.0 chatline.serving.daphne:application", {"chatline.E013"}),
        ("daphne -e tcp:8000 chatline.serving.daphne:application", {"chatline.E013"}),
        ("daphne --endpoint=tcp:port=8000 chatline.serving.daphne:application", {"chatline.E013"}),
        ("daphne -etcp6:8000:interface=\\:\\: chatline.serving.daphne:application", {"chatline.E013"}),
        ("daphne -e tcp6:8000:interface=\\:\\:1 chatline.serving.daphne:application", set()),
        ("daphne -e tcp:8000:127.0.0.1 chatline.serving.daphne:application", set()),
        ("daphne -e unix:/run/chatline -u /run/chatline chatline.serving.daphne:application", set()),
        ("daphne -e ssl:443:privateKey=k.pem chatline.serving.daphne:application", set()),
        ("daphne -e ssl:443:privateKey=k.pem -b 0.0.0.0 chatline.serving.daphne:application", {"chatline.E013"}),
    ],
)
def test_server_that_listens_openly_is_found(production: SimpleNamespace, command: str, found: set[str]) -> None:
    production.TRUSTED_PROXIES = 0

    assert set(server.listening(command.split())) == found


@pytest.mark.parametrize(
    ("name", "value", "command", "found"),
    [
        ("UVICORN_HOST", "0.0.0.0", "uvicorn x", {"chatline.E013"}),  # noqa: S104 - what must be found
        ("UVICORN_HOST", "0.0.0.0", "uvicorn x --host 127.0.0.1", set()),  # noqa: S104
        ("GUNICORN_CMD_ARGS", "--bind=0.0.0.0:8000", "gunicorn x", {"chatline.E013"}),
        ("GUNICORN_CMD_ARGS", "--bind=0.0.0.0:8000", "gunicorn -b 127.0.0.1:8000 x", set()),
        ("PORT", "8000", "gunicorn x", {"chatline.E013"}),
        ("PORT", "8000", "daphne x", set()),
    ],
)
def test_server_that_is_told_by_its_environment_to_listen_openly_is_found(
    production: SimpleNamespace, monkeypatch: pytest.MonkeyPatch, name: str, value: str, command: str, found: set[str]
) -> None:
    production.TRUSTED_PROXIES = 0
    monkeypatch.setenv(name, value)

    assert set(server.listening(command.split())) == found


def test_server_behind_a_proxy_may_listen_on_an_inner_network(production: SimpleNamespace) -> None:
    assert list(server.listening(["uvicorn", "chatline.asgi:application", "--host=0.0.0.0"])) == []


@pytest.mark.parametrize(
    ("command", "found"),
    [
        ("daphne chatline.serving.daphne:application", {"chatline.E010"}),
        ("daphne --verbosity 0 --access-log /var/log/x chatline.serving.daphne:application", {"chatline.E010"}),
        ("daphne --verbosity 0 --verbosity 1 chatline.serving.daphne:application", {"chatline.E010"}),
        ("daphne -v0 --access=- chatline.serving.daphne:application", {"chatline.E010"}),
        ("daphne -v1 --verbosity=0 chatline.serving.daphne:application", set()),
        ("daphne --verbosity 0 chatline.serving.daphne:application", set()),
        ("uvicorn chatline.asgi:application", set()),
    ],
)
def test_daphne_that_writes_an_access_log_is_found(command: str, found: set[str]) -> None:
    assert set(server.access_logs(command.split())) == found


def test_access_log_of_uvicorn_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    access = logging.getLogger("uvicorn.access")
    monkeypatch.setattr(access, "handlers", [logging.StreamHandler()])
    monkeypatch.setattr(access, "propagate", False)
    monkeypatch.setattr(access, "level", logging.INFO)
    access.manager._clear_cache()  # type: ignore[attr-defined]
    found = set(server.access_logs(["uvicorn"]))
    access.handlers = []
    access.manager._clear_cache()  # type: ignore[attr-defined]

    assert found == {"chatline.E010"}
    assert set(server.access_logs(["uvicorn"])) == set()


def test_log_that_is_not_built_as_ours_is_found() -> None:
    loud, quiet, silent = (logging.getLogger(f"chatline.tests.{name}") for name in ("loud", "quiet", "silent"))
    loud.addHandler(logging.StreamHandler())
    quiet.addHandler(logging.StreamHandler())
    quiet.handlers[0].setFormatter(JsonFormatter())
    silent.addHandler(logging.NullHandler())

    assert set(server.own_logs([quiet, silent, loud])) == {"chatline.E014"}
    assert set(server.own_logs([quiet, silent])) == set()
    for logger in (loud, quiet, silent):
        logger.handlers.clear()


# -- what is said --------------------------------------------------------------------------------------------


def test_findings_are_said_by_their_number(caplog: pytest.LogCaptureFixture) -> None:
    say([finding("chatline.E020", of="key_store"), finding("chatline.W011")])

    first, second = (JsonFormatter().format(record) for record in caplog.records)
    assert '"logger": "chatline.E020.key_store", "event": "PostgreSQL writes statements to its log."' in first
    assert '"level": "WARNING", "logger": "chatline.W011"' in second


def test_every_finding_is_tested() -> None:
    tests = "".join(path.read_text() for path in Path(__file__).parent.glob("test_checks_*.py"))

    assert [number for number in FINDINGS if number not in tests] == []
