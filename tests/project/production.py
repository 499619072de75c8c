"""The set-up of docker-compose.yml without containers: commands, flags, environment and secrets, behind its proxy."""

from __future__ import annotations

import copy
import os
import re
import shutil
import socket
import ssl
import subprocess
import sys
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPMessage
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import redis
import yaml

from scripts.development import manage
from scripts.machine import ROOT, Missing, find_program, missing_sentence
from tests.project.leak_places import compose_flags
from tests.servers import free_port, redis_program, running, running_cluster
from tests.web import Installation, Web

WEBS = 2
DOMAIN, STAFF_DOMAIN, ONION = "localhost", "vakt.localhost", "onionaddress.onion"
VARIABLES = {"CHATLINE_DOMAIN": DOMAIN, "CHATLINE_ONION": ONION}
# The settings that follow from the names in `.env`.
NAMES = ("CHATLINE_HOSTS", "CHATLINE_STAFF_HOSTS", "CHATLINE_ORIGINS")
DEADLINE_SECONDS = 20.0

Answer = tuple[int, HTTPMessage, bytes]


def compose(variables: Mapping[str, str] = VARIABLES) -> dict[str, Any]:
    """docker-compose.yml with its variables filled in."""
    text = (ROOT / "docker-compose.yml").read_text()

    def value(match: re.Match[str]) -> str:
        name, _, default = match[1].partition(":-")
        return variables.get(name.partition(":?")[0], default)

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

    def named(self, folder: Path, variables: Mapping[str, str]) -> Production:
        """The same installation with other names in its `.env`; its processes log to `folder`."""
        other = copy.copy(self)
        given = compose(variables)["x-chatline"]["environment"]
        other.folder = folder
        other.environment = self.environment | {name: given[name] for name in NAMES}
        return other

    def command_of(self, service: str) -> list[str]:
        command = [sys.executable if part == "python" else part for part in compose()["services"][service]["command"]]
        if command[0] == "sh":
            command[2] = command[2].replace("python ", f"{sys.executable} ")
        return command

    def say(self, service: str) -> str:
        """What the command of a service prints, until it ends."""
        return self.run(*self.command_of(service))

    @contextmanager
    def serving(self, service: str, *, log: Path) -> Iterator[subprocess.Popen[bytes]]:
        """The command of a service that goes on, until the block ends."""
        with log.open("wb") as output:
            process = subprocess.Popen(
                self.command_of(service),
                cwd=ROOT,
                env=self.environment,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
            )
        try:
            yield process
        finally:
            process.kill()
            process.wait()

    def run(self, *command: str) -> str:
        answer = subprocess.run(
            command, cwd=ROOT, env=self.environment, capture_output=True, text=True, check=False, timeout=120
        )
        assert answer.returncode == 0, answer.stdout[-1000:] + answer.stderr[-3000:]
        return answer.stdout


@dataclass
class House:
    """Everything that runs, and the two ways in: by TLS, and for Tor."""

    installation: Production
    webs: list[Web]
    port: int
    onion_port: int
    certificate: ssl.SSLContext

    @property
    def address(self) -> str:
        return f"https://{DOMAIN}:{self.port}"

    def ask(
        self, path: str, *, host: str = DOMAIN, headers: Mapping[str, str] | None = None, form: Any = None
    ) -> Answer:
        """GET, or POST of a form, by TLS at the name `host`."""
        return talk(self.line(host), f"{host}:{self.port}", path, headers=headers or {}, form=form)

    def ask_as_tor(self, path: str, *, host: str = ONION) -> Answer:
        return talk(socket.create_connection(("127.0.0.1", self.onion_port), DEADLINE_SECONDS), host, path)

    def line(self, host: str) -> ssl.SSLSocket:
        """A connection whose certificate is that name's. The name need not be known to this machine."""
        line = socket.create_connection(("127.0.0.1", self.port), DEADLINE_SECONDS)
        return self.certificate.wrap_socket(line, server_hostname=host)


def talk(
    line: socket.socket, host: str, path: str, *, headers: Mapping[str, str] | None = None, form: Any = None
) -> Answer:
    """One question and its answer over a line that is open."""
    connection = HTTPConnection(host)
    connection.sock = line
    given = {"Host": host, **(headers or {})}
    body = None if form is None else urlencode(form)
    if body is not None:
        given["Content-Type"] = "application/x-www-form-urlencoded"
    try:
        connection.request("GET" if body is None else "POST", path, body=body, headers=given)
        answer = connection.getresponse()
        return answer.status, answer.headers, answer.read()
    finally:
        connection.close()


def prepared(stack: ExitStack, folder: Path) -> Production:
    """Databases, Redis and secrets as they are shipped, with tables and static files. Raises `Missing`."""
    database = stack.enter_context(running_cluster(durable=True, flags=compose_flags("database")))
    key_store = stack.enter_context(running_cluster(durable=True, flags=compose_flags("key-store")))
    secrets = made_secrets(folder / "made") | {
        "database_url": database.new_databases().database_url,
        "keys_database_url": key_store.new_databases().database_url,
    }
    installation = Production(folder, secrets, stack.enter_context(shipped_redis(folder / "redis")))
    manage("collectstatic", "--no-input", "--verbosity", "0", environment=installation.environment)
    installation.say("migrate")
    return installation


def made_secrets(folder: Path) -> dict[str, str]:
    """What deploy/make-secrets makes."""
    shutil.copytree(ROOT / "deploy", folder / "deploy", ignore=shutil.ignore_patterns("secrets"))
    subprocess.run(["deploy/make-secrets"], cwd=folder, check=True, capture_output=True)
    return {path.name: path.read_text() for path in (folder / "deploy" / "secrets").iterdir()}


def redis_flags() -> list[str]:
    flags: list[str] = compose()["services"]["redis"]["command"][1:]
    return flags


@contextmanager
def shipped_redis(folder: Path, *besides: str) -> Iterator[str]:
    """The address of a Redis with the flags of docker-compose.yml and `besides`; `folder`/data is its directory."""
    (folder / "data").mkdir(parents=True)
    url = f"redis://127.0.0.1:{(port := free_port())}/0"
    own = ["--port", str(port), "--bind", "127.0.0.1", "--dir", str(folder / "data")]
    command = [redis_program(), *redis_flags(), *own, *besides]
    with redis.Redis.from_url(url) as client, running(command, is_up=client.ping, folder=folder, user=None):
        yield url


@contextmanager
def shipped_proxy(
    installation: Production,
    webs: list[Web],
    folder: Path,
    variables: Mapping[str, str] = VARIABLES,
    *,
    inner: str = "private_ranges",
) -> Iterator[House]:
    """The installation's web processes, and the proxy before them."""
    with running_proxy([web.port for web in webs], folder, variables, inner=inner) as proxy:
        yield House(installation, webs, proxy.port, proxy.onion_port, proxy.certificate)


@dataclass(frozen=True)
class Proxy:
    pid: int
    port: int
    onion_port: int
    certificate: ssl.SSLContext


@contextmanager
def running_proxy(
    ports: Sequence[int],
    folder: Path,
    variables: Mapping[str, str] = VARIABLES,
    *,
    inner: str = "private_ranges",
) -> Iterator[Proxy]:
    """deploy/Caddyfile with a certificate that it signs itself: here is nobody who would sign another.

    `ports` are those of the web processes; `inner` are the addresses that are not outside; as it is shipped, this
    machine is among them. Raises `Missing`.
    """
    caddy = find_program("caddy")
    if not caddy:
        raise Missing(missing_sentence("caddy"))
    folder.mkdir()
    shipped = (ROOT / "deploy" / "Caddyfile").read_text()
    local = "skip_install_trust\n\tauto_https disable_redirects\n\tlocal_certs\n\tadmin off"
    (folder / "Caddyfile").write_text(shipped.replace("admin off", local, 1).replace("private_ranges", inner))
    port, onion_port = free_port(), free_port()
    domains = {name: f"https://{value}:{port}" for name, value in variables.items() if name.endswith("_DOMAIN")}
    environment = {
        **os.environ,
        "HOME": str(folder),
        "XDG_DATA_HOME": str(folder),
        **variables,
        **domains,
        "CHATLINE_ONION_PORT": str(onion_port),
        "CHATLINE_UPSTREAMS": " ".join(f"127.0.0.1:{port}" for port in ports),
    }
    certificate = ssl.create_default_context()
    root = folder / "caddy" / "pki" / "authorities" / "local" / "root.crt"

    def is_up() -> None:
        certificate.load_verify_locations(root)
        urllib.request.urlopen(f"https://{DOMAIN}:{port}/healthz", context=certificate, timeout=5).close()

    command = ["env", *(f"{name}={value}" for name, value in environment.items()), caddy, "run"]
    command += ["--adapter", "caddyfile", "--config", str(folder / "Caddyfile")]
    with running(command, is_up=is_up, folder=folder, user=None) as process:
        yield Proxy(process.pid, port, onion_port, certificate)
