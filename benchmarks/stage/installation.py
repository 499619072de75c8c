"""An installation to measure: PostgreSQL that writes through to the disk, Redis, keys, tables. Gone afterwards."""

from __future__ import annotations

import contextlib
import os
import resource
import signal
import tempfile
from collections.abc import Iterator
from pathlib import Path

import django

from scripts.development import installation_environment, prepare
from tests.servers import running_postgres, running_redis

# Every check stays on; only the limit that a person cannot reach is out of the way.
RAISED_LIMITS = {"CHATLINE_MESSAGE_BURST": "1000000", "CHATLINE_MESSAGES_PER_SECOND": "1000000"}


@contextlib.contextmanager
def installation(**environment: str) -> Iterator[None]:
    """Servers and databases of its own; what is set in the environment names no other ones. Raises `Missing`."""
    allow_open_files()
    with (
        tempfile.TemporaryDirectory(prefix="chatline-bench-") as folder,
        running_postgres(durable=True) as postgres,
        running_redis() as redis_url,
    ):
        os.environ |= {**postgres.environment(), "REDIS_URL": redis_url, "CHATLINE_DEMO": "1", **environment}
        os.environ["DJANGO_SETTINGS_MODULE"] = "chatline.settings"
        os.environ |= installation_environment(Path(folder))
        prepare(Path(folder), dict(os.environ))
        django.setup()
        try:
            yield
        finally:
            from django.db import connections

            for connection in connections.all():
                connection.close()
                connection.close_pool()  # type: ignore[attr-defined]  # PostgreSQL's has one


def stop_as_by_hand() -> None:
    """SIGTERM as Ctrl-C, the one interruption that passes through uvloop: the servers are stopped either way."""
    signal.signal(signal.SIGTERM, lambda number, frame: signal.raise_signal(signal.SIGINT))


def allow_open_files() -> None:
    """As many as the machine lets us have: every socket is one, here and in the server, which inherits this."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
