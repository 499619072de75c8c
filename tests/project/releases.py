"""The release before this one, as source: what an upgrade begins with."""

from __future__ import annotations

import subprocess
import tarfile
from io import BytesIO
from pathlib import Path

import pytest

from scripts.machine import ROOT, in_ci

NO_TAGS = "This clone has no earlier release to upgrade from: git fetch --tags --unshallow"


def git(*arguments: str, root: Path = ROOT) -> bytes | None:
    """What git prints, or None where there is no git or no such thing."""
    try:
        answer = subprocess.run(["git", *arguments], cwd=root, capture_output=True, check=False)
    except FileNotFoundError:
        return None
    return answer.stdout if answer.returncode == 0 else None


def previous_release(*, root: Path = ROOT) -> str:
    """The newest version tag behind this commit. Where the clone has none it skips, and fails under CI=true."""
    behind = ["tag", "--list", "v*", "--merged", "HEAD", "--no-contains", "HEAD", "--sort=-version:refname"]
    tags = (git(*behind, root=root) or b"").decode().split()
    if tags:
        return tags[0]
    if in_ci():
        pytest.fail(NO_TAGS)
    pytest.skip(NO_TAGS)


def unpack_release(tag: str, folder: Path) -> Path:
    """Its source, in `folder`."""
    archive = git("archive", "--format=tar", tag)
    assert archive is not None
    with tarfile.open(fileobj=BytesIO(archive)) as tar:
        tar.extractall(folder)  # noqa: S202 - made by git just now
    return folder
