"""Where the protocol's state machine plays: two exchanges on one database, a layer that may be deaf, two counsellors.

The second hub stands for a second process. Both live in one event loop that runs only when it is told to, so that
a step of the machine costs a few milliseconds.
"""

from __future__ import annotations

import asyncio
import contextlib
import sqlite3
from collections.abc import Callable, Coroutine, Iterator
from typing import Any, TypeVar

from channels.layers import InMemoryChannelLayer, channel_layers
from django.conf import settings
from django.db import connection, connections

from benchmarks.stage.conversations import session_of
from counsellor.models import Counsellor, Membership, SecondFactor
from intake.delivery import hub as exchange
from intake.delivery.hub import Hub
from tests.people import make_counsellor, make_helpline

Result = TypeVar("Result")

WINDOW = 5
SETTLE_SECONDS = 10.0
LOCKED_MILLISECONDS = 30


class FaultyLayer(InMemoryChannelLayer):
    """While `deaf`, it takes everything and hands on nothing, as Redis does after a restart."""

    deaf = False

    async def group_send(self, group: str, message: dict[str, Any]) -> None:
        if not self.deaf:
            await super().group_send(group, message)


class World:
    """One for a run; each example opens conversations of its own in it."""

    def __init__(self) -> None:
        self.loop = asyncio.new_event_loop()
        self.layer = FaultyLayer()
        self.troubled = False
        self.hubs: list[Hub] = []
        self.helpline = make_helpline("modell", "Modell")
        self.staff = [self._employ(name) for name in ("modell-kari", "modell-ola")]
        self.sessions = [session_of(one, SecondFactor.objects.get(user=one)) for one in self.staff]

    def _employ(self, name: str) -> Counsellor:
        return make_counsellor(name, name.title(), (self.helpline, Membership.Role.COUNSELLOR))

    def cookies(self, person: int) -> dict[str, str]:
        return {settings.SESSION_COOKIE_NAME: self.sessions[person]}

    # -- running --------------------------------------------------------------------------------------------
    def run(self, work: Coroutine[Any, Any, Result]) -> Result:
        return self.loop.run_until_complete(work)

    def spin(self, turns: int) -> None:
        """Let the loop turn so many times: whatever is under way comes that much further, and no more."""

        async def turn() -> None:
            for _ in range(turns):
                await asyncio.sleep(0)

        self.run(turn())

    def run_until(
        self, reached: Callable[[], bool], *, nudge: Callable[[], None] = lambda: None, seconds: float = SETTLE_SECONDS
    ) -> bool:
        """Run until `reached`; every tenth of a second `nudge` again. False at the deadline."""

        async def wait() -> bool:
            began_at = nudged_at = self.loop.time()
            nudge()
            while not reached():
                now = self.loop.time()
                if now - began_at > seconds:
                    return False
                if now - nudged_at > 0.1:
                    nudged_at = now
                    nudge()
                await asyncio.sleep(0.0005)
            return True

        return self.run(wait())

    def start(self) -> None:
        self.hubs = [self.run(_started_hub()) for _ in range(2)]

    def restart(self, number: int) -> None:
        """The process goes and comes again, with nothing in its memory. Its sockets must have been let go of."""
        self.run(self.hubs[number].stop())
        self.hubs[number] = self.run(_started_hub())

    def stop(self) -> None:
        for hub in self.hubs:
            self.run(hub.stop())
        self.run(self.loop.shutdown_asyncgens())
        self.loop.close()

    def tick(self) -> None:
        """The pull of last resort, now, in both exchanges. From inside the loop."""
        for hub in self.hubs:
            hub.tick.look_at(list(hub.feeds))

    # -- faults ---------------------------------------------------------------------------------------------
    def idle(self) -> bool:
        """Whether no exchange has anything left to write."""
        return all(hub.writer._running is None for hub in self.hubs)

    @contextlib.contextmanager
    def refusing_database(self) -> Iterator[None]:
        """Everything that is written meanwhile fails: a locked file, or connections cut by the server."""
        if connection.vendor == "sqlite":
            with _locked_file():
                yield
        else:
            self.cut_connections()
            yield

    def cut_connections(self) -> None:
        """Every connection but the test's own is terminated by PostgreSQL, in the middle of whatever it does."""
        connections["keys"].close()
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                " WHERE usename = current_user AND backend_type = 'client backend' AND pid <> pg_backend_pid()"
            )

    def heal(self) -> None:
        """Every thread of the exchanges takes new connections, so that the next example finds no dead ones."""

        async def renew(hub: Hub) -> None:
            grouped = (hub.writer, hub._reader, hub._finder, hub.tick.watcher)
            for thread in (hub.thread, *(one._thread for one in grouped)):
                await thread.run(connections.close_all)

        for hub in self.hubs:
            self.run(renew(hub))
        self.troubled = False


async def _started_hub() -> Hub:
    hub = Hub()
    await hub.start()
    return hub


@contextlib.contextmanager
def _locked_file() -> Iterator[None]:
    path = connections["default"].settings_dict["NAME"]
    with contextlib.closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        try:
            yield
        finally:
            other.execute("ROLLBACK")


@contextlib.contextmanager
def running_world() -> Iterator[World]:
    """A world with both exchanges started. Tests' databases must be there; the settings are put back afterwards."""
    before = {name: getattr(settings, name) for name in ("WINDOW_MESSAGES", "MESSAGE_BURST", "MESSAGES_PER_SECOND")}
    options = {alias: dict(connections[alias].settings_dict["OPTIONS"]) for alias in connections}
    settings.WINDOW_MESSAGES, settings.MESSAGE_BURST, settings.MESSAGES_PER_SECOND = WINDOW, 1_000_000, 1_000_000.0
    world = World()
    kept_layers, kept_hub = dict(channel_layers.backends), exchange._hub
    channel_layers.set("default", world.layer)
    _be_impatient()
    try:
        world.start()
        yield world
    finally:
        world.stop()
        exchange._hub = kept_hub
        channel_layers.backends = kept_layers
        connections.close_all()
        for alias, found in options.items():
            connections[alias].settings_dict["OPTIONS"].update(found)
            # Connections that the world's faults have cut while they waited in a pool are not for the next test.
            pool = getattr(connections[alias], "pool", None)
            if pool is not None and not pool.closed:
                pool.check()
        for name, value in before.items():
            setattr(settings, name, value)


def _be_impatient() -> None:
    """A locked file is given up after 30 ms by the exchanges, and a cut connection is not waited for in a pool."""
    for alias in connections:
        connections[alias].ensure_connection()  # the test's own waits as ever
        options = connections[alias].settings_dict["OPTIONS"]
        if connections[alias].vendor == "sqlite":
            options["init_command"] = options["init_command"].replace(
                "busy_timeout=10000", f"busy_timeout={LOCKED_MILLISECONDS}"
            )
        elif "pool" in options:
            connections[alias].close()
            del options["pool"]
