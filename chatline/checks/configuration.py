"""What the settings alone tell."""

from __future__ import annotations

import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Tags, register

from chatline.checks.findings import finding

SECRET_CHARACTERS = 50
SECRET_VARIETY = 5
TOKEN_CHARACTERS = 24
THIS_MACHINE = {"localhost", "127.0.0.1", "[::1]"}
# Mounted there for the containers of one service alone, which run as other users (deploy/make-secrets).
SECRETS_FOLDER = Path("/run/secrets")


@register(Tags.security, deploy=True)
def check_configuration(**kwargs: Any) -> list[CheckMessage]:
    return [finding(number) for look in LOOKS for number in look()]


def switches() -> Iterator[str]:
    if settings.DEMO:
        yield "chatline.E003"
    if settings.DEBUG:
        yield "chatline.E004"
    if not settings.HTTPS:
        yield "chatline.W011"
    elif not settings.TRUSTED_PROXIES:
        yield "chatline.W012"


def secrets() -> Iterator[str]:
    key = settings.SECRET_KEY
    if key == settings.NO_SECRET_KEY or len(key) < SECRET_CHARACTERS or len(set(key)) < SECRET_VARIETY:
        yield "chatline.E006"
    if settings.METRICS_TOKEN and len(settings.METRICS_TOKEN) < TOKEN_CHARACTERS:
        yield "chatline.E015"


def master_key() -> Iterator[str]:
    path: Path = settings.MASTER_KEY_FILE
    if not path.is_file():
        yield "chatline.E001"
        return
    if path.stat().st_mode & (stat.S_IRWXG | stat.S_IRWXO) and path.parent != SECRETS_FOLDER:
        yield "chatline.E002"
    if path.resolve().parent in {file.resolve().parent for file in sqlite_files()}:
        yield "chatline.W007"


def sqlite_files() -> list[Path]:
    return [Path(given["NAME"]) for given in settings.DATABASES.values() if given["ENGINE"].endswith("sqlite3")]


def stores() -> Iterator[str]:
    if have_one_address():
        yield "chatline.E005"


def have_one_address() -> bool:
    """Whether text and keys are told to be in one place. Two names of one server: databases.py asks it."""
    text, keys = (settings.DATABASES[alias] for alias in ("default", "keys"))
    files = sqlite_files()
    if len(files) == 2:
        return is_one_file(*files)
    return all(text.get(name) == keys.get(name) for name in ("ENGINE", "NAME", "HOST", "PORT"))


def is_one_file(text: Path, keys: Path) -> bool:
    return text.resolve() == keys.resolve() or (text.exists() and keys.exists() and text.samefile(keys))


def hosts() -> Iterator[str]:
    if "*" in settings.ALLOWED_HOSTS:
        yield "chatline.E008"
    if settings.STAFF_HOSTS and not set(settings.ALLOWED_HOSTS) - set(settings.STAFF_HOSTS) - THIS_MACHINE:
        yield "chatline.E016"


def static_files() -> Iterator[str]:
    if settings.STATIC_ROOT and not (Path(settings.STATIC_ROOT) / "staticfiles.json").is_file():
        yield "chatline.E009"


LOOKS = (switches, secrets, master_key, stores, hosts, static_files)
