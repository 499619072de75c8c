"""Conversations that speak in a room full of people who wait."""

from __future__ import annotations

from collections.abc import Sequence

from benchmarks.load.party import Entrance
from benchmarks.load.rounds import Load, Played, Round, play
from benchmarks.load.visitor import Waiter, all_placed, connect_waiters
from benchmarks.stage.conversations import fill_queue, make_chats, make_helpline
from benchmarks.stage.ledger import check_chatline
from benchmarks.stage.server import chatline_command, free_port, serving
from benchmarks.stage.standings import faults, others, share
from benchmarks.stage.tables import print_counted, print_row
from benchmarks.stage.targets import Target, print_targets, write_findings
from benchmarks.stage.usage import Usage

LATEST_MS = 10.0


def measure_crowded(load: Load, *, waiting: int, report: str | None) -> int:
    """Run it, print it. 1 when a message was lost, doubled, reordered or spoiled, or a waiting one was disturbed."""
    helpline = make_helpline()
    chats = make_chats(helpline, load.conversations)
    crowd = fill_queue(helpline, waiting)
    port = free_port()
    with serving(chatline_command(port), port) as server:
        played, surprises = play_in_a_crowd(port, chats, crowd, load, Usage(server.pid))
    check_chatline(played)
    sockets = len(chats) + len(crowd)
    show(played.result, sockets)
    print_counted(surprises)
    targets = find_targets(played.result, sockets, load, len(surprises))
    print_targets(targets)
    write_findings(report, targets, round=played.result.to_dict(), sockets=sockets, surprises=len(surprises))
    return 1 if faults(played.result) or surprises else 0


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


def show(result: Round, sockets: int) -> None:
    cells = {
        "sockets": f"{sockets:,}",
        "messages/s": f"{result.per_second:,.0f}",
        "p50 ms": f"{result.p50_ms:.1f}",
        "p99 ms": f"{result.p99_ms:.1f}",
        "server %": f"{share(result, 'server'):.0f}",
        "client %": f"{share(result, 'client'):.0f}",
        "others %": f"{others(result):.0f}",
        "lost": f"{result.lost}",
        "doubled": f"{result.doubled}",
        "reordered": f"{result.reordered}",
    }
    print_row("Messages beside a waiting crowd", cells)


def find_targets(result: Round, sockets: int, load: Load, surprises: int) -> list[Target]:
    what = f"{load.per_second:,.0f} messages/s with {sockets:,} sockets open"
    kept_up = result.per_second >= load.per_second * 0.98
    return [
        Target(f"{what}: p99", f"<= {LATEST_MS:g} ms", f"{result.p99_ms:.1f} ms", result.p99_ms <= LATEST_MS),
        Target(f"{what}: kept up", f">= {load.per_second * 0.98:,.0f}/s", f"{result.per_second:,.0f}/s", kept_up),
        Target(f"{what}: lost, doubled, reordered, spoiled", "0", f"{faults(result)}", not faults(result)),
        Target(f"{what}: waiting visitors disturbed", "0", f"{surprises}", not surprises),
    ]
