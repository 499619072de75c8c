from __future__ import annotations


class BackupProblem(Exception):
    """Why a backup cannot be made or restored. The message is a plain sentence that says what to do."""
