"""What every test stands on: files of its own, both databases, and a master key that nobody else has."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NoReturn

import pytest

from scripts.machine import Missing, in_ci
from tests.servers import PostgresAddresses, PostgresCluster, running_cluster, running_redis
from tests.web import Installation

MakeDemo = Callable[..., Installation]

# The people of the tests: visitor, other_visitor, counsellor, other_counsellor, coordinator, stranger.
pytest_plugins = ["tests.people"] if importlib.util.find_spec("tests.people") else []


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """A test that touches the database may touch both: text and keys are never far from each other."""
    for item in items:
        if isinstance(item, pytest.Function) and uses_database(item):
            mark = item.get_closest_marker("django_db")
            options = dict(mark.kwargs) if mark else {}
            options.setdefault("databases", ["default", "keys"])
            if {"transactional_db", "live_server"} & set(item.fixturenames):
                options["transaction"] = True
            item.add_marker(pytest.mark.django_db(**options), append=False)
            require_transaction(item, options)


def uses_database(item: pytest.Function) -> bool:
    fixtures = {"db", "transactional_db", "live_server", "django_user_model", "admin_user"}
    return item.get_closest_marker("django_db") is not None or bool(fixtures & set(item.fixturenames))


def require_transaction(item: pytest.Function, options: dict[str, object]) -> None:
    """An async test works on connections of other threads: without this, what it writes leaks into the next test."""
    if item.get_closest_marker("asyncio") and not options.get("transaction"):
        raise pytest.UsageError(f"{item.nodeid}: an async test needs @pytest.mark.django_db(transaction=True)")


@pytest.fixture(scope="session")
def django_db_modify_db_settings(tmp_path_factory: pytest.TempPathFactory) -> None:
    """SQLite in files, as in real life: in memory it has other locks, and threads see other things."""
    from django.db import connections

    folder = tmp_path_factory.mktemp("databases")
    for alias in connections:
        settings = connections[alias].settings_dict
        if settings["ENGINE"].endswith("sqlite3"):
            settings["TEST"]["NAME"] = str(folder / f"{alias}.sqlite3")
            # A test database need not outlive a power cut, and thousands of tests need not wait for the disk.
            options = settings["OPTIONS"]
            options["init_command"] = options["init_command"].replace("synchronous=FULL", "synchronous=OFF")


@pytest.fixture(scope="session", autouse=True)
def own_master_key(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    from django.conf import settings

    from intake.sealing.master_key import create_master_key

    path = tmp_path_factory.mktemp("keys") / "master_key"
    create_master_key(path)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(settings, "MASTER_KEY_FILE", path)
        yield path


@pytest.fixture(scope="session", autouse=True)
def own_static_files(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Static files by their own names: the hashed ones stand in a manifest that `collectstatic` writes."""
    from django.conf import settings

    plain = {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(settings, "STATIC_ROOT", tmp_path_factory.mktemp("static"))
        patch.setattr(settings, "STORAGES", {**settings.STORAGES, "staticfiles": plain})
        yield


@pytest.fixture(autouse=True)
def no_keys_left_over() -> Iterator[None]:
    """The key store keeps keys in memory for a minute; a key of one test must not serve the next."""
    from intake.sealing.key_store import cache

    yield
    cache.clear()


@pytest.fixture(scope="session")
def postgres_cluster() -> Iterator[PostgresCluster]:
    """A PostgreSQL of the tests' own. `new_databases()` gives an installation its two."""
    try:
        with running_cluster() as cluster:
            yield cluster
    except Missing as missing:
        lacking(missing)


@pytest.fixture
def postgres(postgres_cluster: PostgresCluster) -> PostgresAddresses:
    """Two empty databases for this test alone."""
    return postgres_cluster.new_databases()


@pytest.fixture(scope="session")
def demo_on_postgres(postgres_cluster: PostgresCluster, tmp_path_factory: pytest.TempPathFactory) -> MakeDemo:
    """`make(folder, NAME=value ...)`: an installation with the demo's data. It is made once and copied."""
    addresses = postgres_cluster.new_databases()
    original = Installation(tmp_path_factory.mktemp("demo"), addresses.environment())
    original.manage("demo")

    def make(folder: Path, **settings: str) -> Installation:
        copied = postgres_cluster.new_databases(like=addresses)
        return original.copied_to(folder, {**copied.environment(), **settings})

    return make


@pytest.fixture(scope="session")
def redis_url() -> Iterator[str]:
    """A Redis of the tests' own."""
    try:
        with running_redis() as url:
            yield url
    except Missing as missing:
        lacking(missing)


def lacking(missing: Missing) -> NoReturn:
    """What cannot be had is said and skipped on somebody's own machine, and a failure in CI."""
    if in_ci():
        pytest.fail(str(missing))
    pytest.skip(str(missing))
