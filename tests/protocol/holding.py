"""What the protocol's steps stand on: tabs that connect, what they send, and what must hold after each step."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial, wraps
from typing import Any, ClassVar

from hypothesis.stateful import RuleBasedStateMachine, rule

from intake.rules.messages import Stored
from intake.rules.retention import purge_conversations
from tests.protocol.tab import Tab, Wire
from tests.protocol.talk import Post, Talk
from tests.protocol.world import SETTLE_SECONDS, World


def told(rule_of: Callable[..., None]) -> Callable[..., None]:
    """What breaks for the first time is written down there and then: a second try may well go another way."""

    @wraps(rule_of)
    def take(machine: Holding, **drawn: Any) -> None:
        shown = ", ".join(f"{name}={value!r}" for name, value in drawn.items())
        machine.story.append(f"{rule_of.__name__}({shown})")
        with machine.telling():
            rule_of(machine, **drawn)

    return take


def step(**strategies: Any) -> Callable[[Callable[..., None]], Any]:
    return lambda rule_of: rule(**strategies)(told(rule_of))


class Holding(RuleBasedStateMachine):
    """A machine without steps: what it knows of its world, and the model that everything is held against."""

    world: ClassVar[World]
    steps: ClassVar[int] = 0
    acked: ClassVar[int] = 0
    failures: ClassVar[list[tuple[list[str], Exception]]] = []

    def __init__(self) -> None:
        super().__init__()
        self.world.layer.deaf = False
        self.talks: list[Talk] = []
        self.past: list[Talk] = []
        self.story: list[str] = []

    @contextmanager
    def telling(self) -> Iterator[None]:
        try:
            yield
        except Exception as error:
            if not self.failures:
                self.failures.append((list(self.story), error))
            raise

    # -- tabs come and go --------------------------------------------------------------------------------------
    def _connect(self, tab: Tab, *, hub: int, epoch: int | None = None, after: int | None = None) -> Wire:
        talk = tab.talk
        name = {"token": talk.token} if tab.role == "visitor" else {"conversation": str(talk.public_id)}
        hello = {**name, "epoch": tab.epoch if epoch is None else epoch, "after": tab.last if after is None else after}
        dead = talk.has_no_right(tab)
        if tab.wire is not None:
            tab.ghosts.append(tab.wire)
        tab.wire = wire = Wire(self.world, tab, hub=hub, hello=hello, dead=dead)
        if dead:
            # At once, before somebody gives her the right.
            assert self.world.run_until(lambda: self._has_closed(wire)), "a dead token is left waiting"
            tab.ghosts.append(wire)
            tab.wire = None
        return wire

    def _has_closed(self, wire: Wire) -> bool:
        wire.hear()
        return wire.closed is not None

    # -- messages ----------------------------------------------------------------------------------------------
    def _wire(self, number: int, tab: int, *, come: bool = True) -> Wire | None:
        """The tab's living socket, a new one where it has none. None where it has no right to be there."""
        talk = self.talks[number]
        found = talk.tabs[tab]
        if found.wire is not None and found.wire.alive:
            return found.wire
        if not come or talk.has_no_right(found):
            return None
        return self._connect(found, hub=tab % 2)

    def _post(self, wire: Wire, origin_id: str, body: str) -> None:
        wire.posted.append(origin_id)
        wire.say(type="message", origin_id=origin_id, body=body)

    def _post_new(self, wire: Wire, *, body: str | None = None, fault: str = "") -> None:
        talk, origin_id = wire.tab.talk, str(uuid.uuid4())
        body = f"{talk.canary} {len(talk.posts)}" if body is None else body
        talk.posts[wire.tab.role, origin_id] = Post([body], [wire], fault=fault)
        self._post(wire, origin_id, body)

    def _repeat(self, wire: Wire, origin_id: str, *, other_body: bool) -> None:
        post = wire.tab.talk.posts[wire.tab.role, origin_id]
        if other_body:
            post.bodies.append(f"{post.bodies[0]} ikke {len(post.bodies)}")
            # What is not answered yet may be stored with either body.
            if post.seq is not None and origin_id not in wire.waiting:
                wire.must_refuse.add(origin_id)
        else:
            wire.must_refuse.discard(origin_id)
        post.wires.append(wire)
        self._post(wire, origin_id, post.bodies[-1] if other_body else post.bodies[0])

    # -- what must hold ----------------------------------------------------------------------------------------
    def _after(self) -> None:
        type(self).steps += 1
        self.world.spin(2)
        for talk in [*self.talks, *self.past]:
            for wire in talk.wires:
                wire.hear()
            talk.prove_acks()

    def _is_answered(self, wire: Wire) -> bool:
        wire.hear()
        return not wire.alive or not wire.waiting

    def _until(self, reached: Callable[[], bool], otherwise: str) -> None:
        assert self.world.run_until(reached, nudge=self.world.tick), otherwise

    def _living(self) -> list[Wire]:
        return [wire for talk in self.talks for wire in talk.wires if wire.alive]

    def _settle(self, *, whole: bool) -> None:
        """Everything that was sent is answered; then the database and each reader are held against the model."""
        self._until(
            lambda: self.world.idle() and all(self._is_answered(wire) for wire in self._living()),
            "a message was never answered",
        )
        self._after()
        for talk in self.talks:
            refusal: list[Any] = []

            def agree(rows: list[Stored], talk: Talk = talk, refusal: list[Any] = refusal) -> bool:
                for wire in talk.wires:
                    wire.hear()
                    if whole and wire is wire.tab.wire and wire.alive and wire.tab.last > wire.shown:
                        wire.display()
                try:
                    talk.check_views(rows, whole=whole)
                    talk.check_epochs()
                except AssertionError as error:
                    refusal[:] = [error]
                    return False
                return True

            # Read again each time: what a tab sent before it left may have been stored meanwhile.
            assert any(
                self.world.run_until(
                    partial(agree, talk.check_stored()), nudge=partial(self._remind, talk, whole), seconds=seconds
                )
                for seconds in (1.0, 1.0, SETTLE_SECONDS)
            ), str(refusal)
        self._after()

    def _remind(self, talk: Talk, whole: bool) -> None:
        self.world.tick()
        for tab in talk.tabs:
            if whole and tab.wire is not None and tab.wire.alive:
                tab.wire.display()

    def teardown(self) -> None:
        if not self.talks:
            return
        self.story.append("teardown()")
        try:
            with self.telling():
                self._settle_for_good()
        finally:
            self._let_go()

    def _settle_for_good(self) -> None:
        self.world.layer.deaf = False
        self._settle(whole=True)
        for talk in self.talks:
            self._fetch_afresh(talk)
        self._settle(whole=True)

    def _fetch_afresh(self, talk: Talk) -> None:
        tab = talk.tabs[1]
        for wire in tab.wires():
            wire.leave()
        tab.drop(None)
        self._connect(tab, hub=0)

    def _let_go(self) -> None:
        wires = [wire for talk in [*self.talks, *self.past] for wire in talk.wires]
        for wire in wires:
            wire.leave()
        self.world.run_until(lambda: self.world.idle() and all(wire.task.done() for wire in wires))
        if self.world.troubled:
            self.world.heal()
        type(self).acked += sum(len(talk.told) for talk in [*self.talks, *self.past])
        purge_conversations([talk.public_id for talk in self.talks])
