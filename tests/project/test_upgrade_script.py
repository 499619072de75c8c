"""deploy/upgrade itself, with a program in the place of docker-compose that only writes down how it was called."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from scripts.machine import ROOT

pytestmark = pytest.mark.once


class Tree:
    """A source tree that has been installed, and the calls of its docker-compose."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.secrets = folder / "deploy" / "secrets"
        self.log = folder / "calls"
        (folder / "deploy").mkdir()
        for name in ("upgrade", "make-secrets", "Caddyfile"):
            shutil.copy(ROOT / "deploy" / name, folder / "deploy" / name)
        # What the proxy was shown when it began.
        self.shown = folder / "shown"
        shutil.copy(ROOT / "deploy" / "Caddyfile", self.shown)
        self.services = folder / "services"
        self.services.write_text("proxy\nweb-b\nhousekeeping\nweb-a\n")
        self.program = folder / "compose"
        answers = f"*Caddyfile) cat {self.shown} ;; 'config --services') cat {self.services} ;;"
        self.program.write_text(f'#!/bin/sh\necho "$@" >> {self.log}\ncase "$*" in {answers} esac\n')
        self.program.chmod(0o755)

    def run(self, name: str) -> subprocess.CompletedProcess[str]:
        environment = {**os.environ, "COMPOSE": str(self.program)}
        command = [str(self.folder / "deploy" / name)]
        return subprocess.run(command, env=environment, capture_output=True, text=True, check=False)

    def calls(self) -> list[str]:
        return self.log.read_text().splitlines() if self.log.exists() else []


@pytest.fixture
def tree(tmp_path: Path) -> Tree:
    found = Tree(tmp_path)
    assert found.run("make-secrets").returncode == 0
    return found


def test_upgrade_restarts_one_web_process_after_the_other_and_then_the_proxy(tree: Tree) -> None:
    answer = tree.run("upgrade")

    assert answer.returncode == 0, answer.stderr
    assert [" ".join(line.split()[:4]) for line in tree.calls()] == [
        "config --services",
        "build",
        "run --rm migrate",
        "up -d --no-deps web-a",
        "exec -T web-a python",
        "up -d --no-deps web-b",
        "exec -T web-b python",
        "up -d --no-deps housekeeping",
        "exec -T proxy cat",
        "up -d --no-deps proxy",
    ]


def test_upgrade_restarts_every_web_process_that_the_compose_file_names(tree: Tree) -> None:
    tree.services.write_text("web-c\nweb-a\nproxy\nweb-b\nmy-web-d\n")

    assert tree.run("upgrade").returncode == 0
    restarted = [call.split()[-1] for call in tree.calls() if call.startswith("up -d --no-deps web-")]
    assert restarted == ["web-a", "web-b", "web-c"]


def test_upgrade_without_a_web_process_to_restart_changes_nothing(tree: Tree) -> None:
    tree.services.write_text("proxy\n")

    answer = tree.run("upgrade")

    assert (answer.returncode, tree.calls()) == (1, ["config --services"])
    assert "Nothing was changed" in answer.stderr


def test_upgrade_that_cannot_read_the_compose_file_changes_nothing(tree: Tree) -> None:
    tree.services.unlink()

    assert tree.run("upgrade").returncode == 1
    assert tree.calls() == ["config --services"]


def test_upgrade_makes_the_proxy_anew_for_another_caddyfile(tree: Tree) -> None:
    tree.shown.write_text("an earlier one\n")

    assert tree.run("upgrade").returncode == 0
    assert tree.calls()[-1] == "up -d --no-deps --force-recreate proxy"


@pytest.mark.parametrize("damage", ["missing", "empty"])
def test_upgrade_without_the_master_key_refuses_and_makes_none(tree: Tree, damage: str) -> None:
    master_key = tree.secrets / "master_key"
    master_key.unlink()
    if damage == "empty":
        master_key.touch()
    before = {path.name: path.read_bytes() for path in tree.secrets.iterdir()}

    answer = tree.run("upgrade")

    assert answer.returncode == 1
    assert "Put your copy back" in answer.stderr
    assert '"The master key is lost"' in answer.stderr
    assert tree.calls() == []
    assert {path.name: path.read_bytes() for path in tree.secrets.iterdir()} == before


def test_upgrade_before_any_secret_was_made_refuses(tree: Tree) -> None:
    shutil.rmtree(tree.secrets)

    assert tree.run("upgrade").returncode == 1
    assert not tree.secrets.exists()
    assert tree.calls() == []


def test_upgrade_makes_the_secret_that_a_new_release_brings(tree: Tree) -> None:
    (tree.secrets / "metrics_token").unlink()

    assert tree.run("upgrade").returncode == 0
    assert (tree.secrets / "metrics_token").stat().st_size > 0
