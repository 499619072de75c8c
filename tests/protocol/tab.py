"""A tab as the state machine of the protocol drives it: a socket in memory, and all that its reader may demand."""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from collections.abc import MutableMapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from counsellor.sockets import CounsellorSocket
from intake.delivery import frames
from intake.delivery import hub as exchange
from intake.visitor.socket import VisitorSocket
from tests.protocol.world import WINDOW, World

if TYPE_CHECKING:
    from tests.protocol.talk import Talk

CONTROL = {"welcome", "ack", "head", "gap", "composing", "paused", "displayed", "queue", "state", "error"}


class Wire:
    """One socket of a tab. `hear()` takes what has come and holds every frame against the protocol."""

    def __init__(self, world: World, tab: Tab, *, hub: int, hello: dict[str, Any], dead: bool) -> None:
        self.tab, self.hub, self.dead = tab, hub, dead
        self.inbox: asyncio.Queue[MutableMapping[str, Any]] = asyncio.Queue()
        self.outbox: list[dict[str, Any]] = []
        self.heard = 0
        self.kinds: list[str] = []
        self.story: list[str] = []
        self.closed: int | None = None
        self.left = False
        self.next: int | None = hello["after"] + 1
        self.claims: list[tuple[str, int]] = [("hello", hello["after"])]
        self.posted: list[str] = []
        self.answered: Counter[str] = Counter()
        self.must_refuse: set[str] = set()
        self.handed_over = False
        self.shown = 0
        self._world = world
        scope: dict[str, Any] = {
            "type": "websocket",
            "subprotocols": [frames.SUBPROTOCOL],
            "headers": [],
            "cookies": tab.cookies,
        }
        exchange._hub = world.hubs[hub]  # the process that the balancer has chosen
        socket_class = VisitorSocket if tab.role == "visitor" else CounsellorSocket
        self.put({"type": "websocket.connect"})
        self.task = world.loop.create_task(socket_class(scope, self.inbox.get, self._send).run())
        world.spin(2)
        self.say(type="hello", **hello)

    async def _send(self, event: dict[str, Any]) -> None:
        self.outbox.append(event)

    def put(self, event: dict[str, Any]) -> None:
        self._world.loop.call_soon(self.inbox.put_nowait, event)

    def say(self, **frame: Any) -> None:
        self.put({"type": "websocket.receive", "text": json.dumps(frame)})

    @property
    def waiting(self) -> Counter[str]:
        """What it has posted, as often as that has not been answered: each time it is sent has an answer of its own."""
        return Counter(self.posted) - self.answered

    @property
    def alive(self) -> bool:
        return not self.left and self.closed is None

    def leave(self) -> None:
        """The tab lets go; what is on its way ends as unknown."""
        if not self.left:
            self.left = True
            self.put({"type": "websocket.disconnect", "code": 1006})

    # -- what the reader demands -------------------------------------------------------------------------------
    def hear(self) -> None:
        while self.heard < len(self.outbox):
            event = self.outbox[self.heard]
            self.heard += 1
            assert self.closed is None, f"{event} after the close"
            if event["type"] == "websocket.close":
                self._close(event["code"])
            elif event["type"] == "websocket.send":
                self._take(json.loads(event["text"]))
        if self.task.done() and not self.task.cancelled():
            self.task.result()

    def _close(self, code: int) -> None:
        self.closed = code
        self.tab.talk.check_close(self, code)
        self.put({"type": "websocket.disconnect", "code": code})

    def _take(self, frame: dict[str, Any]) -> None:
        kind = frame["type"]
        self.kinds.append(kind)
        self.story.append(f"{kind} {frame.get('seq', frame.get('head', ''))}")
        if self.dead:
            assert kind == "error", f"a dead token was told {frame}"
            return
        if kind == "message":
            self._message(frame)
            return
        assert kind in CONTROL, frame
        if kind == "welcome" and self is self.tab.wire and self.tab.epoch is None:
            self.tab.epoch = frame["epoch"]
        elif kind == "gap":
            # Until the server has heard that everything is asked for anew, it goes on from wherever it stands.
            self.next = None
            self.claims = [("void", self.limit - WINDOW)]
            # A socket that the tab has given up hears it too, perhaps after the one in its place, whose view stays.
            if self is self.tab.wire and not self.left:
                self.tab.drop(frame["epoch"])
            self.sync(0)
        elif kind == "ack":
            self.tab.talk.check_ack(self, frame["origin_id"], frame["seq"])
        elif kind == "error":
            self.tab.talk.check_error(self, frame)

    def _message(self, frame: dict[str, Any]) -> None:
        seq = frame["seq"]
        asked = next((n for n, claim in enumerate(self.claims) if claim == ("sync", seq - 1)), None)
        if self.next not in (None, seq):
            assert asked is not None, f"{seq} came where {self.next} was due: {self.story}"
            self.claims = [("heard", seq - 1), *self.claims[asked + 1 :]]
        # What was due anyway may have left before the server read the question: the answer to it may still come.
        if self.next is not None or asked is not None:
            assert seq <= self.limit, f"{seq} is beyond the window, which ends at {self.limit}: {self.story}"
            self.next = seq + 1
        self.tab.talk.check_text(frame)
        if self is self.tab.wire and self.next is not None:
            self.tab.show(frame)

    @property
    def limit(self) -> int:
        """The last number that the server may send by what it has been told, in whatever order it gets to read it."""
        return max(claim[1] for claim in self.claims) + WINDOW

    @property
    def due(self) -> int:
        """The number up to which the server sends when it has read everything: no less may have arrived."""
        confirmed, rewound = 0, False
        for kind, number in self.claims:
            if kind != "displayed":
                confirmed, rewound = number, kind == "sync"
            elif not rewound:
                confirmed = max(confirmed, number)
        return confirmed + WINDOW

    def sync(self, after: int) -> None:
        self.claims.append(("sync", after))
        self.story.append(f"sync({after})")
        self.say(type="sync", after=after)

    def display(self) -> None:
        self.shown = self.tab.last
        self.claims.append(("displayed", self.tab.last))
        self.story.append(f"displayed({self.tab.last})")
        self.say(type="displayed", seq=self.tab.last)


@dataclass(eq=False)
class Tab:
    """What one reader holds: an epoch, and every message from 1 without a hole."""

    talk: Talk
    role: str
    person: int = 0
    cookies: dict[str, str] = field(default_factory=dict)
    epoch: int | None = None
    view: list[tuple[str, str, str]] = field(default_factory=list)
    wire: Wire | None = None
    ghosts: list[Wire] = field(default_factory=list)

    @property
    def last(self) -> int:
        return len(self.view)

    def wires(self) -> list[Wire]:
        return [*self.ghosts, *([self.wire] if self.wire else [])]

    def drop(self, epoch: int | None) -> None:
        self.view.clear()
        self.epoch = epoch

    def show(self, frame: dict[str, Any]) -> None:
        said = (frame["role"], frame["origin_id"], frame["body"])
        seq = frame["seq"]
        if seq <= self.last:
            assert self.view[seq - 1] == said, f"{seq} was {self.view[seq - 1]} and is {said}"
            return
        assert seq == self.last + 1, f"{seq} follows {self.last}"
        self.view.append(said)
