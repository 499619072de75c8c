"""Visitors who all come at once, counsellors who claim and answer, and what each of them was told."""

from __future__ import annotations

import argparse
import asyncio
import random
from collections.abc import Sequence
from dataclasses import asdict, dataclass

import uvloop
from asgiref.sync import sync_to_async

from benchmarks.load.answerer import Answerer
from benchmarks.load.caller import CAP, Caller, new_caller
from benchmarks.load.http import device
from benchmarks.load.party import Clock, Party
from benchmarks.load.polls import comes_true
from benchmarks.load.rounds import percentile
from benchmarks.stage.conversations import Staff, make_helpline, make_staff
from benchmarks.stage.server import Server, chatline_command, free_port, serving
from benchmarks.stage.tables import print_counted, print_row
from benchmarks.stage.targets import Target, print_targets, write_findings
from intake.models import Conversation

MOST_REFUSED = 0.001
WELCOMED_WITHIN_SECONDS = 30.0
CHAT_SECONDS = 3.0
SETTLING_SECONDS = 10.0
"""A tick of five seconds, the second's pause between two looks at a queue, and a busy machine."""
MESSAGE_SECONDS = 15.0
BUSY_WITHIN_SECONDS = 20.0


@dataclass
class Rush:
    """What was found. `misplaced`: whose last told place was wrong when all was quiet. `late`: claims that lost."""

    visitors: int
    refused: int
    capped: int
    welcomed: int
    p50_seconds: float
    p99_seconds: float
    slowest_seconds: float
    claimed: int
    late: int
    misplaced: int
    unheard: int
    faults: list[str]

    @property
    def failures(self) -> int:
        return (
            self.refused
            + self.misplaced
            + self.unheard
            + len(self.faults)
            + self.visitors
            - self.capped
            - self.welcomed
        )


def measure_rush(chosen: argparse.Namespace) -> int:
    """Run it, print it. 1 when somebody was refused, misplaced or not heard."""
    helpline = make_helpline()
    staff = [make_staff(helpline, f"counsellor{number}") for number in range(chosen.counsellors)]
    port = free_port()
    with serving(chatline_command(port), port) as server:
        rush = uvloop.run(_rush(server, staff, visitors=chosen.visitors, seconds=chosen.seconds))
    show(rush)
    targets = find_targets(rush, chosen.seconds)
    print_targets(targets)
    write_findings(chosen.json, targets, rush=asdict(rush))
    return 1 if rush.failures else 0


async def _rush(server: Server, staff: Sequence[Staff], *, visitors: int, seconds: float) -> Rush:
    clock = Clock()
    heard: list[asyncio.Future[bool]] = []

    async def answer(answerer: Answerer, party: Party, public_id: str) -> None:
        heard.append(asyncio.ensure_future(greet(party)))
        await asyncio.sleep(CHAT_SECONDS)
        await answerer.submit(f"/counsellor/conversations/{public_id}/end/")

    answerers = [Answerer(one.cookie, one.form_token, clock, answer) for one in staff]
    for answerer in answerers:
        await answerer.start(server.port)
    callers = [new_caller(device(number), clock, helpline="line") for number in range(visitors)]
    await asyncio.gather(*(arrive(caller, server.port, random.uniform(0, seconds)) for caller in callers))
    await until_all_are_busy(answerers)
    for answerer in answerers:
        answerer.most = 0  # nobody new is claimed while the places are compared
    await asyncio.sleep(SETTLING_SECONDS)
    unheard = (await asyncio.gather(*heard)).count(False)
    misplaced = await sync_to_async(count_misplaced)(callers)
    for answerer in answerers:
        await answerer.stop()
    for caller in callers:
        caller.leave()
    return sum_up(callers, answerers, misplaced=misplaced, unheard=unheard)


async def until_all_are_busy(answerers: Sequence[Answerer]) -> None:
    """Until they have claimed as many as they may hold together, or some time has gone by."""
    most = sum(answerer.most for answerer in answerers)
    await comes_true(lambda: sum(answerer.claimed for answerer in answerers) >= most, seconds=BUSY_WITHIN_SECONDS)


async def arrive(caller: Caller, port: int, after_seconds: float) -> None:
    await asyncio.sleep(after_seconds)
    try:
        await caller.arrive(port)
    except (OSError, TimeoutError) as error:
        caller.errors.append(f"arrival: {error!r}")


async def greet(party: Party) -> bool:
    """Whether a greeting was acknowledged, and came back as everybody sees it."""
    party.post()
    return await comes_true(lambda: bool(party.acked.keys() & party.received.keys()), seconds=MESSAGE_SECONDS)


def count_misplaced(callers: Sequence[Caller]) -> int:
    """Whoever waits is told her place among those who wait, in the order of arrival."""
    names = (
        Conversation.objects.filter(state=Conversation.State.WAITING).order_by("pk").values_list("public_id", flat=True)
    )
    places = {str(name): place for place, name in enumerate(names, start=1)}
    return sum(caller.place != places[caller.public_id] for caller in callers if caller.public_id in places)


def sum_up(callers: Sequence[Caller], answerers: Sequence[Answerer], *, misplaced: int, unheard: int) -> Rush:
    seconds = sorted(caller.welcomed_seconds for caller in callers if caller.welcomed_seconds)
    claimed = sum(answerer.claimed for answerer in answerers)
    greeted = sum(bool(caller.received) for caller in callers)
    return Rush(
        visitors=len(callers),
        refused=sum(bool(caller.refused) and caller.refused != CAP for caller in callers),
        capped=sum(caller.refused == CAP for caller in callers),
        welcomed=len(seconds),
        p50_seconds=percentile(seconds, 0.50),
        p99_seconds=percentile(seconds, 0.99),
        slowest_seconds=seconds[-1] if seconds else 0.0,
        claimed=claimed,
        late=sum(answerer.late for answerer in answerers),
        misplaced=misplaced,
        unheard=unheard + max(0, claimed - greeted),
        faults=[fault for one in [*callers] for fault in one.errors] + [f for one in answerers for f in one.faults],
    )


def show(rush: Rush) -> None:
    cells = {
        "visitors": f"{rush.visitors:,}",
        "refused": f"{rush.refused}",
        "by the cap": f"{rush.capped}",
        "welcomed": f"{rush.welcomed:,}",
        "p50 s": f"{rush.p50_seconds:.2f}",
        "p99 s": f"{rush.p99_seconds:.2f}",
        "slowest s": f"{rush.slowest_seconds:.2f}",
        "claimed": f"{rush.claimed}",
        "came too late": f"{rush.late}",
        "misplaced": f"{rush.misplaced}",
        "unheard": f"{rush.unheard}",
    }
    print_row("A rush of visitors", cells)
    print_counted(rush.faults)


def find_targets(rush: Rush, seconds: float) -> list[Target]:
    what = f"{rush.visitors:,} visitors within {seconds:g} s"
    share, expected = rush.refused / rush.visitors, rush.visitors - rush.capped - rush.refused
    on_time = rush.welcomed == expected and rush.slowest_seconds <= WELCOMED_WITHIN_SECONDS
    told = f"{rush.welcomed:,} of {expected:,}, the last after {rush.slowest_seconds:.1f} s"
    return [
        Target(f"{what}: refused other than by the cap", "<= 0.1 %", f"{share:.1%}", share <= MOST_REFUSED),
        Target(f"{what}: welcomed", f"all <= {WELCOMED_WITHIN_SECONDS:g} s", told, on_time),
        Target(f"{what}: wrong places", "0", f"{rush.misplaced}", not rush.misplaced),
        Target(f"{what}: claimed but not heard", "0", f"{rush.unheard} of {rush.claimed}", not rush.unheard),
    ]
