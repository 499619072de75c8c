"""`bench`: the scripts under benchmarks/. They start a PostgreSQL that writes through to the disk, and Redis."""

from __future__ import annotations

import subprocess

from scripts.environment import TEST_LOCK, python_path, set_up
from scripts.machine import ROOT, provide
from scripts.testing import provide_servers


def run_benchmarks(arguments: list[str]) -> int:
    """Run those named by file (benchmarks/idle.py), or all. Other arguments go to each of them."""
    provide(["python3-venv", "postgres", "redis-server"])
    set_up(lock=TEST_LOCK)
    provide_servers()
    named = [argument for argument in arguments if (ROOT / argument).is_file()]
    scripts = named or sorted(str(path.relative_to(ROOT)) for path in (ROOT / "benchmarks").glob("[a-z]*.py"))
    passed_on = [argument for argument in arguments if argument not in named]
    codes = [run_benchmark(script, passed_on) for script in scripts]
    return max(codes, default=0)


def run_benchmark(script: str, arguments: list[str]) -> int:
    print(f"\n== {script} ==", flush=True)
    module = script.removesuffix(".py").replace("/", ".")
    return subprocess.run([str(python_path()), "-m", module, *arguments], cwd=ROOT, check=False).returncode
