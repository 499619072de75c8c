"""The protocol's state machine as a command: prints one line, 1 when the protocol was broken.

    python -m tests.protocol.machine --examples 2000

On SQLite files and on a PostgreSQL of its own, at the same time, half of the examples each; `--on` chooses one.
"""

from __future__ import annotations

import argparse
import logging
import os
import subprocess
import sys
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path

from scripts.machine import Missing, in_ci
from tests.servers import running_postgres
from tests.web import Installation

STEPS = 50
WORDS = 4000
"""Of what a broken run has to say, so many characters from its end."""


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.protocol.machine", description=__doc__)
    parser.add_argument("--examples", type=int, default=2000)
    parser.add_argument("--seed", type=int, default=int(time.time()), help="the same steps again")
    parser.add_argument("--on", choices=["both", "sqlite", "postgresql"], default="both")
    arguments = parser.parse_args()
    if arguments.on == "both":
        return run_both(arguments.examples, arguments.seed)
    return run_one(arguments.on, arguments.examples, arguments.seed)


def run_both(examples: int, seed: int) -> int:
    began_at = time.monotonic()
    command = [sys.executable, "-m", "tests.protocol.machine", "--examples", str(-(-examples // 2))]
    with ExitStack() as files:
        outputs = {name: files.enter_context(tempfile.TemporaryFile("w+")) for name in ("sqlite", "postgresql")}
        runs = {
            name: subprocess.Popen(
                [*command, "--seed", str(seed), "--on", name], stdout=output, stderr=subprocess.STDOUT, text=True
            )
            for name, output in outputs.items()
        }
        codes = [run.wait() for run in runs.values()]
        for output in outputs.values():
            output.seek(0)
            print(output.read().strip(), flush=True)
    verdict = "broken" if any(codes) else "held"
    print(f"protocol machine: {verdict}, {examples} examples of {STEPS} steps, {time.monotonic() - began_at:.0f} s")
    return 1 if any(codes) else 0


def run_one(database: str, examples: int, seed: int) -> int:
    try:
        with ExitStack() as servers:
            folder = Path(servers.enter_context(tempfile.TemporaryDirectory(prefix="chatline-model-")))
            addresses = servers.enter_context(running_postgres()).environment() if database == "postgresql" else {}
            os.environ.update(Installation(folder, addresses).environment)
            return play(database, examples, seed)
    except Missing as missing:
        print(f"{'Failed' if in_ci() else 'Skipped'}: {missing}")
        return 1 if in_ci() else 0


def play(database: str, examples: int, seed: int) -> int:
    import django

    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "chatline.settings")
    django.setup()
    logging.disable(logging.CRITICAL)
    from django.db import connections

    from tests.protocol.play import play_examples

    began_at = time.monotonic()
    told = play_examples(examples=examples, steps=STEPS, seed=seed)
    connections.close_all()
    verdict = "broken" if told.failure else "held"
    print(
        f"{database}: {verdict}, {examples} examples, {told.steps} steps, {told.acked} acknowledged, "
        f"seed {seed}, {time.monotonic() - began_at:.0f} s"
    )
    if told.failure:
        print(told.failure[-WORDS:])
    return 1 if told.failure else 0


if __name__ == "__main__":
    sys.exit(main())
