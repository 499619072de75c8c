"""Clients that keep to no rule: bytes on a socket, frames of any shape, answers read or not.

    python -m tests.faults.rude < PLAN

is a flood of messages from a process of its own, so that it costs the harness nothing: see `Plan`.
"""

from __future__ import annotations

import json
import secrets
import socket
import sys
import time
import uuid
from base64 import b64encode
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import asdict, dataclass
from typing import Any
from urllib.parse import urlsplit

CONTINUATION, TEXT, BINARY, CLOSE, PING, PONG = 0, 1, 2, 8, 9, 10
ESTABLISHED = 1
CONNECT_SECONDS = 10.0
TICK_SECONDS = 0.05


def frame(payload: bytes, opcode: int = TEXT, *, fin: bool = True, masked: bool = True, reserved: int = 0) -> bytes:
    """One frame of RFC 6455, well-formed or not. The mask is zero: the text goes as it is."""
    first, size = (fin << 7) | (reserved << 4) | opcode, len(payload)
    mask = masked << 7
    if size < 126:
        head = bytes((first, mask | size))
    elif size < 1 << 16:
        head = bytes((first, mask | 126)) + size.to_bytes(2, "big")
    else:
        head = bytes((first, mask | 127)) + size.to_bytes(8, "big")
    return head + (bytes(4) if masked else b"") + payload


def say(**fields: object) -> bytes:
    return frame(json.dumps(fields).encode())


class Rude:
    """One open websocket that has not said hello. `receive_bytes` is how much its system takes in unread."""

    def __init__(self, address: str, path: str, *, cookie: str = "", receive_bytes: int = 0) -> None:
        host, port = urlsplit(address).hostname, urlsplit(address).port
        self.socket = socket.socket()
        if receive_bytes:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_bytes)
        self.socket.settimeout(CONNECT_SECONDS)
        self.socket.connect((host, port))
        lines = [
            f"GET {path} HTTP/1.1",
            f"Host: {host}:{port}",
            "Upgrade: websocket",
            "Connection: Upgrade",
            f"Sec-WebSocket-Key: {b64encode(secrets.token_bytes(16)).decode()}",
            "Sec-WebSocket-Version: 13",
            "Sec-WebSocket-Protocol: helpline.v1",
            *([f"Cookie: {cookie}"] if cookie else []),
        ]
        self.socket.sendall("".join(f"{line}\r\n" for line in [*lines, ""]).encode())
        self._unread = b""
        while b"\r\n\r\n" not in self._unread:
            self._read()
        head, _, self._unread = self._unread.partition(b"\r\n\r\n")
        if b" 101 " not in head.split(b"\r\n")[0]:
            raise ConnectionError(head.split(b"\r\n")[0].decode())

    def _read(self) -> None:
        data = self.socket.recv(65536)
        if not data:
            raise ConnectionError("closed")
        self._unread += data

    @property
    def is_open(self) -> bool:
        """What its system knows: whether the other end is still there, read or not."""
        return self.socket.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 1)[0] == ESTABLISHED

    def arrived(self) -> Iterator[tuple[int, bytes]]:
        """Whole frames of those that have been read; a server's are not masked."""
        while len(self._unread) >= 2:
            opcode, size, start = self._unread[0] & 15, self._unread[1], 2
            if size == 126:
                size, start = int.from_bytes(self._unread[2:4], "big"), 4
            elif size == 127:
                size, start = int.from_bytes(self._unread[2:10], "big"), 10
            if len(self._unread) < start + size:
                return
            payload, self._unread = self._unread[start : start + size], self._unread[start + size :]
            yield opcode, payload

    def read_until_closed(self, *, seconds: float) -> tuple[list[dict[str, Any]], int | None]:
        """What it is told, and the code it is closed with: 1006 when the line just breaks, None when it stays open."""
        return self.read_until(lambda told: False, seconds=seconds)

    def read_until(
        self, enough: Callable[[dict[str, Any]], bool], *, seconds: float
    ) -> tuple[list[dict[str, Any]], int | None]:
        """As above, and no further than what is enough."""
        told: list[dict[str, Any]] = []
        give_up_at = time.monotonic() + seconds
        while (left := give_up_at - time.monotonic()) > 0:
            for opcode, payload in self.arrived():
                if opcode == TEXT:
                    told.append(json.loads(payload))
                    if enough(told[-1]):
                        return told, None
                elif opcode == CLOSE:
                    return told, int.from_bytes(payload[:2], "big") if payload else 1005
            self.socket.settimeout(left)
            try:
                self._read()
            except TimeoutError:
                break
            except OSError:
                return told, 1006
        return told, None

    def read_what_came(self) -> list[dict[str, Any]]:
        """Without waiting."""
        self.socket.setblocking(False)
        with suppress(BlockingIOError):
            while True:
                self._read()
        return [json.loads(payload) for opcode, payload in self.arrived() if opcode == TEXT]

    def leave(self) -> None:
        """Gone at once, whatever is still on its way."""
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, (1).to_bytes(4, "little") + bytes(4))
        self.socket.close()


# -- a flood -----------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Way:
    """One socket of a flood."""

    address: str
    path: str
    hello: dict[str, str]
    cookie: str
    conversation: int
    role: str


@dataclass(frozen=True, slots=True)
class Plan:
    """So many messages a second from each, for so long; every body begins with its conversation's canary."""

    ways: list[Way]
    per_second: float
    seconds: float


@dataclass(slots=True)
class Sent:
    """`seq` 0: no answer came. A refused message is not told of here."""

    conversation: int
    role: str
    sender: str
    origin_id: str
    body: str
    at: float
    seq: int = 0


class Flooder:
    def __init__(self, way: Way, number: int) -> None:
        self.way, self.name = way, f"flood-{number}-{secrets.token_hex(3)}"
        self.rude: Rude | None = Rude(way.address, way.path, cookie=way.cookie)
        self.rude.socket.sendall(say(type="hello", **way.hello, after=0))
        self.thought_up: list[tuple[Sent, bytes]] = []
        self.sent: dict[str, Sent] = {}
        self.written = self.refused = 0

    def think_up(self, number: int) -> None:
        """What it will write: made beforehand, so that the flood takes as little as can be from the others' machine."""
        for count in range(number):
            one = Sent(self.way.conversation, self.way.role, self.name, str(uuid.uuid4()), "", 0.0)
            one.body = f"<{one.conversation}> {self.name} oversvømmer {count}"
            self.thought_up.append((one, say(type="message", origin_id=one.origin_id, body=one.body)))

    def write(self, number: int) -> None:
        """So many of these, if its system takes them; otherwise they are forgotten."""
        chosen = self.thought_up[self.written : self.written + number]
        if self.rude is None or not self._send(b"".join(data for _, data in chosen)):
            return
        for one, _ in chosen:
            one.at = time.monotonic()
            self.sent[one.origin_id] = one
        self.written += len(chosen)

    def _send(self, data: bytes) -> bool:
        """Whole or not at all: what has begun is waited for."""
        assert self.rude is not None
        self.rude.socket.setblocking(False)
        try:
            done = self.rude.socket.send(data)
            self.rude.socket.settimeout(CONNECT_SECONDS)
            self.rude.socket.sendall(data[done:])
        except BlockingIOError:
            return False
        except OSError:
            self.rude = None
            return False
        return True

    def hear(self) -> None:
        if self.rude is None:
            return
        try:
            told = self.rude.read_what_came()
        except OSError:
            self.rude = None
            return
        for answer in told:
            if answer["type"] == "ack":
                self.sent[answer["origin_id"]].seq = answer["seq"]
            elif answer["type"] == "error" and answer.get("origin_id"):
                self.refused += 1
                del self.sent[answer["origin_id"]]


def flood(plan: Plan) -> dict[str, Any]:
    flooders = [Flooder(way, number) for number, way in enumerate(plan.ways)]
    for flooder in flooders:
        flooder.think_up(int(plan.per_second * plan.seconds))
    print("flooding", flush=True)
    began_at, rounds = time.monotonic(), 0
    while (gone := time.monotonic() - began_at) < plan.seconds:
        due = int(gone * plan.per_second) - rounds
        rounds += due
        for flooder in flooders:
            flooder.write(due)
            flooder.hear()
        time.sleep(TICK_SECONDS)
    for flooder in flooders:
        flooder.hear()
        if flooder.rude is not None:
            flooder.rude.leave()
    return {
        "written": sum(flooder.written for flooder in flooders),
        "refused": sum(flooder.refused for flooder in flooders),
        "cut": sum(flooder.rude is None for flooder in flooders),
        "sent": [asdict(one) for flooder in flooders for one in flooder.sent.values()],
    }


if __name__ == "__main__":
    given = json.load(sys.stdin)
    print(json.dumps(flood(Plan([Way(**way) for way in given.pop("ways")], **given))))
