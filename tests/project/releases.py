"""The release before this one, as source: what an upgrade begins with."""

from __future__ import annotations

import subprocess
import tarfile
from io import BytesIO
from pathlib import Path

import pytest

from scripts.machine import ROOT


def git(*arguments: str) -> bytes | None:
    """What git prints, or None where there is no git or no such thing."""
    try:
        answer = subprocess.run(["git", *arguments], cwd=ROOT, capture_output=True, check=False)
    except FileNotFoundError:
        return None
    return answer.stdout if answer.returncode == 0 else None


def previous_release() -> str:
    """The newest version tag behind this commit. Skips where the clone has none."""
    merged = git("tag", "--list", "v*", "--merged", "HEAD", "--no-contains", "HEAD", "--sort=-version:refname")
    tags = (merged or b"").decode().split()
    if not tags:
        pytest.skip("This clone has no earlier release to upgrade from: git fetch --tags --unshallow")
    return tags[0]


def unpack_release(tag: str, folder: Path) -> Path:
    """Its source, in `folder`."""
    archive = git("archive", "--format=tar", tag)
    assert archive is not None
    with tarfile.open(fileobj=BytesIO(archive)) as tar:
        tar.extractall(folder, filter="data")
    return folder
