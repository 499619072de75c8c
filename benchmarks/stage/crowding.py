"""Conversations that speak in a room full of people who wait."""

from __future__ import annotations

from collections.abc import Sequence

from benchmarks.load.party import Entrance
from benchmarks.load.rounds import Load, Played, Round, play
from benchmarks.load.visitor import Waiter, all_placed, connect_waiters
from benchmarks.stage.contest import LONGEST
from benchmarks.stage.conversations import fill_queue, forget_messages, make_chats, make_helpline
from benchmarks.stage.ledger import check_chatline
from benchmarks.stage.server import chatline_command, free_port, serving
from benchmarks.stage.standings import (
    counted,
    faults,
    is_measured,
    is_quiet,
    median,
    others,
    quiet_rounds,
    share,
)
from benchmarks.stage.tables import print_counted, print_row
from benchmarks.stage.targets import Target, print_targets, write_findings
from benchmarks.stage.usage import Usage

LATEST_MS = 10.0


def measure_crowded(load: Load, *, waiting: int, rounds: int, report: str | None) -> int:
    """Run it, print it. 1 when a message was lost, doubled, reordered or spoiled, or a waiting one was disturbed."""
    helpline = make_helpline()
    chats = make_chats(helpline, load.conversations)
    crowd = fill_queue(helpline, waiting)
    sockets = len(chats) + len(crowd)
    found: list[Round] = []
    surprises: list[str] = []
    while len(quiet_rounds(found)) < rounds and len(found) < rounds * LONGEST:
        result, disturbed = run_round(chats, crowd, load)
        found.append(result)
        surprises += disturbed
        print(f"round {len(found)}: {words_of(result)}{'' if is_quiet(result) else ', disturbed'}", flush=True)
        if rounds == 1:
            break
    show(found, sockets)
    print_counted(surprises)
    targets = find_targets(found, sockets, load, len(surprises))
    print_targets(targets)
    played = [result.to_dict() for result in found]
    write_findings(report, targets, rounds=played, sockets=sockets, surprises=len(surprises))
    return 1 if any(map(faults, found)) or surprises else 0


def run_round(chats: Sequence[Entrance], crowd: Sequence[Entrance], load: Load) -> tuple[Round, list[str]]:
    """By a process of its own, as each round of `benchmarks/delivery.py`."""
    forget_messages()
    port = free_port()
    with serving(chatline_command(port), port) as server:
        played, surprises = play_in_a_crowd(port, chats, crowd, load, Usage(server.pid))
    check_chatline(played)
    return played.result, surprises


def play_in_a_crowd(
    port: int, chats: Sequence[Entrance], crowd: Sequence[Entrance], load: Load, usage: Usage
) -> tuple[Played, list[str]]:
    """The round, and what waiting visitors heard that they should not have, or that they were cut off."""
    waiters = [Waiter(entrance) for entrance in crowd]

    async def gather() -> None:
        await connect_waiters(waiters, port)
        await all_placed(waiters)

    played = play(port, chats, load, usage, gather=gather)
    return played, [surprise for waiter in waiters for surprise in waiter.surprises]


def words_of(result: Round) -> str:
    return f"p50 {result.p50_ms:.1f} ms, p99 {result.p99_ms:.1f} ms"


def show(rounds: list[Round], sockets: int) -> None:
    quiet = counted(rounds)
    cells = {
        "sockets": f"{sockets:,}",
        "messages/s": f"{median(quiet, lambda r: r.per_second):,.0f}",
        "p50 ms": f"{median(quiet, lambda r: r.p50_ms):.1f}",
        "p99 ms": spread_ms(quiet),
        "server %": f"{median(quiet, lambda r: share(r, 'server')):.0f}",
        "client %": f"{median(quiet, lambda r: share(r, 'client')):.0f}",
        "others %": f"{median(quiet, others):.0f}",
        "rounds": f"{len(quiet_rounds(rounds))} of {len(rounds)}",
        "lost": f"{sum(one.lost for one in rounds)}",
        "doubled": f"{sum(one.doubled for one in rounds)}",
        "reordered": f"{sum(one.reordered for one in rounds)}",
    }
    print_row("Messages beside a waiting crowd", cells)


def spread_ms(rounds: list[Round]) -> str:
    """The median of p99, and the lowest and highest."""
    values = [one.p99_ms for one in rounds]
    return f"{median(rounds, lambda r: r.p99_ms):.1f} ({min(values):.1f}–{max(values):.1f})"


def find_targets(rounds: list[Round], sockets: int, load: Load, surprises: int) -> list[Target]:
    what = f"{load.per_second:,.0f} messages/s with {sockets:,} sockets open"
    quiet = counted(rounds)
    measured = is_measured("chatline", rounds)
    p99_ms, kept_up = median(quiet, lambda r: r.p99_ms), median(quiet, lambda r: r.per_second)
    least, spoiled = load.per_second * 0.98, sum(map(faults, rounds))
    in_time = p99_ms <= LATEST_MS if measured else None
    return [
        Target(f"{what}: p99", f"<= {LATEST_MS:g} ms", f"{spread_ms(quiet)} ms", in_time),
        Target(f"{what}: kept up", f">= {least:,.0f}/s", f"{kept_up:,.0f}/s", kept_up >= least if measured else None),
        Target(f"{what}: lost, doubled, reordered, spoiled", "0", f"{spoiled}", not spoiled),
        Target(f"{what}: waiting visitors disturbed", "0", f"{surprises}", not surprises),
    ]
