"""System checks. Every dangerous configuration has a number and a hint (docs/configuration.md, "Checks")."""

from __future__ import annotations

import stat
from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, Tags, Warning, register


@register(Tags.security)
def check_master_key(**kwargs: Any) -> list[CheckMessage]:
    path = settings.MASTER_KEY_FILE
    if not path.exists():
        return [
            Warning(
                "The master key file does not exist.",
                hint=f"Create it: manage.py create_keys (expected at {path}).",
                id="chatline.W001",
            )
        ]
    if path.stat().st_mode & (stat.S_IRWXG | stat.S_IRWXO) and path.parent.as_posix() != "/run/secrets":
        return [
            Warning(
                "The master key file can be read by others than its owner.",
                hint=f"chmod 600 {path}",
                id="chatline.W002",
            )
        ]
    return []


@register(Tags.security, deploy=True)
def check_not_demo(**kwargs: Any) -> list[CheckMessage]:
    found: list[CheckMessage] = []
    if settings.DEMO:
        found.append(
            Error(
                "CHATLINE_DEMO is on.",
                hint="Demo accounts have known passwords. Unset it.",
                id="chatline.E003",
            )
        )
    if settings.DEBUG:
        found.append(
            Error(
                "CHATLINE_DEBUG is on.",
                hint="Error pages would show what people wrote. Unset it.",
                id="chatline.E004",
            )
        )
    if (
        settings.DATABASES["default"].get("NAME") == settings.DATABASES["keys"].get("NAME")
        and settings.DATABASES["default"].get("HOST") == settings.DATABASES["keys"].get("HOST")
        and settings.DATABASES["default"].get("PORT") == settings.DATABASES["keys"].get("PORT")
    ):
        found.append(
            Error(
                "Text and keys are in the same database.",
                hint="Give KEYS_DATABASE_URL a database of its own that is never backed up.",
                id="chatline.E005",
            )
        )
    return found
