"""The release before this one, as source: what an upgrade begins with."""

from __future__ import annotations

import subprocess
import tarfile
from collections.abc import Mapping
from io import BytesIO
from pathlib import Path

import pytest

from scripts.machine import ROOT, in_ci

COMMITS = {"v0.1.0": "6b2fd25b443d94e729514f46603b3770d868fa9a"}
"""Of each release, newest first: a clone may have come without its tags."""
NO_RELEASE = "This clone has no earlier release to upgrade from: git fetch --tags --unshallow"


def git(*arguments: str, root: Path = ROOT) -> bytes | None:
    """What git prints, or None where there is no git or no such thing."""
    try:
        answer = subprocess.run(["git", *arguments], cwd=root, capture_output=True, check=False)
    except FileNotFoundError:
        return None
    return answer.stdout if answer.returncode == 0 else None


def previous_release(*, root: Path = ROOT, commits: Mapping[str, str] = COMMITS) -> str:
    """The newest version tag behind this commit, or the newest of `commits`.

    A clone that was cut before them skips; one with all of its history fails under CI=true.
    """
    behind = ["tag", "--list", "v*", "--merged", "HEAD", "--no-contains", "HEAD", "--sort=-version:refname"]
    tags = (git(*behind, root=root) or b"").decode().split()
    found = tags or [commit for commit in commits.values() if is_behind(commit, root=root)]
    if found:
        return found[0]
    if in_ci() and git("rev-parse", "--is-shallow-repository", root=root) != b"true\n":
        pytest.fail(NO_RELEASE)
    pytest.skip(NO_RELEASE)


def is_behind(commit: str, *, root: Path) -> bool:
    return git("merge-base", "--is-ancestor", commit, "HEAD~1", root=root) is not None


def unpack_release(release: str, folder: Path) -> Path:
    """Its source, in `folder`. `release` is a tag or a commit."""
    archive = git("archive", "--format=tar", release)
    assert archive is not None
    with tarfile.open(fileobj=BytesIO(archive)) as tar:
        tar.extractall(folder)  # noqa: S202 - made by git just now
    return folder
