"""The demo as installations of their own, in files and on PostgreSQL, and commands that are run on them."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import psycopg
import pytest

from scripts.machine import ROOT
from tests.conftest import MakeDemo
from tests.web import Installation, Web

SETTINGS = {"CHATLINE_DRAIN_SECONDS": "0.2", "REDIS_URL": ""}


@pytest.fixture(scope="module")
def sqlite_demo(tmp_path_factory: pytest.TempPathFactory) -> Installation:
    installation = Installation(tmp_path_factory.mktemp("demo"), SETTINGS)
    installation.manage("demo")
    return installation


@pytest.fixture(params=["sqlite", "postgresql"])
def installation(
    request: pytest.FixtureRequest, sqlite_demo: Installation, demo_on_postgres: MakeDemo, tmp_path: Path
) -> Installation:
    """The demo, in files or on PostgreSQL, for this test alone."""
    if request.param == "sqlite":
        return sqlite_demo.copied_to(tmp_path / "data", SETTINGS)
    return demo_on_postgres(tmp_path / "data", **SETTINGS)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "night.chatline"


def manage(
    installation: Installation, *arguments: str, typed: str = "", **settings: str
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "manage.py", *arguments],
        cwd=ROOT,
        env={**installation.environment, **settings},
        input=typed,
        capture_output=True,
        text=True,
        check=False,
    )


def back_up(installation: Installation, file: Path, *options: str) -> None:
    answer = manage(installation, "backup", str(file), *options)
    assert answer.returncode == 0, answer.stderr


def restore(installation: Installation, file: Path, *options: str, **settings: str) -> str:
    answer = manage(installation, "restore", str(file), "--replace", "--yes", *options, **settings)
    assert answer.returncode == 0, answer.stdout + answer.stderr
    return answer.stdout


def refusal(installation: Installation, *arguments: str, typed: str = "") -> str:
    answer = manage(installation, *arguments, typed=typed)
    assert answer.returncode != 0, answer.stdout
    return answer.stderr


def ask(installation: Installation, statement: str, *, alias: str = "default") -> list[Any]:
    """Rows of a statement; what it changes is committed."""
    url = installation.environment.get("KEYS_DATABASE_URL" if alias == "keys" else "DATABASE_URL")
    if url:
        with psycopg.connect(url) as server:
            cursor = server.execute(statement)
            return cursor.fetchall() if cursor.description else []
    path = installation.folder / ("keys.sqlite3" if alias == "keys" else "chatline.sqlite3")
    with closing(sqlite3.connect(path)) as database, database:
        return database.execute(statement).fetchall()


def wrapped_keys(installation: Installation) -> list[bytes]:
    return [bytes(wrapped) for (wrapped,) in ask(installation, "SELECT wrapped FROM sealing_sealkey", alias="keys")]


@pytest.fixture
def web(installation: Installation) -> Iterator[Web]:
    """One web process; a test may stop it and start it again."""
    with installation.running() as (process,):
        yield process
