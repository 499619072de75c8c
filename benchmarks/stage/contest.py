"""The rounds of `benchmarks/delivery.py`: three servers in turn, medians, and the ratios between them."""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path

from benchmarks.load.party import Entrance
from benchmarks.load.rounds import Load, Played, Round, play
from benchmarks.stage.conversations import forget_messages, make_chats, make_helpline, textbook_entrances
from benchmarks.stage.ledger import check_chatline, check_storeless, check_textbook
from benchmarks.stage.server import chatline_command, free_port, serving, storeless_command, textbook_command
from benchmarks.stage.tables import print_table
from benchmarks.stage.usage import Usage
from scripts.machine import ROOT

COMPARISONS = {
    "storeless": "{:.2f} of (a), the same server without storage (to reach: 0.45)",
    "textbook": "{:.1f} times (b), the textbook (to reach: 20)",
    "pooled": "{:.1f} times (b) with a connection pool",
}


@dataclass(frozen=True)
class Contestant:
    name: str
    title: str
    command: Callable[[int], list[str]]
    check: Callable[[Played], None]
    environment: dict[str, str] = field(default_factory=dict)


CONTESTANTS = [
    Contestant("chatline", "Chatline", chatline_command, check_chatline),
    Contestant("storeless", "(a) without storage", storeless_command, check_storeless),
    Contestant("textbook", "(b) textbook", textbook_command, check_textbook),
    Contestant("pooled", "(b) with a pool", textbook_command, check_textbook, {"TEXTBOOK_POOL": "1"}),
]


def run_contest(chosen: argparse.Namespace, loads: list[Load]) -> int:
    """Run the rounds interleaved, print the tables. 1 when Chatline lost, doubled, reordered or spoiled a message."""
    contestants = [c for c in CONTESTANTS if not chosen.only or c.name in chosen.only]
    loads = [load for number, load in enumerate(loads) if not chosen.load or number in chosen.load]
    loads = loads if chosen.quick else [replace(load, seconds=chosen.seconds) for load in loads]
    create_textbook_tables()
    chats = make_chats(make_helpline(), max(load.conversations for load in loads))
    found: dict[tuple[str, str], list[Round]] = {}
    try:
        for number in range(1 if chosen.quick else chosen.rounds):
            for load in loads:
                for contestant in contestants:
                    result = run_round(contestant, load, chats)
                    found.setdefault((load.name, contestant.name), []).append(result)
                    progress(number, load, contestant, result)
    finally:  # what was measured is shown, also when somebody has had enough of waiting
        for load in loads:
            show(load, {c.name: found[load.name, c.name] for c in contestants if (load.name, c.name) in found})
        if chosen.json:
            write(found, Path(chosen.json))
    return 1 if any(faults(r) for (_, name), rs in found.items() if name == "chatline" for r in rs) else 0


def write(found: dict[tuple[str, str], list[Round]], path: Path) -> None:
    entries = [
        {"load": load, "server": name, "rounds": [r.to_dict() for r in rs]} for (load, name), rs in found.items()
    ]
    path.write_text(json.dumps(entries, indent=1))


def create_textbook_tables() -> None:
    environment = {**os.environ, "DJANGO_SETTINGS_MODULE": "benchmarks.textbook.settings"}
    command = [sys.executable, "-m", "django", "migrate", "--run-syncdb", "--verbosity", "0"]
    subprocess.run(command, cwd=ROOT, env=environment, check=True, stdin=subprocess.DEVNULL)


def run_round(contestant: Contestant, load: Load, chats: list[Entrance]) -> Round:
    entrances = chats if contestant.command is not textbook_command else list(textbook_entrances(load.conversations))
    forget_messages()
    port = free_port()
    with serving(contestant.command(port), port, **contestant.environment) as server:
        played = play(port, entrances[: 2 * load.conversations], load, Usage(server.pid))
    contestant.check(played)
    return played.result


def faults(result: Round) -> int:
    counted = result.lost + result.doubled + result.reordered + result.spoiled + result.errors
    return counted + result.database_faults


def progress(number: int, load: Load, contestant: Contestant, result: Round) -> None:
    print(
        f"round {number + 1}, {load.name}, {contestant.title}: {result.per_second:,.0f}/s, "
        f"p50 {result.p50_ms:.1f} ms, faults {faults(result)}",
        flush=True,
    )


def show(load: Load, rounds: dict[str, list[Round]]) -> None:
    """A table of one load, and how Chatline compares."""
    if not rounds:
        return
    rows = {c.title: [measure(rounds[c.name]) for measure in MEASURES] for c in CONTESTANTS if c.name in rounds}
    print_table(load.name, COLUMNS, rows)
    if load.per_second or "chatline" not in rounds:
        return
    for other, sentence in COMPARISONS.items():
        if other in rounds:
            print("  " + sentence.format(messages_per_second(rounds["chatline"]) / messages_per_second(rounds[other])))


def messages_per_second(rounds: list[Round]) -> float:
    return median(rounds, lambda r: r.per_second)


def median(rounds: list[Round], measure: Callable[[Round], float]) -> float:
    return statistics.median(measure(r) for r in rounds)


def spread(rounds: list[Round], measure: Callable[[Round], float]) -> str:
    """The median, and the lowest and highest when there are several rounds."""
    values = [measure(r) for r in rounds]
    among = f" ({min(values):,.0f}–{max(values):,.0f})" if len(values) > 1 else ""
    return f"{statistics.median(values):,.0f}{among}"


def per_message(result: Round, name: str) -> float:
    """Microseconds of processor time a message."""
    return result.used[name] / max(1.0, result.used["messages"]) * 1e6


def share(result: Round, name: str) -> float:
    """Of one core, in percent."""
    return result.used[name] / result.used["seconds"] * 100


def others(result: Round) -> float:
    """What neither server, database nor client used, of one core, in percent: foreign load spoils a round."""
    own = result.used["server"] + result.used["database"] + result.used["client"]
    return max(0.0, result.used["machine"] - own) / result.used["seconds"] * 100


COLUMNS = [
    "messages/s", "p50 ms", "p99 ms", "server µs/msg", "database µs/msg",
    "client %", "others %", "lost", "doubled", "reordered", "acked", "rows",
]  # fmt: skip
MEASURES: list[Callable[[list[Round]], str]] = [
    lambda rs: spread(rs, lambda r: r.per_second),
    lambda rs: f"{median(rs, lambda r: r.p50_ms):,.1f}",
    lambda rs: f"{median(rs, lambda r: r.p99_ms):,.1f}",
    lambda rs: f"{median(rs, lambda r: per_message(r, 'server')):,.0f}",
    lambda rs: f"{median(rs, lambda r: per_message(r, 'database')):,.0f}",
    lambda rs: f"{median(rs, lambda r: share(r, 'client')):.0f}",
    lambda rs: f"{median(rs, others):.0f}",
    lambda rs: f"{sum(r.lost for r in rs)}",
    lambda rs: f"{sum(r.doubled for r in rs)}",
    lambda rs: f"{sum(r.reordered for r in rs)}",
    lambda rs: f"{sum(r.acked for r in rs):,}",
    lambda rs: f"{sum(r.stored for r in rs):,}",
]
