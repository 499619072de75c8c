"""What a backup says of itself: where it comes from and what is in it. A restore refuses what does not fit."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable
from pathlib import Path

import msgspec
from django.apps import apps
from django.conf import settings
from django.db import connection
from django.db.migrations.loader import MigrationLoader

from intake.sealing.router import APP_LABEL

FORMAT = 1
# Of no worth after a restore: sessions, failed logins by the pseudonym of a day that is over, who was there just then.
WORTHLESS = (
    "sessions.Session",
    "axes.AccessAttempt",
    "axes.AccessAttemptExpiration",
    "axes.AccessFailureLog",
    "axes.AccessLog",
    "intake.StaffPresence",
    "intake.ServiceClock",
)
CONVERSATIONS = ("intake.Message", "intake.Conversation")


class Manifest(msgspec.Struct, frozen=True):
    """`made_at` is UTC to the minute; `tables` counts the rows of each; `sha256` is of the database's own file."""

    format: int
    chatline: str
    installation: str
    made_at: str
    engine: str
    migrations: list[tuple[str, str]]
    tables: dict[str, int]
    left_out: list[str]
    bytes: int
    sha256: str

    @property
    def has_conversations(self) -> bool:
        return not set(tables_of(CONVERSATIONS)) & set(self.left_out)


def tables_of(labels: Iterable[str]) -> list[str]:
    return [apps.get_model(label)._meta.db_table for label in labels]


def left_out_tables(*, conversations: bool) -> list[str]:
    """The tables whose rows stay out of a backup, those of the key store apart: they are in another database."""
    return tables_of(WORTHLESS if conversations else (*WORTHLESS, *CONVERSATIONS))


def key_store_tables() -> list[str]:
    return [model._meta.db_table for model in apps.get_app_config(APP_LABEL).get_models()]


def installation_name() -> str:
    """The installation's first host name: what an administrator types to replace its database."""
    return next((host for host in settings.ALLOWED_HOSTS if host != "*"), "chatline")


def chatline_version() -> str:
    described = tomllib.loads((Path(settings.BASE_DIR) / "pyproject.toml").read_text())
    return str(described["project"]["version"])


def applied_migrations() -> list[tuple[str, str]]:
    return sorted(MigrationLoader(connection).applied_migrations)


def unknown_migrations(manifest: Manifest) -> list[tuple[str, str]]:
    """Migrations of the backup that this version of Chatline does not have: it is newer."""
    loader = MigrationLoader(None)
    known = set(loader.disk_migrations) | set(loader.graph.nodes)
    replaced = {old for migration in loader.disk_migrations.values() for old in migration.replaces}
    return [(app, name) for app, name in manifest.migrations if (app, name) not in known | replaced]
