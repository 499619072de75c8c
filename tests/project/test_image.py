"""The image that docker-compose.yml builds: what goes into it, and that its commands find it there."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Iterable, Mapping
from pathlib import Path

import pytest

from scripts.machine import ROOT
from tests.project.leak_places import backup_contents
from tests.project.production import compose

pytestmark = pytest.mark.once


def test_image_has_what_runs_and_no_more() -> None:
    allowed = {line[1:] for line in (ROOT / ".dockerignore").read_text().splitlines() if line.startswith("!")}

    assert {
        "chatline",
        "counsellor",
        "stats",
        "intake",
        "templates",
        "static",
        "manage.py",
        "pyproject.toml",
        "deploy/logging.json",
    } < allowed
    assert [path for path in allowed if not (ROOT / path).exists()] == []
    assert {"tests", "deploy/secrets", "deploy", "var", ".git"} & allowed == set()


def image_steps() -> list[str]:
    """The commands of the Dockerfile after the source has been copied, in the stage that builds."""
    stage = (ROOT / "Dockerfile").read_text().partition("COPY . .")[2].partition("\nFROM ")[0]
    runs = re.findall(r"^RUN ((?:.*\\\n)*.*)$", stage, flags=re.MULTILINE)
    return [step.strip() for run in runs for step in run.replace("\\\n", " ").split("&&")]


@pytest.fixture(scope="module")
def image(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What lies in the image's /srv, built by its own commands. The packages are those of these tests."""
    srv = tmp_path_factory.mktemp("srv")
    source = srv / "chatline"
    allowed = [line[1:] for line in (ROOT / ".dockerignore").read_text().splitlines() if line.startswith("!")]
    for name in allowed:
        (source / name).parent.mkdir(parents=True, exist_ok=True)
        if (ROOT / name).is_dir():
            shutil.copytree(ROOT / name, source / name, ignore=shutil.ignore_patterns("__pycache__", "*.mo"))
        else:
            shutil.copy(ROOT / name, source / name)
    for step in image_steps():
        if not step.startswith("pip "):
            run_in_image(srv, "sh", "-c", step)
    return srv


def run_in_image(srv: Path, *command: str, given: Mapping[str, str] | None = None) -> str:
    """What a command prints with the image's environment, which holds no secret, and what it is `given` besides."""
    path = f"{Path(sys.executable).parent}:/usr/bin:/bin"
    settings = {"DJANGO_SETTINGS_MODULE": "chatline.settings"}
    environment = {
        **settings,
        "PATH": path,
        "CHATLINE_STATIC_ROOT": str(srv / "static"),
        "CHATLINE_DATA_DIR": "/nowhere",
        **(given or {}),
    }
    answer = subprocess.run(command, cwd=srv / "chatline", env=environment, capture_output=True, text=True, check=False)
    assert answer.returncode == 0, answer.stderr[-3000:]
    return answer.stdout


def test_image_is_built_with_its_files_and_texts(image: Path) -> None:
    catalogues = {path.with_suffix("") for path in image.rglob("*.po")}

    assert len(image_steps()) >= 3
    assert (image / "static" / "staticfiles.json").exists()
    assert catalogues
    assert {path for path in catalogues if not path.with_suffix(".mo").exists()} == set()
    assert not (image / "chatline" / "scripts").exists()


def test_image_holds_what_its_commands_import(image: Path) -> None:
    run_in_image(
        image, "python", "-c", "import django; django.setup(); import chatline.asgi, chatline.serving.web_protocol"
    )
    commands = run_in_image(image, "python", "manage.py", "help", "--commands").split()

    assert {"migrate", "housekeeping", "backup", "restore", "check", "createsuperuser"} <= set(commands)


def test_image_makes_a_backup_that_says_its_version(image: Path, tmp_path: Path) -> None:
    given = {"CHATLINE_DATA_DIR": str(tmp_path)}
    (tmp_path / "backups").mkdir()
    run_in_image(image, "python", "manage.py", "create_keys", given=given)
    for alias in ("default", "keys"):
        run_in_image(image, "python", "manage.py", "migrate", "--no-input", "--database", alias, given=given)

    run_in_image(image, "python", "manage.py", "backup", str(tmp_path / "backups"), given=given)

    (written,) = (tmp_path / "backups").iterdir()
    manifest = json.loads(backup_contents(written)["backup manifest.json"])
    project = tomllib.loads((image / "chatline" / "pyproject.toml").read_text())["project"]
    assert manifest["chatline"] == project["version"]


# How a release of each is written whole; a part of it floats from one to the next.
RELEASES = {
    "python": r"3\.\d+\.\d+-slim-bookworm",
    "caddy": r"\d+\.\d+\.\d+",
    "redis": r"\d+\.\d+\.\d+-bookworm",
    "postgres": r"\d+\.\d+-bookworm",
    "debian": r"bookworm-\d{8}-slim",
}


def floating(images: Iterable[str]) -> list[str]:
    """Those that are not one release, with or without its digest."""
    found = []
    for image in images:
        name, _, tag = image.partition("@")[0].rpartition(":")
        if not re.fullmatch(RELEASES.get(name, "never"), tag):
            found.append(image)
    return found


def bases_of(dockerfile: str) -> list[str]:
    return re.findall(r"^FROM (\S+)", (ROOT / dockerfile).read_text(), flags=re.MULTILINE)


def test_no_image_floats() -> None:
    taken = {service["image"] for service in compose()["services"].values() if "build" not in service}
    bases = {base for dockerfile in ("Dockerfile", "deploy/onion/Dockerfile") for base in bases_of(dockerfile)}

    assert {image.partition(":")[0] for image in taken | bases} == set(RELEASES)
    assert floating(taken | bases) == []


@pytest.mark.parametrize(
    "image",
    ["caddy", "caddy:2", "caddy:2.10", "redis:latest", "postgres:15-bookworm", "python:3.11-slim-bookworm", "x:1"],
)
def test_image_that_floats_is_found(image: str) -> None:
    assert floating([image, "postgres:15.14-bookworm@sha256:" + "0" * 64]) == [image]


def test_image_has_the_python_of_the_locks() -> None:
    (locked,) = set(re.findall(r"pip-compile with Python (\S+)", (ROOT / "requirements.txt").read_text()))

    assert {base.partition(":")[2].rpartition(".")[0] for base in bases_of("Dockerfile")} == {locked}


def test_image_runs_as_nobody_and_from_locked_packages() -> None:
    text = (ROOT / "Dockerfile").read_text()

    assert "pip install --require-hashes" in text
    assert re.findall(r"^USER (\S+)", text, flags=re.MULTILINE)[-1] == "10001:10001"
