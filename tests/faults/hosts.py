"""A network of our own: each web process on a host of its own, with a cable to the harness that can be cut or slow.

Linux network namespaces without names. They end with the last process in them, so nothing can be left behind, and no
packet gets into any other network. The addresses are those set apart for tests of networks (RFC 2544).
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager

CLONE_NEWNET = 0x40000000
HUB = "198.18.0.1"
"""The harness itself, with PostgreSQL, Redis and all clients."""
NEEDS = ("ip", "nft", "nsenter", "setpriv", "tc", "unshare")


def enter_own_network() -> None:
    """This process, and whatever it starts from now on, is alone with itself and its hosts. Before any thread."""
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.unshare(CLONE_NEWNET):
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
    lay(["link set lo up", "link add hosts type bridge", f"addr add {HUB}/24 dev hosts", "link set hosts up"])


class Host:
    """A network namespace with an address. Processes get into it by the prefix `inside`."""

    def __init__(self, number: int) -> None:
        self.address = f"198.18.0.{10 + number}"
        self._cable = f"host{number}"
        self._holder: subprocess.Popen[bytes] | None = None

    @property
    def inside(self) -> list[str]:
        assert self._holder is not None
        return ["nsenter", f"--net=/proc/{self._holder.pid}/ns/net", "--"]

    def __enter__(self) -> Host:
        # It is killed with us, however we end: nothing else holds the namespace.
        holder = ["setpriv", "--pdeathsig", "KILL", "unshare", "--net", "--", "sh", "-c", "echo; exec sleep infinity"]
        self._holder = subprocess.Popen(holder, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE)
        assert self._holder.stdout is not None
        self._holder.stdout.readline()
        lay([*self._plug(self._cable, "eth0"), f"link set {self._cable} master hosts"])
        lay(["link set lo up", f"addr add {self.address}/24 dev eth0", "link set eth0 up"], inside=self.inside)
        return self

    def __exit__(self, *_: object) -> None:
        assert self._holder is not None
        self._holder.kill()
        self._holder.communicate()
        lay([f"link del {self._cable}"], careful=False)

    def _plug(self, here: str, there: str) -> list[str]:
        assert self._holder is not None
        return [f"link add {here} type veth peer name {there} netns {self._holder.pid}", f"link set {here} up"]

    # -- faults -----------------------------------------------------------------------------------------------
    def cut(self, *ports: int, to_host: bool = True, from_host: bool = True) -> None:
        """Packets of these ports are lost on the way. Nobody is told: what is sent is simply never heard of."""
        if to_host:
            filter_packets("inbound", drop(ports), inside=self.inside)
        if from_host:
            filter_packets(self._cable, drop(ports, sender=f"ip saddr {self.address} "))

    def heal(self) -> None:
        filter_packets("inbound", [], inside=self.inside)
        filter_packets(self._cable, [])

    @contextmanager
    def slow_lines(self, number: int, *, kbit: int) -> Iterator[list[str]]:
        """Addresses at which it is reached too, over as many lines of this rate in each direction."""
        lines = {f"slow{index}": f"198.18.{index + 1}" for index in range(number)}
        with contextlib.ExitStack() as stack:
            for name, net in lines.items():
                stack.enter_context(self._line(name, net, kbit))
            yield [f"{net}.2" for net in lines.values()]

    @contextmanager
    def _line(self, name: str, net: str, kbit: int) -> Iterator[None]:
        lay([*self._plug(name, name), f"addr add {net}.1/30 dev {name}"])
        lay([f"addr add {net}.2/30 dev {name}", f"link set {name} up"], inside=self.inside)
        for inside in ([], self.inside):
            # A modem keeps some seconds' worth of packets before it drops them.
            run([*inside, *f"tc qdisc add dev {name} root tbf rate {kbit}kbit burst 3000 limit 32000".split()])
        try:
            yield
        finally:
            lay([f"link del {name}"], careful=False)


@contextmanager
def hosts(number: int) -> Iterator[list[Host]]:
    with ExitStack() as stack:
        yield [stack.enter_context(Host(index)) for index in range(number)]


def drop(ports: Sequence[int], *, sender: str = "") -> list[str]:
    return [f"{sender}tcp {end} {port} drop" for port in ports for end in ("dport", "sport")]


def filter_packets(table: str, rules: Sequence[str], *, inside: Sequence[str] = ()) -> None:
    """These rules, and no others, for what comes in.

    What comes in, since a packet dropped on its way out is noticed by who sends it, and one lost on the way is not.
    """
    chain = ["chain arriving {", "type filter hook input priority 0;", *rules, "}"]
    lines = [f"table inet {table} {{", "}", f"delete table inet {table}", f"table inet {table} {{", *chain, "}"]
    run([*inside, "nft", "-f", "-"], lines="\n".join(lines))


def lay(lines: Sequence[str], *, inside: Sequence[str] = (), careful: bool = True) -> None:
    """Cables and addresses, in the words of ip(8)."""
    run([*inside, "ip", "-batch", "-"], lines="\n".join(lines), careful=careful)


def run(command: Sequence[str], *, lines: str = "", careful: bool = True) -> None:
    answer = subprocess.run(command, input=f"{lines}\n".encode(), capture_output=True, check=False)
    if careful and answer.returncode:
        raise RuntimeError(f"{' '.join(command)}: {answer.stderr.decode()}")
