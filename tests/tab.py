"""A visitor's browser tab without the browser: one websocket to a server that really runs."""

from __future__ import annotations

import contextlib
import json
import socket
import ssl
import time
import urllib.request
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection, connect
from websockets.typing import Origin, Subprotocol

DEADLINE_SECONDS = 10.0
JSON = {"Content-Type": "application/json"}


def open_conversation(
    address: str,
    *,
    helpline: str = "foreldresupport",
    headers: dict[str, str] | None = None,
    certificate: ssl.SSLContext | None = None,
) -> str:
    """Begin to wait, at the helpline that never closes unless another is named. Returns the visitor's token."""
    body = json.dumps({"language": "nb", "intro": {}}).encode()
    url = f"{address}/{helpline}/conversations/"
    request = urllib.request.Request(url, data=body, headers={**JSON, **(headers or {})})
    with urllib.request.urlopen(request, timeout=DEADLINE_SECONDS, context=certificate) as answer:
        assert answer.status == 201
        return str(json.load(answer)["token"])


class Tab:
    """A visitor's browser tab: what it has sent, and what it was given, in order."""

    def __init__(self, link: ClientConnection, *, token: str | None, after: int = 0, epoch: int | None = None) -> None:
        self.link = link
        self.received: list[dict[str, Any]] = []
        self.send(type="hello", token=token, epoch=epoch, after=after)
        self.welcome = self.wait_for("welcome")

    def send(self, **frame: object) -> None:
        self.link.send(json.dumps(frame))

    def write(self, body: str) -> str:
        origin_id = str(uuid.uuid4())
        self.send(type="message", origin_id=origin_id, body=body)
        return origin_id

    def wait_for(self, kind: str, **wanted: object) -> dict[str, Any]:
        """The first frame of `kind` that has what is `wanted`, now or earlier if a message. Raises `TimeoutError`."""
        earlier = self.received if kind == "message" else []
        if found := next((frame for frame in earlier if wanted.items() <= frame.items()), None):
            return found
        give_up_at = time.monotonic() + DEADLINE_SECONDS
        while True:
            frame: dict[str, Any] = json.loads(self.link.recv(timeout=max(0.0, give_up_at - time.monotonic())))
            if frame["type"] == "message":
                self.received.append(frame)
                # The server may have said goodbye behind this frame; what it said before is still to be read.
                with contextlib.suppress(ConnectionClosed):
                    self.send(type="displayed", seq=frame["seq"])
            if frame["type"] == kind and wanted.items() <= frame.items():
                return frame

    def bodies(self) -> list[tuple[int, str]]:
        return [(frame["seq"], frame["body"]) for frame in self.received]


@contextmanager
def tab(
    address: str,
    token: str | None,
    *,
    headers: dict[str, str] | None = None,
    path: str = "/ws/visitor/",
    origin: str = "",
    certificate: ssl.SSLContext | None = None,
    line: socket.socket | None = None,
    **cursor: Any,
) -> Iterator[Tab]:
    """A tab at a server's http or https `address`, closed with the block. `line` leads there if its name does not."""
    url = f"{address.replace('http', 'ws', 1)}{path}"
    options: dict[str, Any] = {"subprotocols": [Subprotocol("helpline.v1")], "compression": None}
    options |= {"origin": Origin(origin) if origin else None, "ssl": certificate, "sock": line}
    with connect(url, additional_headers=headers, **options) as link:
        yield Tab(link, token=token, **cursor)


def say(address: str, token: str, *bodies: str) -> list[str]:
    """Write `bodies` and wait until they are stored. Returns their origin ids."""
    with tab(address, token) as visitor:
        ids = [visitor.write(body) for body in bodies]
        for origin_id in ids:
            visitor.wait_for("ack", origin_id=origin_id)
    return ids
