"""The rounds of `benchmarks/delivery.py`: all servers in turn, medians, and the ratios between them."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from dataclasses import replace

from benchmarks.load.party import Entrance
from benchmarks.load.rounds import Load, Round, play
from benchmarks.stage.contestants import CONTESTANTS, Contestant
from benchmarks.stage.conversations import make_chats, make_helpline
from benchmarks.stage.standings import (
    BASELINE_ROUNDS,
    PEERS,
    Found,
    faults,
    find_targets,
    is_quiet,
    quiet_rounds,
    show,
)
from benchmarks.stage.targets import print_targets, write_findings
from benchmarks.stage.usage import Usage
from scripts.machine import Missing

LONGEST = 2
"""At most so many times the rounds, when others disturb."""


def run_contest(chosen: argparse.Namespace, loads: list[Load]) -> int:
    """Run the rounds interleaved, print the tables. 1 when Chatline lost, doubled, reordered or spoiled a message."""
    loads = [load for number, load in enumerate(loads) if not chosen.load or number in chosen.load]
    loads = loads if chosen.quick else [replace(load, seconds=chosen.seconds) for load in loads]
    contestants, missing = prepare_all([c for c in CONTESTANTS if not chosen.only or c.name in chosen.only])
    versions = {contestant.title: contestant.version() for contestant in contestants if contestant.version()}
    chats = make_chats(make_helpline(), max(load.conversations for load in loads))
    rounds = 1 if chosen.quick else chosen.rounds
    found: Found = {}
    try:
        run_rounds(rounds, loads, contestants, chats, found)
    finally:  # what was measured is shown, also when somebody has had enough of waiting
        for load in loads:
            show(load, contestants, found)
        print("\n" + "\n".join(f"  {title}: {version}" for title, version in versions.items()))
        targets = find_targets(loads, found)
        print_targets(targets)
        entries = [
            {"load": load, "server": name, "rounds": [r.to_dict() for r in rs]} for (load, name), rs in found.items()
        ]
        write_findings(chosen.json, targets, played=entries, versions=versions, missing=missing)
    return 1 if any(faults(r) for (_, name), rs in found.items() if name == "chatline" for r in rs) else 0


def prepare_all(contestants: Sequence[Contestant]) -> tuple[list[Contestant], list[str]]:
    """Those whose programs are there, and a sentence for each of the others. Raises `Missing` when nobody is left."""
    ready, missing = [], []
    for contestant in contestants:
        try:
            contestant.prepare()
            ready.append(contestant)
        except Missing as sentence:
            print(f"{contestant.title} does not take part: {sentence}", file=sys.stderr)
            missing.append(f"{sentence}")
    if not ready:
        raise Missing("; ".join(missing))
    return ready, missing


def run_rounds(
    rounds: int, loads: Sequence[Load], contestants: Sequence[Contestant], chats: list[Entrance], found: Found
) -> None:
    """Interleaved, until each has `rounds` that nobody disturbed, or twice as many in all."""
    for number in range(rounds * LONGEST):
        for load in loads:
            for contestant in contestants:
                played = found.get((load.name, contestant.name), [])
                enough = rounds if contestant.name in PEERS else min(rounds, BASELINE_ROUNDS)
                if len(quiet_rounds(played)) >= enough or (rounds == 1 and played):
                    continue
                try:
                    result = run_round(contestant, load, chats)
                except (TimeoutError, OSError) as fault:
                    if contestant.name == "chatline":
                        raise
                    name = f"round {number + 1}, {load.name}, {contestant.title}"
                    print(f"{name}: not played, {type(fault).__name__}", flush=True)  # a peer may stumble: once more
                else:
                    found[load.name, contestant.name] = [*played, result]
                    progress(number, load, contestant, result)


def run_round(contestant: Contestant, load: Load, chats: list[Entrance]) -> Round:
    contestant.forget()
    entrances = contestant.entrances(load.conversations) if contestant.entrances else chats[: 2 * load.conversations]
    with contestant.serve() as server:
        played = play(server.port, list(entrances), load, Usage(server.pid), party=contestant.party)
    contestant.check(played)
    return played.result


def progress(number: int, load: Load, contestant: Contestant, result: Round) -> None:
    print(
        f"round {number + 1}, {load.name}, {contestant.title}: {result.per_second:,.0f}/s, "
        f"p50 {result.p50_ms:.1f} ms, faults {faults(result)}{'' if is_quiet(result) else ', disturbed'}",
        flush=True,
    )
