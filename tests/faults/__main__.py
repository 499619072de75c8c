"""Break things under load and show that nothing acknowledged is lost.

python -m tests.faults              every fault, three times each, 200 conversations, 5,000 acks
python -m tests.faults --short      the ones of `make test`: fewer conversations, once each
python -m tests.faults --only NAME  those whose name holds NAME
python -m tests.faults --waits      those that mostly wait; --no-waits: the others
python -m tests.faults --planted    only prove the harness: it must find the bugs that are planted for it
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import gc
import resource
import shutil
import signal
import sys
import time
import traceback
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from scripts.machine import Missing, in_ci
from tests.faults.catalogue import FAULTS
from tests.faults.fault import Fault
from tests.faults.hosts import HUB, enter_own_network
from tests.faults.means import lacking
from tests.faults.planted.bugs import BUGS, print_bugs
from tests.faults.servers import LOOPBACK, folder_for
from tests.faults.stage import Crowd, Servers, make_crowd, running_servers, staged
from tests.faults.table import print_results
from tests.faults.trial import Result, run_trial
from tests.web import SERVERS


@dataclass(frozen=True)
class Size:
    conversations: int
    acked: int
    times: int


FULL = Size(conversations=200, acked=5000, times=3)
SHORT = Size(conversations=40, acked=600, times=1)


def parse(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m tests.faults", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--short", action="store_true")
    parser.add_argument("--only", action="append", default=[], metavar="NAME")
    parser.add_argument("--database", choices=["postgres", "sqlite"])
    parser.add_argument("--server", choices=SERVERS, default="uvicorn", help="of the web processes")
    parser.add_argument("--waits", action=argparse.BooleanOptionalAction)
    parser.add_argument("--times", type=int, help="injections a fault")
    parser.add_argument("--keep", type=Path, metavar="FOLDER", help="histories and logs of what failed")
    parser.add_argument("--planted", action="store_true")
    parser.add_argument("--list", action="store_true", help="only name the faults")
    return parser.parse_args(arguments)


def main(arguments: list[str]) -> int:
    """0 when every fault went as promised."""
    chosen = parse(arguments)
    faults = [] if chosen.planted else [f for f in FAULTS if _is_chosen(f, chosen)]
    if chosen.list:
        print("\n".join(fault.name for fault in faults))
        return 0
    if chosen.keep:
        chosen.keep.mkdir(parents=True, exist_ok=True)
    _allow_open_files()
    signal.signal(signal.SIGTERM, lambda number, frame: sys.exit(128 + number))
    if any(fault.networked and not lacking(fault.needs) for fault in faults):
        enter_own_network()
    began_at = time.monotonic()
    results: list[Result] = []
    bugs: list[Result] = []
    proves = chosen.planted or not (chosen.only or chosen.database or chosen.waits)
    size = SHORT if chosen.short else FULL
    try:
        if proves:
            bugs = _run_on("postgres", [bug.fault for bug in BUGS], SHORT, chosen)
        for database in ("postgres", "sqlite"):
            if chosen.database in (None, database):
                results += _run_on(database, [f for f in faults if _is_for(f, database, chosen)], size, chosen)
    except KeyboardInterrupt:
        print("Stopped by hand.")
    if results:
        print_results(results)
    found = print_bugs(bugs) if proves else []
    good = [*found, *(result.good for result in results if not result.skipped)]
    skipped = sum(result.skipped and result.good for result in results)
    failed = good.count(False) + sum(result.skipped and not result.good for result in results)
    print(f"\nTogether {time.monotonic() - began_at:.0f} s.")
    print(f"faults: {good.count(True)} passed, {failed} failed, {skipped} skipped")
    return 0 if (good or skipped) and not failed else 1


def _is_chosen(fault: Fault, chosen: argparse.Namespace) -> bool:
    if chosen.waits is not None and chosen.waits != fault.waits:
        return False
    if chosen.only:
        return any(name.lower() in fault.name.lower() for name in chosen.only)
    return fault.short or not chosen.short


def _is_for(fault: Fault, database: str, chosen: argparse.Namespace) -> bool:
    return database in (fault.short_on if chosen.short and not chosen.only else fault.databases)


def _run_on(database: str, faults: list[Fault], size: Size, chosen: argparse.Namespace) -> list[Result]:
    results = [_skipped(fault, needs) for fault in faults if (needs := lacking(fault.needs))]
    faults = [fault for fault in faults if not lacking(fault.needs)]
    if not faults:
        return results
    networked = any(fault.networked for fault in faults)
    with folder_for("crowd") as folder, _servers(database, HUB if networked else LOOPBACK) as servers:
        addresses = servers.new_databases() if servers else None
        crowd = make_crowd(folder, addresses, conversations=size.conversations)
        for fault in faults:
            try:
                result = _run(fault, crowd, servers, size, chosen)
            except Exception as error:  # noqa: BLE001 - one that cannot be tried must not end the others
                traceback.print_exc()
                result = Result(fault.name, database, failures=[f"it ended with {type(error).__name__}: {error}"])
            results.append(result)
            word = "done" if fault.name.startswith("planted") else "ok" if result.good else "FAILED"
            print(f"{fault.name} ({database}): {word} {result.seconds:.0f} s", flush=True)
            if word == "FAILED":
                print("\n".join(f"  {failure}" for failure in result.failures), flush=True)
    return results


@contextlib.contextmanager
def _servers(database: str, host: str) -> Iterator[Servers | None]:
    if database == "sqlite":
        yield None
    else:
        with running_servers(host=host) as servers:
            yield servers


def _run(fault: Fault, crowd: Crowd, servers: Servers | None, size: Size, chosen: argparse.Namespace) -> Result:
    with staged(
        crowd,
        servers=servers,
        webs=fault.webs if servers else 1,
        environment=fault.environment,
        application=fault.application,
        server=chosen.server,
        networked=fault.networked,
    ) as stage:
        times = chosen.times or min(size.times, fault.times)
        with uninterrupted():
            result = asyncio.run(run_trial(fault, stage, acked=size.acked, times=times, keep=chosen.keep))
        if chosen.keep and not result.good:
            for web in stage.webs:
                shutil.copy(web.log, chosen.keep / f"{fault.name.replace(' ', '-')}-{web.log.name}")
    return result


@contextlib.contextmanager
def uninterrupted() -> Iterator[None]:
    """Nobody looks for garbage meanwhile: what a trial writes down is much, and each look would stop all its clocks."""
    gc.collect()
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


def _skipped(fault: Fault, needs: list[str]) -> Result:
    """Not tried, and why. Under CI=true that is a failure: there everything is to be had."""
    sentence = f"needs {', '.join(needs)}"
    print(f"{fault.name}: skipped, it {sentence}", flush=True)
    return Result(fault.name, "", failures=[sentence] if in_ci() else [], notes={"skipped:": sentence}, skipped=True)


def _allow_open_files() -> None:
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except Missing as missing:
        sys.exit(str(missing))
