"""Backups of the database, never of the key store (docs/privacy.md, "Backups")."""
