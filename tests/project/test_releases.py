from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from _pytest.outcomes import Failed, Skipped

from tests.project.releases import NO_TAGS, previous_release

pytestmark = pytest.mark.once


def git(root: Path, *arguments: str) -> None:
    who = ["-c", "user.name=Kari", "-c", "user.email=kari@example.no"]
    subprocess.run(["git", *who, *arguments], cwd=root, check=True, capture_output=True)


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    """A repository with two commits and no tag."""
    git(tmp_path, "init", "--quiet")
    for number in (1, 2):
        git(tmp_path, "commit", "--quiet", "--allow-empty", "--message", f"Change {number}.")
    return tmp_path


def test_newest_tag_behind_this_commit_is_the_previous_release(clone: Path) -> None:
    git(clone, "tag", "v0.9.0", "HEAD~1")
    git(clone, "tag", "v0.10.0", "HEAD~1")
    git(clone, "tag", "v0.11.0", "HEAD")

    assert previous_release(root=clone) == "v0.10.0"


def test_clone_without_tags_is_told_what_to_do(clone: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CI", raising=False)

    with pytest.raises(Skipped, match=NO_TAGS):
        previous_release(root=clone)


def test_clone_without_tags_fails_under_ci(clone: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CI", "true")

    with pytest.raises(Failed, match=NO_TAGS):
        previous_release(root=clone)
