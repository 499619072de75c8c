"""What this machine has, and a plain sentence for what it lacks."""

from __future__ import annotations

import importlib.util
import os
import shutil
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
OLDEST_PYTHON = (3, 11)
DEBIAN_PACKAGE = {
    "caddy": "caddy",
    "chromium": "chromium",
    "docker-compose": "docker-compose",
    "ejabberd": "ejabberd erlang-p1-pgsql",
    "faketime": "faketime",
    "ip": "iproute2",
    "mount": "mount",
    "nft": "nftables",
    "node": "nodejs",
    "npm": "npm",
    "nsenter": "util-linux",
    "postgres": "postgresql",
    "python3-venv": "python3-venv",
    "redis-server": "redis-server",
    "setpriv": "util-linux",
    "tc": "iproute2",
    "tor": "tor",
    "umount": "mount",
    "unshare": "util-linux",
}
OTHER_NAMES = {
    "chromium": ["chromium-browser", "google-chrome", "google-chrome-stable"],
    "ejabberd": ["ejabberdctl"],
    "redis-server": ["valkey-server"],
}
OTHER_FOLDERS = {
    "chromium": ["/Applications/Chromium.app/Contents/MacOS", "/Applications/Google Chrome.app/Contents/MacOS"],
    "ejabberd": ["/usr/sbin"],
    # Debian keeps the server's programs out of PATH, one folder a version.
    "postgres": [str(folder) for folder in sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)],
}


class Missing(Exception):
    """Something this machine lacks. The message is one plain sentence that says what to do."""


def in_ci() -> bool:
    return os.environ.get("CI", "").lower() in {"1", "true", "yes"}


def find_program(name: str) -> str | None:
    """The path of `name`, by its other names and in the folders where systems hide it, or None."""
    path = os.pathsep.join([os.environ.get("PATH", os.defpath), *OTHER_FOLDERS.get(name, [])])
    for candidate in [name, *OTHER_NAMES.get(name, []), "Google Chrome" if name == "chromium" else name]:
        if found := shutil.which(candidate, path=path):
            return found
    return None


def has(name: str) -> bool:
    if name == "python3-venv":
        return importlib.util.find_spec("ensurepip") is not None and importlib.util.find_spec("venv") is not None
    return find_program(name) is not None


def missing_sentence(name: str, *, purpose: str = "") -> str:
    """For example: "python3-venv is missing: apt install python3-venv"."""
    sentence = f"{name} is missing: apt install {DEBIAN_PACKAGE.get(name, name)}"
    return f"{sentence} ({purpose})" if purpose else sentence


def require_python() -> None:
    if sys.version_info < OLDEST_PYTHON:
        oldest = ".".join(map(str, OLDEST_PYTHON))
        raise Missing(f"Python {oldest} or newer is needed, and this is {sys.version.split()[0]}: apt install python3")


def may_install() -> bool:
    """Only root of a Debian-like machine can be given packages without asking anybody."""
    return hasattr(os, "geteuid") and os.geteuid() == 0 and shutil.which("apt-get") is not None


def provide(names: Iterable[str]) -> None:
    """Install with apt-get those of `names` that are missing, where that is possible. Never raises."""
    wanted = [name for name in names if not has(name)]
    if not wanted or not may_install():
        return
    packages = [DEBIAN_PACKAGE[name] for name in wanted]
    print(f"Installing {', '.join(packages)} with apt-get ...", flush=True)
    quiet = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    subprocess.run(["apt-get", "update", "-qq"], env=quiet, stdin=subprocess.DEVNULL, check=False)
    for package in packages:
        command = ["apt-get", "install", "-y", "-qq", "--no-install-recommends", *package.split()]
        subprocess.run(command, env=quiet, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, check=False)
    importlib.invalidate_caches()
