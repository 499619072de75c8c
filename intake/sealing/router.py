from __future__ import annotations

from typing import Any

from django.db.models import Model

APP_LABEL = "sealing"
ALIAS = "keys"


class KeyStoreRouter:
    """Keeps the key store's tables in `keys`, and everything else out of it."""

    def db_for_read(self, model: type[Model], **hints: Any) -> str | None:
        return ALIAS if model._meta.app_label == APP_LABEL else None

    def db_for_write(self, model: type[Model], **hints: Any) -> str | None:
        return ALIAS if model._meta.app_label == APP_LABEL else None

    def allow_migrate(self, db: str, app_label: str, **hints: Any) -> bool:
        return (app_label == APP_LABEL) == (db == ALIAS)
