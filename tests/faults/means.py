"""What a fault needs of this machine, and whether it is here.

Root's rights are tried with the very code that will use them: in a container, root is often forbidden all of it.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterable
from functools import cache

from scripts.machine import ROOT, find_program
from tests.faults.disks import small_disk
from tests.faults.servers import folder_for

NETWORKS, DISKS = "root's right to make networks", "root's right to mount disks"
TRY_SECONDS = 30.0
TRY_NETWORKS = """
from tests.faults.hosts import enter_own_network, hosts
enter_own_network()
with hosts(1) as (host,), host.slow_lines(1, kbit=64):
    host.cut(80)
"""


def lacking(needs: Iterable[str]) -> list[str]:
    """Those of them that are not here: programs, and what root may do. Without a program nothing is tried."""
    wanted = list(needs)
    programs = [name for name in wanted if name not in TRIES and find_program(name) is None]
    return programs or [right for right in wanted if right in TRIES and not is_allowed(right)]


@cache
def is_allowed(right: str) -> bool:
    return TRIES[right]()


def may_make_networks() -> bool:
    """Tried in another process, since whoever enters a network of her own does not come back."""
    command = [sys.executable, "-c", TRY_NETWORKS]
    answer = subprocess.run(
        command, cwd=ROOT, stdin=subprocess.DEVNULL, capture_output=True, timeout=TRY_SECONDS, check=False
    )
    return answer.returncode == 0


def may_mount_disks() -> bool:
    with folder_for("try") as folder:
        place = folder / "disk"
        place.mkdir()
        try:
            with small_disk(place, room_megabytes=1):
                return place.is_mount()
        except (OSError, RuntimeError):
            return False


TRIES: dict[str, Callable[[], bool]] = {NETWORKS: may_make_networks, DISKS: may_mount_disks}
