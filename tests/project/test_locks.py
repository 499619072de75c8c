"""The lock files name every release by its hash, and no host."""

from __future__ import annotations

import json
import re

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from scripts.machine import ROOT

LOCKS = ["requirements.txt", "requirements-dev.txt", "requirements-servers.txt"]
HASH = re.compile(r"--hash=sha256:[0-9a-f]{64}(?= |$)")

pytestmark = pytest.mark.once


def locked(name: str) -> dict[str, str]:
    """Requirement lines by project name, each with its hashes on one line."""
    text = (ROOT / name).read_text().replace("\\\n", " ")
    lines = [line for line in text.splitlines() if line.strip() and not line.lstrip().startswith("#")]
    return {canonicalize_name(re.split(r"[=\[; ]", line)[0]): line for line in lines}


def wanted(name: str) -> list[Requirement]:
    lines = (ROOT / name).read_text().splitlines()
    return [Requirement(line.split(" #")[0]) for line in lines if line and not line.startswith(("#", "-"))]


@pytest.mark.parametrize("name", LOCKS)
def test_every_requirement_has_one_version_and_hashes(name: str) -> None:
    lines = locked(name)

    assert len(lines) > 5
    assert [
        line for line in lines.values() if not re.match(r"^[A-Za-z0-9._-]+==\S+", line) or not HASH.search(line)
    ] == []


@pytest.mark.parametrize("name", [*LOCKS, "package-lock.json"])
def test_no_host_is_named(name: str) -> None:
    text = (ROOT / name).read_text()

    assert (
        re.findall(
            r"https?:|git\+|--(?:extra-)?index-url|--find-links|--trusted-host|\"resolved\"|\.(?:org|com|net|io)\b",
            text,
        )
        == []
    )


@pytest.mark.parametrize("name", LOCKS)
def test_lock_satisfies_what_is_asked_for(name: str) -> None:
    lines = locked(name)

    for requirement in wanted(name.replace(".txt", ".in")):
        version = lines[canonicalize_name(requirement.name)].split("==")[1].split()[0]
        assert requirement.specifier.contains(version), requirement


@pytest.mark.parametrize("name", LOCKS[1:])
def test_tests_run_on_the_versions_that_run(name: str) -> None:
    runtime, other = locked("requirements.txt"), locked(name)

    def version(line: str) -> str:
        return line.split("==")[1].split()[0]

    shared = runtime.keys() & other.keys()
    assert {project: version(runtime[project]) for project in shared} == {
        project: version(other[project]) for project in shared
    }
    assert name != "requirements-dev.txt" or shared == runtime.keys()


def test_node_packages_are_locked_by_integrity() -> None:
    packages = json.loads((ROOT / "package-lock.json").read_text())["packages"]

    assert [
        name for name, package in packages.items() if name and not package.get("integrity", "").startswith("sha512-")
    ] == []
