"""Every lint, one after the other, so that one run shows all there is to mend."""

from __future__ import annotations

import subprocess

from scripts.environment import TEST_LOCK, install_node_packages, program_path, python_path, set_up
from scripts.machine import ROOT, Missing, find_program, in_ci, provide


def python_lints() -> dict[str, list[str]]:
    return {
        "ruff check": [program_path("ruff"), "check", "--quiet", "."],
        "ruff format": [program_path("ruff"), "format", "--check", "--quiet", "."],
        "mypy": [str(python_path()), "-m", "mypy", "--no-error-summary"],
        "import-linter": [program_path("lint-imports"), "--no-logo"],
        "djlint": [program_path("djlint"), "--lint", "--quiet", "templates"],
    }


def browser_lints() -> dict[str, list[str]]:
    node = find_program("node") or "node"
    return {
        "biome": [str(ROOT / "node_modules/.bin/biome"), "check", "--error-on-warnings", "."],
        "old browsers": [node, "scripts/old_browsers.mjs"],
    }


def lint() -> int:
    """Run all lints. 0 when nothing was found."""
    provide(["python3-venv", "node", "npm"])
    set_up(lock=TEST_LOCK)
    found = [name for name, command in python_lints().items() if not passes(name, command)]
    try:
        install_node_packages()
    except Missing as missing:
        print(f"Skipped biome: {missing}", flush=True)
        found += ["biome"] if in_ci() else []
    else:
        found += [name for name, command in browser_lints().items() if not passes(name, command)]
    print(f"Lint found something: {', '.join(found)}" if found else "Lint: nothing found.", flush=True)
    return 1 if found else 0


def passes(name: str, command: list[str]) -> bool:
    """Run one lint. What it prints is shown only when it finds something."""
    answer = subprocess.run(
        command,
        cwd=ROOT,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    print(f"{name:14} {'ok' if answer.returncode == 0 else 'FOUND SOMETHING'}", flush=True)
    if answer.returncode:
        print(answer.stdout, flush=True)
    return answer.returncode == 0
