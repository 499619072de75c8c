"""`faults`: everything that Chatline must live through, under load, and the protocol against its model and a fuzzer."""

from __future__ import annotations

import contextlib
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import IO

from scripts.environment import TEST_LOCK, python_path, set_up
from scripts.machine import ROOT, provide
from scripts.testing import FAULT_TOOLS, provide_servers

# What is broken needs programs to break it with (docs/faults.md). Without them, and without root, faults are skipped.
NEEDED = ["python3-venv", "postgres", "redis-server", "caddy", *FAULT_TOOLS]
HARNESS = ["-m", "tests.faults"]
# Of the faults, those that mostly wait cost each other little, and the protocol's two take what they leave.
WAITING = [
    [*HARNESS, "--waits", *names]
    for names in (
        ("--only", "Redis is"),
        ("--only", "PostgreSQL"),
        ("--only", "cut off", "--only", "exhausted", "--only", "disk", "--only", "clock"),
    )
]
OTHERS = [*HARNESS, "--no-waits"]
PATIENT = ["nice", "-n", "10"]
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
    codes = [run_part([*HARNESS, *arguments])] if arguments else run_everything()
    minutes = (time.monotonic() - began_at) / 60
    print(f"\nTogether {'ok' if not any(codes) else 'FAILED'}, {minutes:.0f} minutes", flush=True)
    return 1 if any(codes) else 0


def run_everything() -> list[int]:
    """The exit code of each part. What promises something in seconds runs alone, in the end."""
    with contextlib.ExitStack() as all_beside:
        waiting = [all_beside.enter_context(beside(part)) for part in WAITING]
        codes = [run_part(part, patient=True) for part in PROTOCOL]
        codes += [one.finish() for one in waiting]
    return [*codes, run_part(OTHERS)]


@dataclass
class Beside:
    part: list[str]
    process: subprocess.Popen[bytes]
    said: IO[bytes]

    def finish(self) -> int:
        """Wait for it, and print what it has said meanwhile. Its exit code."""
        print(f"\n{title(self.part)} (it has run beside these)", flush=True)
        code = self.process.wait()
        self.said.seek(0)
        sys.stdout.write(self.said.read().decode())
        sys.stdout.flush()
        return code


@contextlib.contextmanager
def beside(part: list[str]) -> Iterator[Beside]:
    with (
        tempfile.TemporaryFile() as said,
        subprocess.Popen(command(part), cwd=ROOT, stdin=subprocess.DEVNULL, stdout=said, stderr=said) as process,
    ):
        try:
            yield Beside(part, process, said)
        finally:
            process.terminate()


def run_part(part: list[str], *, patient: bool = False) -> int:
    """Its exit code. One that is `patient` takes what others leave of the processors."""
    print(f"\n{title(part)}", flush=True)
    whole = [*(PATIENT if patient else []), *command(part)]
    return subprocess.run(whole, cwd=ROOT, stdin=subprocess.DEVNULL, check=False).returncode


def title(part: list[str]) -> str:
    return f"== {' '.join(part[1:])} =="


def command(part: list[str]) -> list[str]:
    return [str(python_path()), *part]
