"""Packets that are lost on the way. Nobody is told; a connection that is dead looks like one where nothing is said."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Sequence
from typing import Any

from tests.faults.fault import Fault, Inject, Scene
from tests.faults.hosts import NEEDS, Host
from tests.faults.kinds.redis_away import DEAF_SECONDS, LATE_SECONDS, expect_deafness, expect_hearing, redis_of
from tests.faults.means import NETWORKS
from tests.faults.stage import Stage
from tests.lines import lines_to

CUT_SECONDS = 15.0
REDIS_CUT_SECONDS = 60.0
"""Longer than the 45 s after which redis-py's keepalive would give up a line."""
LINES = 3
"""To listen, to tell, and to tell while nobody listens."""
FLAPS = 10
FLAP_SECONDS = 1.0


def clients_ports(stage: Stage) -> list[int]:
    return [web.port for web in stage.webs]


def database_ports(stage: Stage) -> list[int]:
    assert stage.postgres is not None
    return [stage.postgres.port]


def servers_ports(stage: Stage) -> list[int]:
    assert stage.servers is not None
    return [stage.servers.postgres.port, stage.servers.key_store.port, stage.servers.redis.port]


async def cut_for_a_while(
    scene: Scene, hosts: Sequence[Host], ports: list[int], *, seconds: float = CUT_SECONDS, **ways: bool
) -> None:
    for host in hosts:
        await scene.do(lambda host=host: host.cut(*ports, **ways))  # type: ignore[misc]
    await asyncio.sleep(seconds)
    for host in hosts:
        await scene.do(host.heal)


async def clients_cut_off(scene: Scene) -> None:
    """As in a tunnel, all of them."""
    await cut_for_a_while(scene, scene.stage.hosts, clients_ports(scene.stage))


async def clients_heard_but_not_answered(scene: Scene) -> None:
    """One direction only, now this one and now that: what is said arrives, and the answer does not."""
    to_host = scene.turn % 2 == 0
    ports = clients_ports(scene.stage)
    await cut_for_a_while(scene, scene.stage.hosts, ports, to_host=to_host, from_host=not to_host)


async def one_server_cut_off(scene: Scene) -> None:
    """From its clients only: it goes on working, and nobody hears of it. They may come back to the other."""
    await cut_for_a_while(scene, [random.choice(scene.stage.hosts)], clients_ports(scene.stage))


async def database_cut_off(scene: Scene) -> None:
    await cut_for_a_while(scene, scene.stage.hosts, database_ports(scene.stage))


async def database_cut_off_from_one(scene: Scene) -> None:
    await cut_for_a_while(scene, [random.choice(scene.stage.hosts)], database_ports(scene.stage))


async def redis_cut_off(scene: Scene) -> None:
    """For so long that a line which nobody closes would be given up by the system."""
    cut = cut_for_a_while(scene, scene.stage.hosts, [redis_of(scene).port], seconds=REDIS_CUT_SECONDS)
    await asyncio.gather(cut, expect_deafness(scene, seconds=DEAF_SECONDS))
    scene.healed()
    await expect_hearing(scene)
    for web in scene.stage.webs:
        if (lines := len(lines_to(redis_of(scene).port, pid=web.pid))) > LINES:
            scene.fail(f"a process has {lines} lines to Redis, and needs {LINES}")


def flapping(*parts: str) -> Inject:
    """A loose cable: a second without, a second with."""

    async def flap(scene: Scene) -> None:
        ports = clients_ports(scene.stage) if "clients" in parts else []
        ports += servers_ports(scene.stage) if "servers" in parts else []
        for _ in range(FLAPS):
            for host in scene.stage.hosts:
                await scene.do(lambda host=host: host.cut(*ports))  # type: ignore[misc]
            await asyncio.sleep(FLAP_SECONDS)
            for host in scene.stage.hosts:
                await scene.do(host.heal)
            scene.healed()
            await asyncio.sleep(FLAP_SECONDS)

    return flap


def networked(name: str, inject: Inject, **more: Any) -> Fault:
    return Fault(name, inject, networked=True, needs=(NETWORKS, *NEEDS), **more)


FAULTS = [
    networked("clients cut off", clients_cut_off, short=True),
    networked("clients cut off one way", clients_heard_but_not_answered),
    networked("clients cut off from one server", one_server_cut_off, waits=True),
    networked("clients' network flaps", flapping("clients")),
    networked("database cut off", database_cut_off, short=True, waits=True),
    networked("database cut off from one server", database_cut_off_from_one, waits=True),
    # Until the processes hear Redis again, the tick delivers.
    networked("servers' network flaps", flapping("servers"), calm_late_seconds=LATE_SECONDS),
    networked(
        "Redis cut off",
        redis_cut_off,
        late_seconds=LATE_SECONDS,
        calm_late_seconds=LATE_SECONDS,
        per_second=100,
        waits=True,
    ),
]
