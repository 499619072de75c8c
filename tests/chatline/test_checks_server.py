"""What a server's command, its environment and its logs tell: one that must be found, and one that must pass
(docs/configuration.md, "Checks").
"""

from __future__ import annotations

import logging
from typing import Any

import pytest

from chatline.checks import server
from chatline.logs.quiet_logs import JsonFormatter
from tests.project.production import compose
from tests.web import compose_web_command

OPENLY = [
    "uvicorn chatline.asgi:application --host 0.0.0.0 --port 8000",
    "/opt/venv/lib/uvicorn/__main__.py chatline.asgi:application --host=::",
    "/opt/venv/bin/daphne --bind 203.0.113.7 --verbosity 0 chatline.serving.daphne:application",
    "hypercorn chatline.asgi:application --bind 0.0.0.0:8000",
    "uvicorn chatline.asgi:application --host 127.0.0.1 --host 0.0.0.0",
    "uvicorn chatline.asgi:application --host= --port 8000",
    "uvicorn chatline.asgi:application --host 0.0.0.0 --ssl-ciphers TLSv1",
    "daphne -b 127.0.0.1 -b 0.0.0.0 chatline.serving.daphne:application",
    "daphne --bin=0.0.0.0 chatline.serving.daphne:application",
    "gunicorn -b0.0.0.0:8000 chatline.asgi:application",
    "gunicorn -b :8000 chatline.asgi:application",
    "gunicorn --bind 0.0.0.0:8000 --bind 127.0.0.1:8000 chatline.asgi:application",
    "hypercorn chatline.asgi:application --certfile c.pem --insecure-bind 0.0.0.0:80",
    "daphne -e tcp:8000:interface=0.0.0.0 chatline.serving.daphne:application",
    "daphne -e tcp:8000 chatline.serving.daphne:application",
    "daphne --endpoint=tcp:port=8000 chatline.serving.daphne:application",
    "daphne -etcp6:8000:interface=\\:\\: chatline.serving.daphne:application",
    "daphne -e ssl:443:privateKey=k.pem -b 0.0.0.0 chatline.serving.daphne:application",
]
FOR_THIS_MACHINE = [
    "uvicorn chatline.asgi:application --host 127.0.0.1",
    "uvicorn chatline.asgi:application",
    "uvicorn chatline.asgi:application --host 0.0.0.0 --ssl-keyfile key.pem --ssl-certfile cert.pem",
    "hypercorn chatline.asgi:application --bind [::1]:8000",
    "manage.py check --deploy --host 0.0.0.0",
    "uvicorn chatline.asgi:application --host 0.0.0.0 --host 127.0.0.1",
    "daphne -b ::1 chatline.serving.daphne:application",
    "gunicorn -b=127.0.0.1:8000 -b unix:/run/chatline chatline.asgi:application",
    "gunicorn --certfile cert.pem -b0.0.0.0:443 chatline.asgi:application",
    "hypercorn chatline.asgi:application --certfile c.pem --bind [::]:443",
    "daphne -e tcp6:8000:interface=\\:\\:1 chatline.serving.daphne:application",
    "daphne -e tcp:8000:127.0.0.1 chatline.serving.daphne:application",
    "daphne -e unix:/run/chatline -u /run/chatline chatline.serving.daphne:application",
    "daphne -e ssl:443:privateKey=k.pem chatline.serving.daphne:application",
]
OPENLY_PAST_A_PROXY = [
    "uvicorn chatline.asgi:application --host=0.0.0.0",
    "uvicorn chatline.asgi:application --host 8.8.8.8",
    "hypercorn chatline.asgi:application --bind [::]:8000",
    "gunicorn -b :8000 chatline.asgi:application",
    "daphne -e tcp:8000 chatline.serving.daphne:application",
]
ON_AN_INNER_ADDRESS = [
    "uvicorn chatline.asgi:application --host 10.0.0.5",
    "daphne -b fd00::5 chatline.serving.daphne:application",
    "uvicorn chatline.asgi:application --host web-a",
]
OPENLY_BY_ENVIRONMENT = [
    ("UVICORN_HOST", "0.0.0.0", "uvicorn x"),  # noqa: S104 - what must be found
    ("GUNICORN_CMD_ARGS", "--bind=0.0.0.0:8000", "gunicorn x"),
    ("PORT", "8000", "gunicorn x"),
]
FOR_THIS_MACHINE_BY_ENVIRONMENT = [
    ("UVICORN_HOST", "0.0.0.0", "uvicorn x --host 127.0.0.1"),  # noqa: S104
    ("GUNICORN_CMD_ARGS", "--bind=0.0.0.0:8000", "gunicorn -b 127.0.0.1:8000 x"),
    ("PORT", "8000", "daphne x"),
]
TALKATIVE = [
    "daphne chatline.serving.daphne:application",
    "daphne --verbosity 0 --access-log /var/log/x chatline.serving.daphne:application",
    "daphne --verbosity 0 --verbosity 1 chatline.serving.daphne:application",
    "daphne -v0 --access=- chatline.serving.daphne:application",
]
SILENT = [
    "daphne -v1 --verbosity=0 chatline.serving.daphne:application",
    "daphne --verbosity 0 chatline.serving.daphne:application",
    "uvicorn chatline.asgi:application",
]
BOUNDED = "chatline.serving.web_protocol:BoundedWebSocket"
UNBOUNDED = [
    "uvicorn chatline.asgi:application",
    "uvicorn chatline.asgi:application --ws auto",
    "/opt/venv/lib/uvicorn/__main__.py chatline.asgi:application --ws=websockets-sansio",
    f"uvicorn chatline.asgi:application --ws {BOUNDED} --ws wsproto",
    "uvicorn chatline.asgi:application --ws-max-size 16384",
]
WITHOUT_UVICORNS_WEBSOCKET = [
    f"uvicorn chatline.asgi:application --ws {BOUNDED}",
    f"uvicorn chatline.asgi:application --ws auto --ws={BOUNDED} --ws-max-size 16384",
    "daphne chatline.serving.daphne:application",
    "manage.py check --deploy --ws auto",
]


def listening(command: str) -> list[str]:
    return list(server.listening(command.split()))


def access_logs(command: str) -> list[str]:
    return list(server.access_logs(command.split()))


def websockets(command: str) -> list[str]:
    return list(server.websockets(command.split()))


# -- where it listens ----------------------------------------------------------------------------------------


@pytest.fixture
def no_proxy(settings: Any) -> None:
    settings.TRUSTED_PROXIES = 0


@pytest.mark.usefixtures("no_proxy")
@pytest.mark.parametrize("command", OPENLY)
def test_server_that_listens_openly_is_found(command: str) -> None:
    assert listening(command) == ["chatline.E013"]


@pytest.mark.usefixtures("no_proxy")
@pytest.mark.parametrize("command", FOR_THIS_MACHINE)
def test_server_that_listens_on_this_machine_alone_or_with_tls_passes(command: str) -> None:
    assert listening(command) == []


@pytest.mark.usefixtures("no_proxy")
@pytest.mark.parametrize(("name", "value", "command"), OPENLY_BY_ENVIRONMENT)
def test_server_that_is_told_by_its_environment_to_listen_openly_is_found(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str, command: str
) -> None:
    monkeypatch.setenv(name, value)

    assert listening(command) == ["chatline.E013"]


@pytest.mark.usefixtures("no_proxy")
@pytest.mark.parametrize(("name", "value", "command"), FOR_THIS_MACHINE_BY_ENVIRONMENT)
def test_command_counts_before_the_environment(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str, command: str
) -> None:
    monkeypatch.setenv(name, value)

    assert listening(command) == []


@pytest.fixture
def one_proxy(settings: Any) -> None:
    settings.TRUSTED_PROXIES = 1


@pytest.mark.usefixtures("one_proxy")
@pytest.mark.parametrize("command", [*OPENLY_PAST_A_PROXY, " ".join(compose_web_command())])
def test_server_that_can_be_reached_past_its_proxy_is_found(command: str) -> None:
    assert listening(command) == ["chatline.W041"]


@pytest.mark.usefixtures("one_proxy")
@pytest.mark.parametrize("command", [*FOR_THIS_MACHINE, *ON_AN_INNER_ADDRESS])
def test_server_behind_a_proxy_may_listen_on_an_inner_address(command: str) -> None:
    assert listening(command) == []


@pytest.mark.usefixtures("one_proxy")
@pytest.mark.parametrize("command", [*OPENLY_PAST_A_PROXY, " ".join(compose_web_command())])
def test_server_on_a_network_of_its_own_with_the_proxy_passes(monkeypatch: pytest.MonkeyPatch, command: str) -> None:
    """As in docker-compose.yml, which says so."""
    (named,) = compose()["x-chatline"]["environment"].items() & {("CHATLINE_INNER_NETWORK", "1")}
    monkeypatch.setenv(*named)

    assert listening(command) == []


@pytest.mark.usefixtures("no_proxy")
def test_network_of_its_own_without_a_proxy_is_still_open(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CHATLINE_INNER_NETWORK", "1")

    assert listening("uvicorn chatline.asgi:application --host 0.0.0.0") == ["chatline.E013"]


# -- how it reads websockets ---------------------------------------------------------------------------------


@pytest.mark.parametrize("command", UNBOUNDED)
def test_uvicorn_with_a_websocket_of_its_own_is_found(command: str) -> None:
    assert websockets(command) == ["chatline.W039"]


@pytest.mark.parametrize("command", [*WITHOUT_UVICORNS_WEBSOCKET, " ".join(compose_web_command())])
def test_server_without_uvicorns_own_websocket_passes(command: str) -> None:
    assert websockets(command) == []


def test_websocket_of_the_environment_counts_where_the_command_names_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("UVICORN_WS", BOUNDED)

    assert websockets("uvicorn chatline.asgi:application") == []
    assert websockets("uvicorn chatline.asgi:application --ws auto") == ["chatline.W039"]


# -- what it writes ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("command", TALKATIVE)
def test_daphne_that_writes_an_access_log_is_found(command: str) -> None:
    assert access_logs(command) == ["chatline.E010"]


@pytest.mark.parametrize("command", SILENT)
def test_server_that_writes_no_access_log_passes(command: str) -> None:
    assert access_logs(command) == []


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
