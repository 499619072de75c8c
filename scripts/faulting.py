"""`faults`: everything that Chatline must live through, under load, and the protocol against its model and a fuzzer."""

from __future__ import annotations

import subprocess
import time

from scripts.environment import TEST_LOCK, python_path, set_up
from scripts.machine import ROOT, provide
from scripts.testing import FAULT_TOOLS, provide_servers

# What is broken needs programs to break it with (docs/faults.md). Without them, and without root, faults are skipped.
NEEDED = ["python3-venv", "postgres", "redis-server", "caddy", *FAULT_TOOLS]
HARNESS = ["-m", "tests.faults"]
PROTOCOL = [
    ["-m", "tests.protocol.machine", "--examples", "2000"],
    ["-m", "tests.protocol.frame_fuzzer", "--inputs", "1000000"],
]


def run_faults(arguments: list[str]) -> int:
    """The whole of it, about an hour; or, with arguments, the harness alone with these. 0 when all went well."""
    provide(NEEDED)
    set_up(lock=TEST_LOCK)
    provide_servers()
    began_at = time.monotonic()
    codes = [run_part(part) for part in parts(arguments)]
    minutes = (time.monotonic() - began_at) / 60
    print(f"\nTogether {'ok' if not any(codes) else 'FAILED'}, {minutes:.0f} minutes", flush=True)
    return 1 if any(codes) else 0


def parts(arguments: list[str]) -> list[list[str]]:
    """What is run, one after the other: the harness alone when it is told something."""
    return [[*HARNESS, *arguments]] if arguments else [*PROTOCOL, HARNESS]


def run_part(part: list[str]) -> int:
    print(f"\n== {' '.join(part[1:])} ==", flush=True)
    return subprocess.run([str(python_path()), *part], cwd=ROOT, stdin=subprocess.DEVNULL, check=False).returncode
