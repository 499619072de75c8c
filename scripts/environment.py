"""The virtual environment, filled from the lock files and from nothing else."""

from __future__ import annotations

import contextlib
import hashlib
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

if sys.platform != "win32":
    import fcntl

from scripts.machine import ROOT, Missing, find_program, has, missing_sentence, require_python

VENV = ROOT / ".venv"
RUN_LOCK = "requirements.txt"
TEST_LOCK = "requirements-dev.txt"
SERVERS_LOCK = "requirements-servers.txt"
# A lock that holds another one whole: installing the first has installed the second.
HOLDS = {TEST_LOCK: [RUN_LOCK]}


def python_path() -> Path:
    return VENV / ("Scripts/python.exe" if os.name == "nt" else "bin/python")


def program_path(name: str) -> str:
    """A command-line program that the lock file installed."""
    return str(python_path().with_name(name))


def run(command: list[str | Path], *, env: dict[str, str] | None = None) -> None:
    """Run a command of ours from the project's root. Raises `CalledProcessError`."""
    subprocess.run([str(part) for part in command], cwd=ROOT, env={**os.environ, **(env or {})}, check=True)


def set_up(*, lock: str = RUN_LOCK) -> None:
    """A virtual environment with what `lock` names, and compiled texts. Takes a moment when nothing has changed."""
    require_python()
    with one_at_a_time():
        make_venv()
        install_lock(lock)
        run([python_path(), "-m", "scripts.catalogues"])


@contextlib.contextmanager
def one_at_a_time() -> Iterator[None]:
    """Two that install into the same environment at once, in two terminals, would leave half of each."""
    if sys.platform == "win32":
        yield
        return
    with (ROOT / RUN_LOCK).open() as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            print("Waiting for another set-up of this folder to end ...", flush=True)
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def make_venv() -> None:
    if venv_works():
        return
    if not has("python3-venv"):
        raise Missing(missing_sentence("python3-venv"))
    print(f"Making a virtual environment in {VENV.name} ...", flush=True)
    try:
        run([sys.executable, "-m", "venv", "--clear", VENV])
    except subprocess.CalledProcessError:
        raise Missing(missing_sentence("python3-venv", purpose="python3 -m venv failed")) from None


def venv_works() -> bool:
    """False when there is none, or when the Python it was made with has been moved or removed."""
    try:
        subprocess.run([python_path(), "-m", "pip", "--version"], stdout=subprocess.DEVNULL, check=True)
    except (OSError, subprocess.CalledProcessError):
        return False
    return True


def install_lock(lock: str) -> None:
    """Install `lock` with its hashes unless that has been done since it last changed. Raises `Missing`."""
    wanted = fingerprint(lock)
    if stamp_path(lock).exists() and stamp_path(lock).read_text() == wanted:
        return
    print(f"Installing what {lock} names ...", flush=True)
    command: list[str | Path] = [python_path(), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    try:
        run([*command, "--require-hashes", "--requirement", lock])
    except subprocess.CalledProcessError:
        raise Missing(f"What {lock} names could not be installed: see pip's message above.") from None
    for installed in [lock, *HOLDS.get(lock, [])]:
        stamp_path(installed).write_text(fingerprint(installed))


def fingerprint(lock: str) -> str:
    return hashlib.sha256((ROOT / lock).read_bytes()).hexdigest()


def stamp_path(lock: str) -> Path:
    return VENV / f".installed-{lock}"


def install_node_packages() -> None:
    """biome, axe-core and acorn as package-lock.json names them. Raises `Missing`."""
    npm = find_program("npm")
    if not npm or not has("node"):
        raise Missing(missing_sentence("npm" if has("node") else "node", purpose="checks of the browser's code"))
    stamp = ROOT / "node_modules" / ".installed-package-lock.json"
    if stamp.exists() and stamp.read_text() == fingerprint("package-lock.json"):
        return
    print("Installing what package-lock.json names ...", flush=True)
    try:
        run([npm, "ci", "--silent"])
    except subprocess.CalledProcessError:
        raise Missing("What package-lock.json names could not be installed: run npm ci to see why.") from None
    stamp.write_text(fingerprint("package-lock.json"))
