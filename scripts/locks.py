"""The lock files: every file of every release by its hash, and no host's name."""

from __future__ import annotations

import json
import os

from scripts.environment import RUN_LOCK, SERVERS_LOCK, TEST_LOCK, program_path, run, set_up
from scripts.machine import ROOT, Missing, find_program, missing_sentence

COMPILE = [
    "--quiet",
    "--generate-hashes",
    "--strip-extras",
    "--allow-unsafe",
    "--no-emit-index-url",
    "--no-emit-trusted-host",
    "--no-emit-find-links",
]
# The hashes must be those of the public index, so a machine's own extra indexes are left out.
ENVIRONMENT = {"PIP_CONFIG_FILE": os.devnull, "PIP_FIND_LINKS": "", "CUSTOM_COMPILE_COMMAND": "make lock"}


def lock_all(*, upgrade: bool = False) -> None:
    """Compile requirements*.txt from requirements*.in, and package-lock.json. With `upgrade`, to the newest allowed."""
    set_up(lock=TEST_LOCK)
    for lock in (RUN_LOCK, TEST_LOCK, SERVERS_LOCK):
        print(f"Locking {lock} ...", flush=True)
        source = lock.removesuffix(".txt") + ".in"
        constraint = ["--constraint", RUN_LOCK] if lock == TEST_LOCK else []
        newest = ["--upgrade"] if upgrade else []
        run(
            [program_path("pip-compile"), *COMPILE, *newest, *constraint, "--output-file", lock, source],
            env=ENVIRONMENT,
        )
    lock_node_packages()


def lock_node_packages() -> None:
    npm = find_program("npm")
    if not npm:
        raise Missing(missing_sentence("npm"))
    print("Locking package-lock.json ...", flush=True)
    run([npm, "install", "--package-lock-only", "--ignore-scripts", "--silent"])
    path = ROOT / "package-lock.json"
    lock = json.loads(path.read_text())
    for package in lock["packages"].values():
        package.pop("funding", None)
        package.pop("resolved", None)
    path.write_text(json.dumps(lock, indent=2, ensure_ascii=False) + "\n")
