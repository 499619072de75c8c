"""Ten counsellors press "take" on one visitor in the same moment, over both processes, as their browsers do."""

from __future__ import annotations

import asyncio
import json
import random
from collections import Counter
from dataclasses import dataclass
from itertools import cycle
from typing import Any
from urllib.parse import urlencode

from tests.faults.fault import Fault, Scene
from tests.faults.stage import run_crowd

COUNSELLORS = 10
VISITORS = 70
"""In each injection: three of them are more than two hundred. A small crowd claims fewer."""
PARTIES_PER_VISITOR = 5
TOKEN = "c" * 32
WON, LOST = 200, 409
ANSWER_SECONDS = 20.0


@dataclass(frozen=True)
class Answer:
    status: int
    body: str


class Call:
    """One request over a connection that is open before the request is written, so that ten can leave together."""

    def __init__(
        self, port: int, method: str, path: str, *, cookie: str = "", content: str = "", kind: str = ""
    ) -> None:
        self._port = port
        body = content.encode()
        lines = [f"{method} {path} HTTP/1.1", f"Host: 127.0.0.1:{port}", "Connection: close"]
        lines += [f"Content-Type: {kind}", f"Content-Length: {len(body)}"] if method == "POST" else []
        lines += [f"Cookie: {cookie}", "X-Fragment: 1"] if cookie else []
        self._request = "\r\n".join([*lines, "", ""]).encode() + body

    async def connect(self) -> Call:
        self._reader, self._writer = await asyncio.open_connection("127.0.0.1", self._port)
        return self

    async def answer(self) -> Answer:
        self._writer.write(self._request)
        async with asyncio.timeout(ANSWER_SECONDS):
            text = (await self._reader.read()).decode(errors="replace")
        self._writer.close()
        head, _, body = text.partition("\r\n\r\n")
        return Answer(int(head.split(" ", 2)[1]), body)


async def claim_at_once(scene: Scene) -> None:
    webs = [web.port for web in scene.stage.webs]
    sessions = sorted({entrance.cookie.split(";")[0] for entrance in scene.stage.entrances if entrance.cookie})
    before = await _holders(scene)
    staff: dict[str, str] = before["staff"]
    won: dict[str, str] = {}
    seen: Counter[tuple[int, ...]] = Counter()
    for _ in range(min(VISITORS, len(scene.load.parties) // PARTIES_PER_VISITOR)):
        public_id = await _open(random.choice(webs))
        chosen = random.sample(sessions, COUNSELLORS)
        answers = await _claim(public_id, chosen, webs)
        winners = [staff[session] for session, answer in zip(chosen, answers, strict=True) if answer.status == WON]
        seen[tuple(sorted(answer.status for answer in answers))] += 1
        won[public_id] = winners[0] if winners else "nobody"
    for statuses, times in seen.items():
        if statuses != (WON, *[LOST] * (COUNSELLORS - 1)):
            scene.fail(f"{times} times, ten who claimed one visitor were answered {statuses}")
    _compare(scene, won, before, await _holders(scene))
    await _look_at_queue(scene, won, webs, sessions[0])
    scene.count("claims with one owner each", len(won))


async def _open(port: int) -> str:
    call = Call(port, "POST", "/line/conversations/", content='{"language": "nb"}', kind="application/json")
    answer = await (await call.connect()).answer()
    public_id: str = json.loads(answer.body)["conversation"]
    return public_id


async def _claim(public_id: str, sessions: list[str], webs: list[int]) -> list[Answer]:
    form = urlencode({"csrfmiddlewaretoken": TOKEN})
    path = f"/counsellor/conversations/{public_id}/claim/"
    calls = [
        Call(
            port,
            "POST",
            path,
            cookie=f"{session}; csrf={TOKEN}",
            content=form,
            kind="application/x-www-form-urlencoded",
        )
        for session, port in zip(sessions, cycle(webs), strict=False)
    ]
    await asyncio.gather(*(call.connect() for call in calls))
    return await asyncio.gather(*(call.answer() for call in calls))


async def _holders(scene: Scene) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(await asyncio.to_thread(run_crowd, scene.stage.installation, "holders"))
    return found


async def _look_at_queue(scene: Scene, won: dict[str, str], webs: list[int], cookie: str) -> None:
    for port in webs:
        page = await (await Call(port, "GET", "/counsellor/queue/", cookie=cookie).connect()).answer()
        if page.status != 200 or any(public_id in page.body for public_id in won):
            scene.fail("the queue still shows who was claimed")


def _compare(
    scene: Scene,
    won: dict[str, str],
    before: dict[str, Any],
    after: dict[str, Any],
) -> None:
    """The database, the log of what staff did, and what the counsellors were told must say the same."""
    wrong = [public_id for public_id, winner in won.items() if after["held"].get(public_id) != winner]
    if wrong:
        scene.fail(f"{len(wrong)} visitors have another counsellor than the one who was told so")
    logged = Counter(after["claims"])
    logged.subtract(before["claims"])
    told = Counter(won.values())
    if +logged != told:
        scene.fail(f"the log has {sum(logged.values())} claims, and {sum(told.values())} were told")


FAULTS = [
    Fault(
        "ten claim one visitor", claim_at_once, databases=("postgres", "sqlite"), short=True, per_second=200, replaced=0
    )
]
