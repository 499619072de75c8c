"""How the contestants of `benchmarks/delivery.py` stand: medians over the rounds that nobody disturbed."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Sequence

from benchmarks.load.rounds import Load, Round
from benchmarks.stage.contestants import Contestant
from benchmarks.stage.tables import print_table
from benchmarks.stage.targets import Target

Found = dict[tuple[str, str], list[Round]]
"""The rounds by load and contestant."""

QUIET_PERCENT = 30.0
"""Of one core: a round during which others used more is dropped."""
AT_LEAST = {
    "socketio": ("socket.io", 1.5, 2.0),
    "ejabberd": ("ejabberd", 3.5, 5.0),
    "textbook": ("(b), the textbook", 20.0, None),
    "storeless": ("(a), the same server without storage", 0.45, None),
}
SLOWEST = 1.5
"""Times the best p50 at a steady load."""
APART = {"storeless", "daphne"}
"""What is Chatline itself in another shape is nobody to be compared with at a steady load."""
PEERS = {"chatline", "socketio", "ejabberd"}
PEER_ROUNDS = 5
BASELINE_ROUNDS = 2
"""The baselines are there for the order of magnitude; five rounds of each would double the time."""


def faults(result: Round) -> int:
    counted = result.lost + result.doubled + result.reordered + result.spoiled + result.errors
    return counted + result.database_faults


def is_quiet(result: Round) -> bool:
    return others(result) <= QUIET_PERCENT


def quiet_rounds(rounds: Sequence[Round]) -> list[Round]:
    return [one for one in rounds if is_quiet(one)]


def counted(rounds: Sequence[Round]) -> list[Round]:
    """The quiet rounds; all of them when none was quiet, which the column of others then shows."""
    return quiet_rounds(rounds) or list(rounds)


def is_measured(name: str, rounds: Sequence[Round]) -> bool:
    """Whether enough rounds were quiet to tell anything."""
    return len(quiet_rounds(rounds)) >= (PEER_ROUNDS if name in PEERS else BASELINE_ROUNDS)


def show(load: Load, contestants: Sequence[Contestant], found: Found) -> None:
    """A table of one load."""
    rows = {
        c.title: [measure(rounds) for measure in MEASURES]
        for c in contestants
        if (rounds := found.get((load.name, c.name)))
    }
    if rows:
        print_table(load.name, COLUMNS, rows)


def find_targets(loads: Sequence[Load], found: Found) -> list[Target]:
    return [
        target for load in loads for target in (_steady(load, found) if load.per_second else _flat_out(load, found))
    ]


def _flat_out(load: Load, found: Found) -> list[Target]:
    ours = found.get((load.name, "chatline"))
    targets = []
    for name, (title, wanted, aim) in AT_LEAST.items():
        theirs = found.get((load.name, name))
        if ours and theirs:
            ratio = messages_per_second(ours) / max(1.0, messages_per_second(theirs))
            aimed = f", aim {aim:g}" if aim else ""
            words = f"{ratio:.2f} ({messages_per_second(ours):,.0f} to {messages_per_second(theirs):,.0f}/s)"
            reached = ratio >= wanted if is_measured("chatline", ours) and is_measured(name, theirs) else None
            targets.append(Target(f"{load.name}: times {title}", f">= {wanted:g}{aimed}", words, reached))
    return [*targets, *_whole(load, found)]


def _steady(load: Load, found: Found) -> list[Target]:
    kept = {name: rounds for (title, name), rounds in found.items() if title == load.name and name not in APART}
    if "chatline" not in kept:
        return []
    best, name = min((median(counted(rounds), lambda r: r.p50_ms), name) for name, rounds in kept.items())
    ours = median(counted(kept["chatline"]), lambda r: r.p50_ms)
    words = f"{ours / best:.2f} ({ours:.1f} ms; {name} {best:.1f} ms)"
    reached = ours <= SLOWEST * best if all(is_measured(*one) for one in kept.items()) else None
    return [
        Target(f"{load.name}: p50, times the best", f"<= {SLOWEST:g}", words, reached),
        *_whole(load, found),
    ]


def _whole(load: Load, found: Found) -> list[Target]:
    ours = found.get((load.name, "chatline"), [])
    total = sum(faults(one) for one in ours)
    what = f"{load.name}: lost, doubled, reordered, spoiled"
    return [Target(what, "0", f"{total} of {sum(one.acked for one in ours):,}", total == 0)] if ours else []


def messages_per_second(rounds: list[Round]) -> float:
    return median(counted(rounds), lambda r: r.per_second)


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
    own = sum(result.used[name] for name in ("server", "database", "redis", "client"))
    return max(0.0, result.used["machine"] - own) / result.used["seconds"] * 100


COLUMNS = [
    "messages/s", "p50 ms", "p99 ms", "server µs/msg", "database µs/msg",
    "client %", "others %", "rounds", "lost", "doubled", "reordered", "acked", "rows",
]  # fmt: skip
MEASURES: list[Callable[[list[Round]], str]] = [
    lambda rs: spread(counted(rs), lambda r: r.per_second),
    lambda rs: f"{median(counted(rs), lambda r: r.p50_ms):,.1f}",
    lambda rs: f"{median(counted(rs), lambda r: r.p99_ms):,.1f}",
    lambda rs: f"{median(counted(rs), lambda r: per_message(r, 'server')):,.0f}",
    lambda rs: f"{median(counted(rs), lambda r: per_message(r, 'database')):,.0f}",
    lambda rs: f"{median(counted(rs), lambda r: share(r, 'client')):.0f}",
    lambda rs: f"{median(counted(rs), others):.0f}",
    lambda rs: f"{len(quiet_rounds(rs))} of {len(rs)}",
    lambda rs: f"{sum(r.lost for r in rs)}",
    lambda rs: f"{sum(r.doubled for r in rs)}",
    lambda rs: f"{sum(r.reordered for r in rs)}",
    lambda rs: f"{sum(r.acked for r in rs):,}",
    lambda rs: f"{sum(r.stored for r in rs):,}",
]
