"""One side of a conversation on an XMPP server: a room of two (XEP-0045), over a websocket (RFC 7395)."""

from __future__ import annotations

import asyncio
import re
from dataclasses import dataclass

from benchmarks.load.link import Link
from benchmarks.load.party import Heard, Party, body_of

HOST = "localhost"
ROOMS = f"conference.{HOST}"
PATH = "/ws"
OPEN = f'<open xmlns="urn:ietf:params:xml:ns:xmpp-framing" to="{HOST}" version="1.0"/>'
AUTH = '<auth xmlns="urn:ietf:params:xml:ns:xmpp-sasl" mechanism="ANONYMOUS"/>'
BIND = '<iq xmlns="jabber:client" type="set" id="bind"><bind xmlns="urn:ietf:params:xml:ns:xmpp-bind"/></iq>'
JOIN = (
    '<presence xmlns="jabber:client" to="{room}/{role}">'
    '<x xmlns="http://jabber.org/protocol/muc"><history maxstanzas="0"/></x></presence>'
)
MESSAGE = '<message xmlns="jabber:client" type="groupchat" to="{room}" id="{origin}"><body>{body}</body></message>'
SENDER = re.compile(rb"from=.[^'\"]*/(\w+).")
ORIGIN = re.compile(rb" id=.([0-9a-f-]{36}).")
NUMBER = re.compile(rb"<stanza-id [^>]*\bid=.(\d+).")
BODY = re.compile(rb"<body>(.*?)</body>", re.DOTALL)


@dataclass
class XmppParty(Party):
    """Its own message, come back from the room with the archive's number, is the acknowledgement."""

    async def connect(self, port: int) -> None:
        self._room = f"room{self.entrance.conversation}@{ROOMS}"
        self._steps = iter([(b"<stream:features", AUTH), (b"<success", OPEN), (b"<stream:features", BIND),
                            (b"id='bind'", JOIN.format(room=self._room, role=self.entrance.role))])  # fmt: skip
        self._awaited, self._answer = next(self._steps)
        self._welcomed = asyncio.get_running_loop().create_future()
        self.link = await Link.connect(port, PATH, on_text=self.take, on_close=self.closed, subprotocol="xmpp")
        self.link.send(OPEN.encode())
        await asyncio.wait_for(self._welcomed, 30)

    def confirm(self) -> None:
        return None  # it has no window

    def send_message(self, origin: str) -> None:
        self.link.send(MESSAGE.format(room=self._room, origin=origin, body=body_of(origin)).encode())  # type: ignore[union-attr]

    def take(self, text: bytes) -> None:
        if text.startswith(b"<message"):
            self._take_stanza(text)
        elif not self._welcomed.done():
            self._take_step(text)

    def _take_step(self, text: bytes) -> None:
        if self._awaited and self._awaited in text:
            self.link.send(self._answer.encode())  # type: ignore[union-attr]
            self._awaited, self._answer = next(self._steps, (b"", ""))
        elif text.startswith(b"<presence") and b"110" in text:
            self._welcomed.set_result(None)

    def _take_stanza(self, text: bytes) -> None:
        origin, body = ORIGIN.search(text), BODY.search(text)
        if origin is None or body is None:
            return  # the room's subject
        name = origin[1].decode()
        sender, number = SENDER.search(text), NUMBER.search(text)
        if b"type='error'" in text or sender is None or number is None:
            self.take_error(Heard("error", origin_id=name, code="refused"))
            return
        role, seq = sender[1].decode(), int(number[1])
        self.take_message(Heard("message", seq=seq, origin_id=name, role=role, body=body[1].decode()))
        if role == self.entrance.role:
            self.take_ack(Heard("ack", seq=seq, origin_id=name))
