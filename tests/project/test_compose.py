"""The set-up beside the embedded one: docker-compose.yml, the image, the proxy."""

from __future__ import annotations

import functools
import os
import re
import shutil
import stat
import subprocess
import tempfile
from pathlib import Path
from typing import Any

import psycopg
import pytest
import yaml

from scripts.development import web_command
from scripts.machine import ROOT, Missing, find_program, missing_sentence
from tests.conftest import lacking
from tests.servers import cluster_owner, postgres_folder, running_postgres

DOMAIN = "chat.example.org"
WEBS = ["web-a", "web-b"]

pytestmark = pytest.mark.once


@pytest.fixture(scope="module")
def installation(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What an administrator has after the first of the three commands at the top of docker-compose.yml."""
    folder = tmp_path_factory.mktemp("installation")
    for name in ("docker-compose.yml", "Dockerfile", ".dockerignore"):
        shutil.copy(ROOT / name, folder)
    shutil.copytree(ROOT / "deploy", folder / "deploy", ignore=shutil.ignore_patterns("secrets"))
    subprocess.run(["deploy/make-secrets"], cwd=folder, check=True, capture_output=True)
    return folder


def docker_compose(folder: Path, *arguments: str, domain: str = DOMAIN) -> subprocess.CompletedProcess[str]:
    program = find_program("docker-compose")
    if not program:
        lacking(Missing(missing_sentence("docker-compose")))
    environment = {**os.environ, "CHATLINE_DOMAIN": domain}
    return subprocess.run(
        [program, *arguments], cwd=folder, env=environment, capture_output=True, text=True, check=False
    )


@pytest.fixture(scope="module")
def services(installation: Path) -> dict[str, Any]:
    """The services as docker-compose itself reads them, anchors and variables filled in."""
    answer = docker_compose(installation, "config")
    assert answer.returncode == 0, answer.stderr
    found: dict[str, Any] = yaml.safe_load(answer.stdout)["services"]
    return found


def test_services_are_those_of_a_whole_installation(services: dict[str, Any]) -> None:
    always = {"proxy", *WEBS, "housekeeping", "migrate", "database", "key-store", "redis"}

    assert {name for name, service in services.items() if not service.get("profiles")} == always
    assert {name: service["profiles"] for name, service in services.items() if service.get("profiles")} == {
        "backup": ["backup"],
        "onion": ["onion"],
    }


def test_domain_must_be_given(installation: Path) -> None:
    answer = docker_compose(installation, "config", "--quiet", domain="")

    assert answer.returncode != 0
    assert "Set CHATLINE_DOMAIN" in answer.stderr


def networked(services: dict[str, Any], network: str) -> list[str]:
    return sorted(name for name, service in services.items() if network in service["networks"])


def test_only_the_proxy_can_be_reached(services: dict[str, Any]) -> None:
    assert [name for name, service in services.items() if service.get("ports")] == ["proxy"]
    assert networked(services, "outside") == ["proxy"]
    assert not any(service.get("network_mode") or service.get("privileged") for service in services.values())


def test_onion_service_shares_a_network_with_the_proxy_alone(services: dict[str, Any]) -> None:
    assert set(services["onion"]["networks"]) == {"tor"}
    assert networked(services, "tor") == ["onion", "proxy"]


def test_every_service_is_hardened(services: dict[str, Any]) -> None:
    for name, service in services.items():
        assert service["read_only"] is True, name
        assert service["cap_drop"] == ["ALL"], name
        assert service["security_opt"] == ["no-new-privileges:true"], name
        assert service["mem_limit"], name
        assert service["pids_limit"], name
        assert service["logging"]["options"]["max-size"], name
    without_user = [name for name, service in services.items() if service.get("user", "0").startswith("0")]
    assert without_user == ["proxy"]


def test_web_processes_run_the_command_of_make_run(services: dict[str, Any]) -> None:
    for name in WEBS:
        assert services[name]["command"] == web_command(host="0.0.0.0", port=8000)  # noqa: S104 - inside its own network


def test_keys_live_apart_from_what_they_open(services: dict[str, Any]) -> None:
    volumes = {
        name: {volume.split(":")[0] for volume in services[name]["volumes"]} for name in ("database", "key-store")
    }

    assert volumes == {"database": {"database"}, "key-store": {"key-store-never-in-backups"}}


def test_nothing_but_the_key_store_writes_to_its_volume(services: dict[str, Any]) -> None:
    mounted = {
        name: [volume.split(":")[0] for volume in service.get("volumes", [])] for name, service in services.items()
    }

    assert [name for name, volumes in mounted.items() if "key-store-never-in-backups" in volumes] == ["key-store"]


def test_container_is_alive_while_the_proxy_asks_who_is_ready(services: dict[str, Any]) -> None:
    for name in WEBS:
        assert "/healthz" in services[name]["healthcheck"]["test"][-1]
    assert "health_uri /readyz" in (ROOT / "deploy" / "Caddyfile").read_text()


def test_no_secret_stands_in_the_environment(services: dict[str, Any]) -> None:
    secrets = ("PASSWORD", "SECRET", "KEY", "DATABASE_URL")
    for name, service in services.items():
        given = {
            key: value for key, value in service.get("environment", {}).items() if any(word in key for word in secrets)
        }
        assert all(key.endswith("_FILE") and value.startswith("/run/secrets/") for key, value in given.items()), name


def test_commands_at_its_head_are_those_of_the_documents(installation: Path) -> None:
    head = (installation / "docker-compose.yml").read_text().partition("\nx-hardened:")[0]
    commands = [line.partition("  ")[0] for line in re.findall(r"^#   (\S.*)$", head, flags=re.MULTILINE)]

    assert [command.split()[0] for command in commands] == ["deploy/make-secrets", "echo", "docker-compose"]
    for document in ("README.md", "docs/operations.md"):
        text = (ROOT / document).read_text()
        assert [command for command in commands if command not in text] == []


def test_secrets_are_made_once(installation: Path) -> None:
    folder = installation / "deploy" / "secrets"
    before = {path.name: path.read_text() for path in folder.iterdir()}

    subprocess.run(["deploy/make-secrets"], cwd=installation, check=True, capture_output=True)

    assert {path.name: path.read_text() for path in folder.iterdir()} == before
    assert len(set(before.values())) == len(before) == 7
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert len(bytes.fromhex(before["master_key"])) == 32


@pytest.mark.parametrize("name", ["database", "key-store"])
def test_postgres_starts_with_its_flags_and_logs_no_statement(services: dict[str, Any], name: str) -> None:
    flags = services[name]["command"][1:]
    try:
        with (
            running_postgres(durable=True, flags=flags) as addresses,
            psycopg.connect(addresses.database_url) as connection,
        ):
            shown = {
                setting: connection.execute(f"SHOW {setting}").fetchone()
                for setting in ("log_statement", "log_min_error_statement", "log_error_verbosity", "log_connections")
            }
    except Missing as missing:
        lacking(missing)

    assert shown == {
        "log_statement": ("none",),
        "log_min_error_statement": ("panic",),
        "log_error_verbosity": ("terse",),
        "log_connections": ("off",),
    }


@pytest.mark.parametrize("name", ["database", "key-store"])
def test_postgres_takes_the_connections_that_the_pages_tell(services: dict[str, Any], name: str) -> None:
    (told,) = re.findall(r"both are set up for (\d+)\.", " ".join((ROOT / "docs/operations.md").read_text().split()))

    assert f"max_connections={told}" in services[name]["command"]


def test_key_store_is_made_with_small_segments_of_its_log(services: dict[str, Any]) -> None:
    """Its own initdb takes the words that the image passes on to it."""
    told = services["key-store"]["environment"]["POSTGRES_INITDB_ARGS"].split()
    try:
        with tempfile.TemporaryDirectory() as name:
            programs, owner = postgres_folder(Path(name)), cluster_owner()
            if owner:
                shutil.chown(name, owner)
            run = functools.partial(subprocess.run, cwd=name, user=owner, check=True, capture_output=True, text=True)
            run([str(programs / "initdb"), "--pgdata", f"{name}/data", "--no-sync", *told])
            said = run([str(programs / "pg_controldata"), f"{name}/data"]).stdout
    except Missing as missing:
        lacking(missing)

    assert re.search(r"Bytes per WAL segment: +1048576\n", said)


@pytest.fixture
def torrc(tmp_path: Path) -> str:
    """deploy/onion/torrc where a test may write, with a proxy that has a name here: Tor looks it up at once."""
    folder = tmp_path / "tor"
    folder.mkdir(mode=0o700)
    return shipped_torrc().replace("/var/lib/tor", str(folder)).replace(" proxy:", " localhost:")


def shipped_torrc() -> str:
    return (ROOT / "deploy" / "onion" / "torrc").read_text()


def verified(torrc: str, folder: Path) -> subprocess.CompletedProcess[str]:
    """What Tor says of a configuration, and of nothing besides."""
    tor = find_program("tor")
    if not tor:
        lacking(Missing(missing_sentence("tor")))
    file, none = folder / "torrc", folder / "none"
    file.write_text(torrc)
    none.touch()
    command = [tor, "--verify-config", "-f", str(file), "--defaults-torrc", str(none)]
    return subprocess.run(command, env={**os.environ, "HOME": str(folder)}, capture_output=True, text=True, check=False)


def test_onion_service_is_configured_as_tor_reads_it(torrc: str, tmp_path: Path) -> None:
    answer = verified(torrc, tmp_path)

    assert answer.returncode == 0, answer.stdout
    assert "Configuration was valid" in answer.stdout
    assert [line for line in answer.stdout.splitlines() if "[warn]" in line and "running Tor as root" not in line] == []


@pytest.mark.parametrize("planted", ["HiddenServicePort 80 localhost:80800", "SocksPorts 0", "SafeLogging perhaps"])
def test_configuration_that_tor_does_not_take_is_found(torrc: str, tmp_path: Path, planted: str) -> None:
    assert verified(f"{torrc}{planted}\n", tmp_path).returncode != 0


def test_onion_leads_to_the_proxys_own_door(services: dict[str, Any]) -> None:
    torrc = shipped_torrc()
    (port,) = re.findall(r"^HiddenServicePort 80 proxy:(\d+)$", torrc, flags=re.MULTILINE)

    assert f"http://:{{$CHATLINE_ONION_PORT:{port}}}" in (ROOT / "deploy" / "Caddyfile").read_text()
    assert "CHATLINE_ONION_PORT" not in services["proxy"]["environment"]
    assert re.findall(r"^(?:SocksPort|SafeLogging) (\d)$", torrc, flags=re.MULTILINE) == ["0", "1"]


def test_proxy_logs_no_request() -> None:
    text = (ROOT / "deploy" / "Caddyfile").read_text()

    assert "exclude http\n" in text
    assert "output file" not in text


def test_proxy_configuration_is_valid() -> None:
    caddy = find_program("caddy")
    if not caddy:
        lacking(Missing(missing_sentence("caddy")))
    command = [caddy, "validate", "--adapter", "caddyfile", "--config", "deploy/Caddyfile"]

    answer = subprocess.run(
        command, cwd=ROOT, env={**os.environ, "CHATLINE_DOMAIN": DOMAIN}, capture_output=True, text=True, check=False
    )

    assert answer.returncode == 0, answer.stderr
