"""Small disks that can be filled to the last byte. Only root can make one."""

from __future__ import annotations

import contextlib
import errno
import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

CHUNK = b"\0" * 65536
NAME = "chatline-disk-"


@contextlib.contextmanager
def small_disk(folder: Path, *, room_megabytes: int) -> Iterator[None]:
    """`folder` with what is in it lies on a disk of its own, with so much room left. Nobody may be at work in it.

    What is written there is gone with the block.
    """
    away = folder.with_name(f"{folder.name}-away")
    size = int(run("du", "-sm", str(folder)).split()[0]) + room_megabytes
    owner = folder.stat()
    folder.rename(away)
    folder.mkdir()
    options = f"size={size}m,mode={owner.st_mode & 0o777:o},uid={owner.st_uid},gid={owner.st_gid}"
    run("mount", "-t", "tmpfs", "-o", options, f"{NAME}{os.getpid()}", str(folder))
    try:
        run("cp", "-a", f"{away}/.", str(folder))
        yield
    finally:
        run("umount", "--lazy", str(folder))
        folder.rmdir()
        away.rename(folder)


def fill(folder: Path) -> Path:
    """A file that takes all the room there is left: remove it to heal."""
    ballast = folder / "ballast"
    with ballast.open("wb", buffering=0) as file:
        try:
            while True:
                file.write(CHUNK)
        except OSError as full:
            if full.errno != errno.ENOSPC:
                raise
    return ballast


def free_bytes(folder: Path) -> int:
    return shutil.disk_usage(folder).free


def forget_disks_of_the_dead() -> None:
    """Disks of a harness that was killed outright."""
    for line in Path("/proc/mounts").read_text().splitlines():
        source, folder, *_ = line.split()
        if source.startswith(NAME) and not Path("/proc", source.removeprefix(NAME)).exists():
            subprocess.run(["umount", "--lazy", folder], check=False)


def run(*command: str) -> str:
    answer = subprocess.run(command, capture_output=True, text=True, check=False)
    if answer.returncode:
        raise RuntimeError(answer.stderr)
    return answer.stdout
