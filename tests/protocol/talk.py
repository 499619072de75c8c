"""What must be true of one conversation, in plain lists: the model that the state machine holds the protocol to."""

from __future__ import annotations

import uuid
from dataclasses import dataclass, field
from typing import Any

from django.db import connection
from django.utils import timezone

from intake.models import Conversation, Message
from intake.rules.messages import Stored, read_messages
from intake.rules.openings import open_conversation
from tests.protocol.tab import Tab, Wire
from tests.protocol.world import World

ROLES = {Message.Role.VISITOR: "visitor", Message.Role.COUNSELLOR: "counsellor"}
FAILED = {"conflicting_retry", "ended", "malformed", "not_permitted", "too_long", "unknown_conversation"}


@dataclass
class Post:
    """One `origin_id` of one side: every body it was sent with, the number it was told, how it may fail."""

    bodies: list[str]
    wires: list[Wire] = field(default_factory=list)
    seq: int | None = None
    fault: str = ""


class Talk:
    """A conversation, its tabs, and everything anybody ever wrote in it."""

    def __init__(self, world: World) -> None:
        self.world = world
        opened = open_conversation(world.helpline, language="nb", intro={}, now=timezone.now())
        self.conversation, self.token = opened.conversation, opened.token
        self.pk, self.public_id = opened.conversation.pk, opened.conversation.public_id
        self.epoch = opened.conversation.epoch
        self.canary = uuid.uuid4().hex
        self.state, self.purged = "waiting", False
        self.holder: int | None = None
        self.posts: dict[tuple[str, str], Post] = {}
        self.told: dict[int, tuple[str, str]] = {}
        self.unproven: list[tuple[int, str, str]] = []
        self.tabs = [
            Tab(self, "visitor"),
            Tab(self, "visitor"),
            self._staff_tab(0),
            self._staff_tab(0),
            self._staff_tab(1),
        ]

    def _staff_tab(self, person: int) -> Tab:
        return Tab(self, "counsellor", person, self.world.cookies(person))

    @property
    def wires(self) -> list[Wire]:
        return [wire for tab in self.tabs for wire in tab.wires()]

    def has_no_right(self, tab: Tab) -> bool:
        return self.purged or (tab.role == "counsellor" and self.holder != tab.person)

    # -- what happens to it ------------------------------------------------------------------------------------
    def hold(self, person: int | None) -> None:
        if person != self.holder:
            for wire in self.wires:
                wire.handed_over = wire.handed_over or wire.tab.role == "counsellor"
        self.holder = person

    def forget_after(self, head: int) -> list[tuple[str, str]]:
        """A backup was restored: what was told of later numbers is void. Returns what had been told."""
        lost = [key for seq, key in sorted(self.told.items()) if seq > head]
        for post in self.posts.values():
            if post.seq is not None and post.seq > head:
                post.seq = None
        self.told = {seq: key for seq, key in self.told.items() if seq <= head}
        return lost

    # -- what may be said of it --------------------------------------------------------------------------------
    def check_text(self, frame: dict[str, Any]) -> None:
        assert self.canary in frame["body"], f"words of another conversation: {frame}"
        post = self.posts[frame["role"], frame["origin_id"]]
        assert frame["body"] in post.bodies, f"nobody wrote {frame}"

    def check_ack(self, wire: Wire, origin_id: str, seq: int) -> None:
        key = (wire.tab.role, origin_id)
        post = self.posts[key]
        assert not post.fault, f"{post.fault} was stored"
        assert origin_id not in wire.must_refuse, "another body was merged into what was stored"
        assert post.seq in (None, seq), f"{seq} was told before as {post.seq}"
        assert self.told.get(seq, key) == key, f"{seq} was given out twice"
        post.seq = seq
        self.told[seq] = key
        self.unproven.append((seq, *key))
        wire.answered[origin_id] += 1

    def check_error(self, wire: Wire, frame: dict[str, Any]) -> None:
        code, origin_id = frame["code"], frame.get("origin_id")
        if origin_id is not None:
            wire.answered[origin_id] += 1
        post = self.posts.get((wire.tab.role, origin_id or ""), Post([]))
        expected = {
            "malformed": post.fault == "malformed",
            "too_long": post.fault == "too_long",
            "conflicting_retry": len(post.bodies) > 1,
            "ended": self.state == "ended",
            "not_permitted": wire.handed_over,
            "unknown_conversation": wire.dead or self.purged or wire.handed_over,
            "unavailable": self.world.troubled or connection.vendor == "sqlite",
        }
        assert expected.get(code), f"{frame} has no reason"

    def check_close(self, wire: Wire, code: int) -> None:
        expected = {
            1008: wire.handed_over,
            1013: self.world.troubled or connection.vendor == "sqlite",
            4401: wire.dead or self.purged or wire.handed_over,
            4410: self.state == "ended" or self.purged,
        }
        assert expected.get(code), f"closed with {code} for no reason"
        assert not wire.dead or code in (1013, 4401), f"a dead token was closed with {code}"

    # -- the truth ---------------------------------------------------------------------------------------------
    def prove_acks(self) -> None:
        """Whatever was acknowledged since the last time is there, now."""
        unproven, self.unproven = self.unproven, []
        if not unproven or self.purged:
            return
        found = Message.objects.filter(conversation_id=self.pk, seq__in=[seq for seq, _, _ in unproven])
        there = {(m.seq, ROLES[Message.Role(m.sender)], str(m.origin_id)) for m in found}
        assert set(unproven) <= there, f"acknowledged and not stored: {set(unproven) - there}"

    def stored(self) -> list[Stored]:
        rows: list[Stored] = []
        while page := read_messages({self.pk: len(rows)}).get(self.pk):
            rows += page
        return rows

    def check_stored(self) -> list[Stored]:
        """Gapless, each once, nothing that nobody sent, every acknowledged one under the number that was told."""
        rows, head = self._stored_and_head()
        assert [row.seq for row in rows] == list(range(1, head + 1))
        keys = [(ROLES[Message.Role(row.sender)], str(row.origin_id)) for row in rows]
        assert len(set(keys)) == len(keys), "one was stored twice"
        for key, row in zip(keys, rows, strict=True):
            post = self.posts[key]
            assert row.body in post.bodies
            assert not post.fault, f"{post.fault} was stored"
            assert post.seq in (None, row.seq)
        assert set(self.told.items()) <= set(enumerate(keys, start=1)), "acknowledged and not stored"
        self._check_order({origin_id: row.seq for (_, origin_id), row in zip(keys, rows, strict=True)})
        return rows

    def _stored_and_head(self) -> tuple[list[Stored], int]:
        """Of one moment: what a tab sent before it left may still be on its way to the writer."""
        heads = Conversation.objects.filter(pk=self.pk).values_list("head", flat=True)
        while True:
            head, rows = heads.get(), self.stored()
            if heads.get() == head:
                return rows, head

    def _check_order(self, seqs: dict[str, int]) -> None:
        """What one socket sent once, it sent in this order."""
        for wire in self.wires:
            once = [o for o in wire.posted if len(self.posts[wire.tab.role, o].wires) == 1 and o in seqs]
            assert [seqs[o] for o in once] == sorted(seqs[o] for o in once), "a sender's messages were reordered"

    def check_views(self, rows: list[Stored], *, whole: bool) -> None:
        """Each reader has what a fresh fetch gives, up to its window; all of it when `whole`."""
        fresh = [(ROLES[Message.Role(row.sender)], str(row.origin_id), row.body) for row in rows]
        for tab in self.tabs:
            if tab.wire is None or not tab.wire.alive:
                continue
            assert tab.view == fresh[: tab.last], f"{tab.role} sees another past"
            due = len(fresh) if whole else min(len(fresh), tab.wire.due)
            assert tab.last >= due, f"{tab.role} has {tab.last} of {due}: {tab.wire.story}"

    def check_epochs(self) -> None:
        for tab in self.tabs:
            assert tab.wire is None or not tab.wire.alive or tab.epoch == self.epoch, (
                "a reader believes in another past"
            )
