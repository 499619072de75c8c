from __future__ import annotations

import subprocess
import tomllib
from pathlib import Path

import pytest
from _pytest.outcomes import Failed, Skipped

from tests.project.releases import COMMITS, NO_RELEASE, git, previous_release

pytestmark = pytest.mark.once


def run_git(root: Path, *arguments: str) -> str:
    who = ["-c", "user.name=Kari", "-c", "user.email=kari@example.no"]
    return subprocess.run(["git", *who, *arguments], cwd=root, check=True, capture_output=True, text=True).stdout


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    """A repository with two commits and no tag."""
    run_git(tmp_path, "init", "--quiet")
    for number in (1, 2):
        run_git(tmp_path, "commit", "--quiet", "--allow-empty", "--message", f"Change {number}.")
    return tmp_path


def test_newest_tag_behind_this_commit_is_the_previous_release(clone: Path) -> None:
    run_git(clone, "tag", "v0.9.0", "HEAD~1")
    run_git(clone, "tag", "v0.10.0", "HEAD~1")
    run_git(clone, "tag", "v0.11.0", "HEAD")

    assert previous_release(root=clone) == "v0.10.0"


def test_clone_without_tags_is_told_what_to_do(clone: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CI", raising=False)

    with pytest.raises(Skipped, match=NO_RELEASE):
        previous_release(root=clone, commits={})


def test_clone_without_tags_fails_under_ci(clone: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CI", "true")

    with pytest.raises(Failed, match=NO_RELEASE):
        previous_release(root=clone, commits={})


def test_clone_without_tags_has_its_releases_by_their_commits(clone: Path) -> None:
    newest, older = run_git(clone, "log", "--format=%H").split()

    assert previous_release(root=clone, commits={"v0.10.0": "0" * 40, "v0.9.0": older}) == older
    with pytest.raises((Failed, Skipped)):
        previous_release(root=clone, commits={"v0.9.0": newest})


def test_clone_that_was_cut_skips_under_ci(clone: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CI", "true")
    run_git(tmp_path, "clone", "--quiet", "--depth", "1", clone.as_uri(), "cut")

    with pytest.raises(Skipped, match=NO_RELEASE):
        previous_release(root=tmp_path / "cut", commits={})


def test_every_release_is_recorded_by_its_commit() -> None:
    if git("rev-parse", "--is-shallow-repository") != b"false\n":
        pytest.skip("This clone was cut, or is none.")
    tags = (git("tag", "--list", "v*") or b"").decode().split()

    for tag in tags:
        assert COMMITS.get(tag) == (git("rev-parse", f"{tag}^{{commit}}") or b"").decode().strip()
    for release, commit in COMMITS.items():
        project = tomllib.loads((git("show", f"{commit}:pyproject.toml") or b"").decode())
        assert f"v{project['project']['version']}" == release
