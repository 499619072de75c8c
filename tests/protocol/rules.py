"""The protocol against a model: two conversations, both sides, several tabs a side, two processes, and bad weather."""

from __future__ import annotations

from django.db import connection, transaction
from django.db.models import F
from django.utils import timezone
from hypothesis import strategies as st
from hypothesis.stateful import initialize

from intake.errors import Refusal
from intake.models import Conversation, Message
from intake.rules.lifecycle import (
    claim_conversation,
    end_conversation,
    erase_conversation,
    find_by_token,
    hand_back_conversation,
)
from intake.rules.retention import purge_conversations
from tests.protocol.holding import Holding, step, told
from tests.protocol.talk import Talk

TALKS = st.integers(0, 1)
TABS = st.sampled_from([0, 0, 1, 2, 2, 3, 4])
HUBS = st.integers(0, 1)
PEOPLE = st.sampled_from([0, 0, 0, 1])
RARELY = st.integers(0, 3)
BEYOND = 1000


class ProtocolMachine(Holding):
    """Every rule may come at any time: where it makes no sense it does nothing, so that a run can be repeated
    although threads never take the same turns twice."""

    @initialize(hub=HUBS)
    @told
    def begin(self, hub: int) -> None:
        self.talks = [Talk(self.world), Talk(self.world)]
        for talk in self.talks:
            self._connect(talk.tabs[0], hub=hub)

    # -- tabs come and go --------------------------------------------------------------------------------------
    @step(number=TALKS, tab=TABS, hub=HUBS, keep=st.booleans())
    def come_back(self, number: int, tab: int, hub: int, keep: bool) -> None:
        """With the cursor it has. Its last socket may be left open, as one is that a network has cut."""
        found = self.talks[number].tabs[tab]
        if found.wire is not None and not keep:
            found.wire.leave()
        if sum(wire.alive for wire in found.wires()) < 3:
            self._connect(found, hub=hub)
        self._after()

    @step(number=TALKS, tab=TABS, hub=HUBS, how=st.sampled_from(["empty", "other epoch", "beyond"]))
    def come_back_oddly(self, number: int, tab: int, hub: int, how: str) -> None:
        found = self.talks[number].tabs[tab]
        if found.wire is not None:
            found.wire.leave()
        if how == "empty":
            found.drop(None)
            self._connect(found, hub=hub)
        elif how == "beyond":
            self._connect(found, hub=hub, after=BEYOND)
        else:
            # One that never comes: the next might be the true one by the time that it is read.
            self._connect(found, hub=hub, epoch=self.talks[number].epoch + BEYOND)
        self._after()

    @step(number=TALKS, tab=TABS)
    def leave(self, number: int, tab: int) -> None:
        for wire in self.talks[number].tabs[tab].wires():
            wire.leave()
        self._after()

    # -- messages ----------------------------------------------------------------------------------------------
    @step(number=TALKS, tab=TABS, several=st.integers(1, 4))
    def write(self, number: int, tab: int, several: int) -> None:
        if wire := self._wire(number, tab):
            for _ in range(several):
                self._post_new(wire)
        self._after()

    @step(number=TALKS, several=st.integers(1, 8), leave=st.booleans())
    def write_as_visitor(self, number: int, several: int, leave: bool) -> None:
        if wire := self._wire(number, 0):
            for _ in range(several):
                self._post_new(wire)
            if leave:
                wire.leave()
        self._after()

    @step(number=TALKS, tab=TABS, which=st.integers(0, 50), other_body=st.booleans(), twice=st.booleans())
    def write_again(self, number: int, tab: int, which: int, other_body: bool, twice: bool) -> None:
        """A retry, from whichever tab of the side; with another body it must not be merged."""
        wire = self._wire(number, tab)
        posts = self.talks[number].posts
        mine = [key for key, post in posts.items() if wire and key[0] == wire.tab.role and not post.fault]
        if wire and mine:
            origin_id = mine[-1 - which % len(mine)][1]
            for _ in range(1 + twice):
                self._repeat(wire, origin_id, other_body=other_body)
        self._after()

    @step(number=TALKS, tab=TABS, other_body=st.booleans())
    def write_and_repeat(self, number: int, tab: int, other_body: bool) -> None:
        """An ack that was not heard: the same message once more, after it was stored."""
        if wire := self._wire(number, tab):
            self._post_new(wire)
            self._until(lambda: self._is_answered(wire), "a message was not answered")
            if wire.alive:
                self._repeat(wire, wire.posted[-1], other_body=other_body)
        self._after()

    @step(number=TALKS, tab=TABS, fault=st.sampled_from(["malformed", "too_long"]))
    def write_wrongly(self, number: int, tab: int, fault: str) -> None:
        if wire := self._wire(number, tab):
            self._post_new(wire, body=" \n" if fault == "malformed" else "x" * 4001, fault=fault)
        self._after()

    @step(number=TALKS, tab=TABS)
    def display(self, number: int, tab: int) -> None:
        if wire := self._wire(number, tab, come=False):
            wire.display()
        self._after()

    @step(number=TALKS, tab=TABS, back=st.sampled_from([0, 0, 1, 3, BEYOND]))
    def sync(self, number: int, tab: int, back: int) -> None:
        if wire := self._wire(number, tab, come=False):
            wire.sync(max(0, wire.tab.last - back))
        self._after()

    # -- states ------------------------------------------------------------------------------------------------
    def _announce(self, talk: Talk, hub: int) -> None:
        async def announce() -> None:
            self.world.hubs[hub].announce(conversations=[talk.pk], helplines=[self.world.helpline.pk])

        self.world.run(announce())
        self._after()

    @step(number=TALKS, person=PEOPLE, hub=HUBS)
    def claim(self, number: int, person: int, hub: int) -> None:
        talk = self.talks[number]
        if talk.state == "ended":
            return
        try:
            claim_conversation(talk.conversation, counsellor=self.world.staff[person], now=timezone.now())
        except Refusal:
            assert talk.holder not in (None, person)
        else:
            assert talk.holder in (None, person)
            talk.hold(person)
            talk.state = "active"
        self._announce(talk, hub)

    @step(number=TALKS, hub=HUBS, sure=RARELY)
    def hand_back(self, number: int, hub: int, sure: int) -> None:
        talk = self.talks[number]
        if sure == 0 and talk.state == "active" and talk.holder is not None:
            person = self.world.staff[talk.holder]
            assert hand_back_conversation(talk.conversation, counsellor=person, now=timezone.now())
            talk.hold(None)
            talk.state = "waiting"
            self._announce(talk, hub)

    @step(number=TALKS, hub=HUBS, sure=RARELY)
    def end(self, number: int, hub: int, sure: int) -> None:
        talk = self.talks[number]
        if sure == 0 and talk.state != "ended":
            # Before the rule, because the answers of both exchanges may come the moment that it has committed.
            talk.state = "ended"
            assert end_conversation(talk.conversation, reason=Conversation.EndReason.VISITOR, now=timezone.now())
            self._announce(talk, hub)

    @step(number=TALKS, hub=HUBS, sure=RARELY, announced=st.booleans(), erase=st.booleans())
    def purge(self, number: int, hub: int, sure: int, announced: bool, erase: bool) -> None:
        """What is purged is dead: its token opens nothing, and a new conversation takes its place."""
        talk = self.talks[number]
        if sure or not (erase or talk.state == "ended"):
            return
        talk.state, talk.purged = "ended", True
        if erase:
            erase_conversation(find_by_token(talk.token), now=timezone.now())
        else:
            purge_conversations([talk.public_id])
        if announced:
            self._announce(talk, hub)
        self._connect(talk.tabs[1], hub=hub)
        self.past.append(talk)
        self.talks[number] = Talk(self.world)
        self._after()

    @step(number=TALKS, sure=RARELY)
    def change_epoch(self, number: int, sure: int) -> None:
        talk = self.talks[number]
        if sure == 0:
            talk.epoch += 1
            Conversation.objects.filter(pk=talk.pk).update(epoch=talk.epoch)

    @step(number=TALKS, sure=RARELY, lost=st.integers(1, 3), again=st.booleans())
    def restore_backup(self, number: int, sure: int, lost: int, again: bool) -> None:
        """Everybody is out, the last messages are not there any more, and a new epoch says so.

        With `again` a tab, which may have missed its acks, sends anew what was lost: it is stored as if never before.
        """
        talk = self.talks[number]
        if sure:
            return
        for wire in talk.wires:
            wire.leave()
        assert self.world.run_until(lambda: self.world.idle() and all(wire.task.done() for wire in talk.wires))
        self._after()
        talk.epoch += 1
        with transaction.atomic():
            head = max(0, Conversation.objects.get(pk=talk.pk).head - lost)
            Message.objects.filter(conversation_id=talk.pk, seq__gt=head).delete()
            Conversation.objects.filter(pk=talk.pk).update(head=head, epoch=F("epoch") + 1)
        lost_keys = talk.forget_after(head)
        if again and talk.state != "ended" and (back := self._wire(number, 0)):
            for role, origin_id in lost_keys:
                if role == "visitor":
                    post = talk.posts[role, origin_id]
                    post.wires.append(back)
                    self._post(back, origin_id, post.bodies[0])
            self._after()

    # -- weather -----------------------------------------------------------------------------------------------
    @step(deaf=st.booleans())
    def layer(self, deaf: bool) -> None:
        self.world.layer.deaf = deaf

    @step(number=TALKS, tab=TABS, several=st.integers(1, 3), sure=RARELY)
    def refuse_a_batch(self, number: int, tab: int, several: int, sure: int) -> None:
        wire = self._wire(number, tab)
        if sure or wire is None:
            return
        self.world.troubled = True
        assert self.world.run_until(self.world.idle)
        with self.world.refusing_database():
            for _ in range(several):
                self._post_new(wire)
            self._until(lambda: self._is_answered(wire), "a refused message was not answered")
        self._after()

    @step(number=TALKS, tab=TABS, sure=RARELY)
    def cut_in_the_middle(self, number: int, tab: int, sure: int) -> None:
        """Connections are terminated while messages are being stored: nobody knows which of them were."""
        wire = self._wire(number, tab)
        if sure or wire is None or connection.vendor == "sqlite":
            return
        self.world.troubled = True
        for _ in range(4):
            self._post_new(wire)
        self.world.spin(3)
        self.world.cut_connections()
        self._until(lambda: self._is_answered(wire), "a cut message was not answered")
        self._after()

    @step(hub=HUBS, sure=st.integers(0, 15))
    def restart(self, hub: int, sure: int) -> None:
        if sure:
            return
        wires = [wire for talk in [*self.talks, *self.past] for wire in talk.wires if wire.hub == hub]
        for wire in wires:
            wire.leave()
        assert self.world.run_until(lambda: all(wire.task.done() for wire in wires))
        self.world.restart(hub)
        self._after()

    @step()
    def tick(self) -> None:
        self.world.run(self._tick())
        self._after()

    async def _tick(self) -> None:
        self.world.tick()

    @step(turns=st.integers(1, 40))
    def breathe(self, turns: int) -> None:
        self.world.spin(turns)
        self._after()

    # -- what must hold ----------------------------------------------------------------------------------------
    @step()
    def settle(self) -> None:
        self._settle(whole=False)
