"""What the web processes say of themselves, and what they weigh, while something is broken."""

from __future__ import annotations

import asyncio
import contextlib
import json
import time
import urllib.error
import urllib.request
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

from tests.faults.fault import Scene
from tests.faults.load import LOOK_SECONDS, wait_for
from tests.web import Web

ASK_SECONDS = 3.0
PAGE_SECONDS = 12.0
GROWN_MEGABYTES = 20.0
"""By so much may all web processes grow together while something is broken."""


def readiness(web: Web) -> dict[str, Any]:
    """What /readyz answers, with its `status` and how many `seconds` it took; status 0 when it does not."""
    began_at = time.monotonic()
    try:
        with urllib.request.urlopen(f"{web.address}/readyz", timeout=ASK_SECONDS) as answer:
            status, told = answer.status, answer.read()
    except urllib.error.HTTPError as refusal:
        status, told = refusal.code, refusal.read()
    except OSError:
        status, told = 0, b"{}"
    return {**json.loads(told), "status": status, "seconds": time.monotonic() - began_at}


def page(web: Web, path: str) -> tuple[int, str | None]:
    """Status and Retry-After of a page; status 0 when there is none in time."""
    try:
        with urllib.request.urlopen(f"{web.address}{path}", timeout=PAGE_SECONDS) as answer:
            return answer.status, answer.headers["Retry-After"]
    except urllib.error.HTTPError as refusal:
        return refusal.code, refusal.headers["Retry-After"]
    except OSError:
        return 0, None


async def expect_pages(scene: Scene, *, status: int, retry: bool) -> None:
    """The helplines' page of every process says so."""
    for web in scene.stage.webs:
        told, wait = await asyncio.to_thread(page, web, "/")
        if (told, wait is not None) != (status, retry):
            scene.fail(f"a page answered {told}, and not {status}")


async def expect_readiness(scene: Scene, *, seconds: float, **expected: object) -> None:
    """Every process comes to say so within these seconds; otherwise the scene has failed."""
    deadline = time.monotonic() + seconds
    for web in scene.stage.webs:
        told: dict[str, Any] = {}
        while time.monotonic() < deadline or not told:
            told = await asyncio.to_thread(readiness, web)
            if expected.items() <= told.items():
                break
            await asyncio.sleep(LOOK_SECONDS)
        else:
            scene.fail(f"/readyz said {told}, and not {expected} within {seconds:.0f} s")
            return


def resident_megabytes(pid: int) -> float:
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) / 1024
    return 0.0


def weight(scene: Scene) -> float:
    """Megabytes of all web processes together."""
    return sum(resident_megabytes(web.pid) for web in scene.stage.webs)


@contextlib.asynccontextmanager
async def weighed(scene: Scene) -> AsyncIterator[None]:
    """The web processes may not grow too much during the block."""
    before = weight(scene)
    yield
    judge_growth(scene, weight(scene) - before)


def judge_growth(scene: Scene, grown: float) -> None:
    scene.notes["grown MB"] = f"{max(grown, float(scene.notes.get('grown MB', 0))):.0f}"
    if grown > GROWN_MEGABYTES:
        scene.fail(f"the servers grew by {grown:.0f} MB together, and may by {GROWN_MEGABYTES:.0f} MB")


def refusals(scene: Scene, code: str) -> int:
    """How often all parties were told this code, so far."""
    return sum(party.late_errors.get(code, 0) for party in scene.load.parties)


async def expect_refusals(scene: Scene, code: str, *, more_than: int, seconds: float) -> None:
    """Somebody is told so: nobody may be left without an answer."""
    try:
        await wait_for(lambda: refusals(scene, code) > more_than, seconds=seconds, what=f"the answer `{code}`")
    except TimeoutError as late:
        scene.fail(str(late))
