"""The set-up of docker-compose.yml without containers: commands, flags, environment and secrets, behind its proxy."""

from __future__ import annotations

import os
import re
import shutil
import ssl
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml

from scripts.development import manage
from scripts.machine import ROOT, Missing, find_program, missing_sentence
from tests.conftest import lacking
from tests.project.leak_places import compose_flags
from tests.servers import free_port, redis_program, running, running_cluster
from tests.tab import open_conversation, tab
from tests.web import Installation, Web

WEBS = 2
OPEN_HELPLINE = """import django
django.setup()
from benchmarks.stage.conversations import make_helpline
make_helpline()
"""
VARIABLES = {"CHATLINE_DOMAIN": "localhost", "CHATLINE_ONION": "onionaddress.onion"}

pytestmark = [pytest.mark.once, pytest.mark.processes]


def compose() -> dict[str, Any]:
    """docker-compose.yml with its variables filled in."""
    text = (ROOT / "docker-compose.yml").read_text()

    def value(match: re.Match[str]) -> str:
        name, _, default = match[1].partition(":-")
        return VARIABLES.get(name.partition(":?")[0], default)

    found: dict[str, Any] = yaml.safe_load(re.sub(r"\$\{([^}]+)\}", value, text))
    return found


class Production(Installation):
    """The environment of the web services, secrets in files. Nothing of a demonstration."""

    def __init__(self, folder: Path, secrets: dict[str, str], redis_url: str) -> None:
        super().__init__(folder, prepared=True)
        given: dict[str, str] = dict(compose()["x-chatline"]["environment"])
        written = folder / "secrets"
        written.mkdir(mode=0o700)
        for name, secret in secrets.items():
            (written / name).write_text(secret)
            (written / name).chmod(0o600)
        own = {name: path.replace("/run/secrets", str(written)) for name, path in given.items()}
        for name in ("CHATLINE_DEMO", "DATABASE_URL", "KEYS_DATABASE_URL", "REDIS_URL"):
            self.environment.pop(name, None)
        self.environment |= own | {
            "REDIS_URL": redis_url,
            "DJANGO_SETTINGS_MODULE": "chatline.settings",
            "CHATLINE_DATA_DIR": "/nowhere",
            "CHATLINE_STATIC_ROOT": str(folder / "static"),
            "CHATLINE_DRAIN_SECONDS": "0.5",
        }

    def say(self, service: str) -> str:
        """What the command of a service prints, until it ends."""
        command = [sys.executable if part == "python" else part for part in compose()["services"][service]["command"]]
        if command[0] == "sh":
            command[2] = command[2].replace("python ", f"{sys.executable} ")
        return self.run(command)

    def run(self, command: list[str]) -> str:
        answer = subprocess.run(
            command, cwd=ROOT, env=self.environment, capture_output=True, text=True, check=False, timeout=120
        )
        assert answer.returncode == 0, answer.stdout[-1000:] + answer.stderr[-3000:]
        return answer.stdout + answer.stderr


@dataclass
class House:
    """Everything that runs, and the way in."""

    installation: Production
    webs: list[Web]
    address: str
    onion: str
    certificate: ssl.SSLContext
    log: Path

    def ask(self, path: str, *, address: str = "", host: str = "") -> tuple[int, dict[str, str], bytes]:
        request = urllib.request.Request(f"{address or self.address}{path}", headers={"Host": host} if host else {})
        try:
            with urllib.request.urlopen(request, context=self.certificate, timeout=20) as answer:
                return answer.status, {k.lower(): v for k, v in answer.headers.items()}, answer.read()
        except urllib.error.HTTPError as refused:
            return refused.code, {k.lower(): v for k, v in refused.headers.items()}, refused.read()


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    folder = tmp_path_factory.mktemp("production")
    try:
        with ExitStack() as stack:
            yield enter(stack, folder)
    except Missing as missing:
        lacking(missing)


def enter(stack: ExitStack, folder: Path) -> House:
    database = stack.enter_context(running_cluster(durable=True, flags=compose_flags("database")))
    key_store = stack.enter_context(running_cluster(durable=True, flags=compose_flags("key-store")))
    secrets = made_secrets(folder / "made") | {
        "database_url": database.new_databases().database_url,
        "keys_database_url": key_store.new_databases().database_url,
    }
    installation = Production(folder, secrets, stack.enter_context(shipped_redis(folder / "redis")))
    manage("collectstatic", "--no-input", "--verbosity", "0", environment=installation.environment)
    installation.say("migrate")
    webs = stack.enter_context(installation.running(webs=WEBS))
    return stack.enter_context(shipped_proxy(installation, webs, folder / "proxy"))


def made_secrets(folder: Path) -> dict[str, str]:
    """What deploy/make-secrets makes."""
    shutil.copytree(ROOT / "deploy", folder / "deploy", ignore=shutil.ignore_patterns("secrets"))
    subprocess.run(["deploy/make-secrets"], cwd=folder, check=True, capture_output=True)
    return {path.name: path.read_text() for path in (folder / "deploy" / "secrets").iterdir()}


@contextmanager
def shipped_redis(folder: Path) -> Iterator[str]:
    import redis

    folder.mkdir()
    url = f"redis://127.0.0.1:{(port := free_port())}/0"
    flags = compose()["services"]["redis"]["command"][1:]
    command = [redis_program(), *flags, "--port", str(port), "--bind", "127.0.0.1", "--dir", str(folder)]
    with redis.Redis.from_url(url) as client, running(command, is_up=client.ping, folder=folder, user=None):
        yield url


@contextmanager
def shipped_proxy(installation: Production, webs: list[Web], folder: Path) -> Iterator[House]:
    """deploy/Caddyfile with a certificate that it signs itself: here is nobody who would sign another."""
    caddy = find_program("caddy")
    if not caddy:
        raise Missing(missing_sentence("caddy"))
    folder.mkdir()
    shipped = (ROOT / "deploy" / "Caddyfile").read_text()
    local = "skip_install_trust\n\tauto_https disable_redirects\n\tlocal_certs\n\tadmin off"
    (folder / "Caddyfile").write_text(shipped.replace("admin off", local, 1))
    https, onion = free_port(), free_port()
    environment = {
        **os.environ,
        "HOME": str(folder),
        "XDG_DATA_HOME": str(folder),
        **VARIABLES,
        "CHATLINE_DOMAIN": f"https://localhost:{https}",
        "CHATLINE_ONION_PORT": str(onion),
        "CHATLINE_UPSTREAMS": " ".join(f"127.0.0.1:{web.port}" for web in webs),
    }
    certificate = ssl.create_default_context()
    root = folder / "caddy" / "pki" / "authorities" / "local" / "root.crt"

    def is_up() -> None:
        certificate.load_verify_locations(root)
        urllib.request.urlopen(f"https://localhost:{https}/readyz", context=certificate, timeout=5).close()

    command = ["env", *(f"{name}={value}" for name, value in environment.items()), caddy, "run"]
    command += ["--adapter", "caddyfile", "--config", str(folder / "Caddyfile")]
    with running(command, is_up=is_up, folder=folder, user=None):
        addresses = f"https://localhost:{https}", f"http://127.0.0.1:{onion}"
        yield House(installation, webs, *addresses, certificate, folder / "log")


def test_shipped_configuration_passes_its_own_checks(house: House) -> None:
    said = house.installation.manage("check", "--deploy", "--fail-level", "ERROR")

    assert "chatline.E" not in said


def test_page_over_https_is_safe_and_its_files_are_hashed(house: House) -> None:
    status, headers, body = house.ask("/privacy/")
    style = re.search(rb'href="(/static/[^"]+\.[0-9a-f]{8,}\.css)"', body)

    assert status == 200
    assert headers["strict-transport-security"].startswith("max-age=31536000")
    assert headers["onion-location"] == "http://onionaddress.onion/privacy/"
    assert "server" not in headers
    assert "via" not in headers
    assert style is not None
    assert house.ask(style[1].decode())[0] == 200


def test_login_sets_cookies_for_https_alone(house: House) -> None:
    status, headers, _ = house.ask("/counsellor/login/")

    assert status == 200
    assert headers["set-cookie"].startswith("__Host-csrf=")
    assert "Secure" in headers["set-cookie"]


def test_figures_are_not_told_outside(house: House) -> None:
    assert house.ask("/metrics")[0] == 404


def test_onion_has_the_visitors_pages_and_no_door_for_staff(house: House) -> None:
    answers = {
        path: house.ask(path, address=house.onion, host="onionaddress.onion")
        for path in ("/privacy/", "/counsellor/login/", "/admin/", "/stats/", "/ws/counsellor/", "/metrics")
    }

    assert {path: status for path, (status, _, _) in answers.items()} == {
        "/privacy/": 200,
        **dict.fromkeys(("/counsellor/login/", "/admin/", "/stats/", "/ws/counsellor/", "/metrics"), 404),
    }
    assert "strict-transport-security" not in answers["/privacy/"][1]
    assert "set-cookie" not in answers["/privacy/"][1]


def test_host_that_is_not_ours_gets_nothing(house: House) -> None:
    assert house.ask("/privacy/", address=house.onion, host="elsewhere.example")[0] == 400


def test_housekeeping_and_backup_run_as_they_are_shipped(house: House, tmp_path: Path) -> None:
    services = compose()["services"]
    housekeeping = services["housekeeping"]["command"]
    assert housekeeping[:3] == ["python", "manage.py", "housekeeping"]

    house.installation.manage("housekeeping")
    assert services["backup"]["command"] == ["python", "manage.py", "backup", "/backups"]
    house.installation.manage("backup", str(tmp_path))

    (written,) = tmp_path.iterdir()
    assert written.stat().st_mode & 0o077 == 0


def test_conversation_goes_through_the_whole_set_up(house: House) -> None:
    house.installation.run([sys.executable, "-c", OPEN_HELPLINE])
    token = open_conversation(house.onion, helpline="line", headers={"Host": "onionaddress.onion"})

    with tab(house.webs[0].address, token) as first, tab(house.webs[1].address, token) as second:
        origin_id = first.write("hei")
        assert first.wait_for("ack", origin_id=origin_id)["seq"] == 1
        second.wait_for("message", origin_id=origin_id)
