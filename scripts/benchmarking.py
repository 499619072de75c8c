"""`bench`: the scripts under benchmarks/. They start a PostgreSQL that writes through to the disk, and Redis."""

from __future__ import annotations

import argparse
import json
import subprocess
import tempfile
from pathlib import Path
from typing import Any

from scripts.environment import TEST_LOCK, python_path, set_up
from scripts.machine import ROOT, in_ci, provide
from scripts.testing import provide_servers

MINUTES = {
    "benchmarks/delivery.py": 29,
    "benchmarks/crowded.py": 6,
    "benchmarks/arrivals.py": 2,
    "benchmarks/idle.py": 5,
    "benchmarks/soak.py": 32,
    "benchmarks/sizes.py": 2,
}
"""How long each takes on two quiet cores, in the order in which they are run."""
NEEDED = ["python3-venv", "postgres", "redis-server", "node", "npm"]
# Debian starts a server together with it, so that elsewhere its absence is told and it does not take part.
NEEDED_IN_CI = ["ejabberd"]


def run_benchmarks(arguments: list[str]) -> int:
    """Run those named by file (benchmarks/idle.py), or all. Other arguments go to each of them."""
    named = [argument for argument in arguments if (ROOT / argument).is_file() and argument.startswith("benchmarks/")]
    report, passed_on = take_report([argument for argument in arguments if argument not in named])
    provide(NEEDED + (NEEDED_IN_CI if in_ci() else []))
    set_up(lock=TEST_LOCK)
    provide_servers()
    scripts = named or list(MINUTES)
    if "--quick" not in passed_on:
        print(f"This takes some {sum(MINUTES.get(script, 5) for script in scripts)} minutes.", flush=True)
    with tempfile.TemporaryDirectory(prefix="chatline-bench-") as folder:
        files = {script: Path(folder) / f"{number}.json" for number, script in enumerate(scripts)}
        codes = [run_benchmark(script, [*passed_on, "--json", str(files[script])]) for script in scripts]
        found = {script: json.loads(file.read_text()) for script, file in files.items() if file.is_file()}
    print(closing_table(scripts, found), flush=True)
    if report:
        Path(report).write_text(json.dumps(found, indent=1))
    return max(codes, default=0)


def take_report(arguments: list[str]) -> tuple[str | None, list[str]]:
    """The file that `--json` names, which is to hold what all of them found, and the arguments without it."""
    parser = argparse.ArgumentParser(prog="bench", add_help=False, allow_abbrev=False)
    parser.add_argument("--json", metavar="FILE")
    chosen, rest = parser.parse_known_args(arguments)
    return chosen.json, rest


def run_benchmark(script: str, arguments: list[str]) -> int:
    print(f"\n== {script} ==", flush=True)
    module = script.removesuffix(".py").replace("/", ".")
    return subprocess.run([str(python_path()), "-m", module, *arguments], cwd=ROOT, check=False).returncode


def closing_table(scripts: list[str], found: dict[str, dict[str, Any]]) -> str:
    """What each was to reach, what it found, and whether it did."""
    rows = [
        (target["what"], target["wanted"], target["found"], target["verdict"])
        for script in scripts
        for target in found.get(script, {}).get("targets", [{**NOTHING, "what": script}])
    ]
    widths = [max(len(row[place]) for row in rows) for place in range(4)]
    lines = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]
    return "\n".join(["", "== reached or not ==", *lines])


NOTHING = {"wanted": "", "found": "it found nothing: see above", "verdict": "NOT REACHED"}
