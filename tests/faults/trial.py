"""One fault, several times over, under load; then the history is held against what is stored."""

from __future__ import annotations

import asyncio
import contextlib
import random
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from tests.faults.checker import Finding, check, check_refusals, count
from tests.faults.eavesdropper import Eavesdropper, read_logs
from tests.faults.fault import Fault, Scene
from tests.faults.load import Load, lateness, percentile
from tests.faults.relay import Relay
from tests.faults.stage import Stage

BETWEEN_ACKS = 300
SHOWN_FINDINGS = 8
CALM_AFTER_SECONDS = 3.0
"""So long after the healing nothing may be late any more."""
CALM_SECONDS = 1.5
"""So long is that watched at least."""


@dataclass
class Result:
    """What a row of the table says. Times are seconds, over all injections; `seconds` of the whole trial."""

    fault: str
    database: str
    injections: int = 0
    acked: int = 0
    counts: dict[str, int] = field(default_factory=dict)
    unknown: int = 0
    back_p95: float = 0.0
    resume: float = 0.0
    late: float = 0.0
    calm_late: float = 0.0
    seconds: float = 0.0
    notes: dict[str, str] = field(default_factory=dict)
    failures: list[str] = field(default_factory=list)
    skipped: bool = False

    @property
    def good(self) -> bool:
        return not self.failures


async def run_trial(fault: Fault, stage: Stage, *, acked: int, times: int, keep: Path | None) -> Result:
    began_at = time.monotonic()
    result = Result(fault.name, "postgres" if stage.on_postgres else "sqlite")
    relay = Relay([web.port for web in stage.webs])
    await relay.start()
    apart = [entrance for entrance in stage.entrances if entrance.role == "visitor"][: fault.apart]
    taking_part = [entrance for entrance in stage.entrances if entrance not in apart]
    load = Load(
        taking_part,
        _way_in(fault, stage, relay),
        per_second=fault.per_second,
        party=fault.party,
        settle_seconds=fault.settle_seconds,
    )
    scene = Scene(stage, relay, load, times, apart=apart)
    eavesdropper = Eavesdropper(stage.redis) if stage.redis else None
    try:
        if eavesdropper:
            eavesdropper.start()
        await load.start()
        async with fault.setting(scene) if fault.setting else contextlib.nullcontext():
            async with load.asking():
                await _break_and_heal(fault, scene, result, acked=acked, times=times)
            await _check(fault, scene, result, keep, eavesdropper)
    except TimeoutError as late:
        scene.fail(str(late))
    finally:
        await load.stop()
        await relay.stop()
        if eavesdropper:
            await eavesdropper.stop()
    result.failures = scene.failures
    result.notes = scene.notes
    result.seconds = time.monotonic() - began_at
    return result


def _way_in(fault: Fault, stage: Stage, relay: Relay) -> Callable[[], str]:
    if fault.networked:
        return lambda: random.choice(stage.webs).socket_address
    return lambda: relay.address


async def _break_and_heal(fault: Fault, scene: Scene, result: Result, *, acked: int, times: int) -> None:
    load = scene.load
    backs: list[float] = []
    for turn in range(times):
        scene.turn = turn
        await load.more_acks(min(BETWEEN_ACKS, acked // times))
        scene.healed_at = 0.0
        scene.broken()
        breaking = asyncio.ensure_future(fault.inject(scene))
        await load.replace_some(min(fault.replaced, len(load.parties) // 4))
        await breaking
        if not scene.healed_at:
            scene.healed()
        backs += await load.come_back()
        result.resume = max([result.resume, *await load.resume(since=scene.healed_at)])
        scene.calm_since(scene.healed_at + CALM_AFTER_SECONDS)
        result.injections += 1
    result.back_p95 = percentile(sorted(backs), 0.95)
    if fault.calm_late_seconds is not None:
        await asyncio.sleep(max(0.0, scene.healed_at + CALM_AFTER_SECONDS + CALM_SECONDS - time.monotonic()))
    await load.more_acks(max(0, acked - load.acked), seconds=acked / fault.per_second * 3 + 60)


async def _check(
    fault: Fault, scene: Scene, result: Result, keep: Path | None, eavesdropper: Eavesdropper | None
) -> None:
    load = scene.load
    if not await load.fall_silent():
        scene.fail("not everything was answered in time")
    stored = await asyncio.to_thread(scene.stage.stored)
    heads = {pk: rows[-1].seq for pk, rows in stored.items() if rows}
    if not await load.see_all(heads):
        scene.fail("not everything was seen in time")
    findings: list[Finding] = []
    for role in ("visitor", "counsellor"):
        fetched = await load.fetch(heads, role=role)
        findings = check(load.history, stored, fetched, forgiven=frozenset(scene.forgiven))
        if findings:
            break
    findings = check_refusals(load.history, allowed=fault.may_send_away) + findings
    findings += eavesdropper.findings() if eavesdropper else []
    findings += read_logs(scene.stage.logs())
    result.acked = load.acked
    result.unknown = sum(o.end == "unknown" for o in load.history.operations)
    result.counts = count(findings)
    result.late = percentile(lateness(load.history), 1.0)
    result.calm_late = percentile(lateness(load.history, calms=scene.calms), 1.0)
    for finding in findings[:SHOWN_FINDINGS]:
        scene.fail(f"{finding.kind} in {finding.conversation}: {finding.what}")
    _hold_limits(fault, scene, result)
    if keep is not None and scene.failures:
        load.history.write(keep / f"{fault.name.replace(' ', '-')}-{result.database}.jsonl")


def _hold_limits(fault: Fault, scene: Scene, result: Result) -> None:
    for what, limit, took in (
        ("clients came back (p95)", fault.back_seconds, result.back_p95),
        ("acks resumed", fault.resume_seconds, result.resume),
        ("the last message was seen", fault.late_seconds, result.late),
        ("the last message after healing was seen", fault.calm_late_seconds, result.calm_late),
    ):
        if limit is not None and took > limit:
            scene.fail(f"{what} after {took:.1f} s, and may take {limit:.0f} s")
