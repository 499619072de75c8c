"""What RFC 6455 says that bytes from a client are: a reader of our own, to hold the server's against.

It reads a whole stream at once, however it was cut on its way.
"""

from __future__ import annotations

from dataclasses import dataclass, field

CONTINUATION, TEXT, BINARY, CLOSE, PING, PONG = 0, 1, 2, 8, 9, 10
OPCODES = {CONTINUATION, TEXT, BINARY, CLOSE, PING, PONG}
BROKEN, NO_TEXT, TOO_BIG, NO_CODE = 1002, 1007, 1009, 1005
CONTROL_BYTES = 125
# Section 7.4.1 with what was registered since; 3000 to 4999 are anybody's.
CODES = {1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 1012, 1013, 1014, *range(3000, 5000)}


@dataclass
class Stream:
    """What must come of it: messages, answered PINGs, and its end.

    `codes` are the close codes it may end with; none while it goes on. `must_end`: enough has arrived to know so.
    """

    messages: list[str | bytes] = field(default_factory=list)
    pings: list[bytes] = field(default_factory=list)
    idle: int = 0
    codes: set[int] = field(default_factory=set)
    must_end: bool = False
    left_by_client: bool = False


@dataclass(frozen=True)
class Head:
    fin: bool
    reserved: int
    opcode: int
    masked: bool
    size: int
    length: int

    @property
    def is_control(self) -> bool:
        return self.opcode >= CLOSE


def read_head(data: bytes) -> Head | None:
    """None when it has not all arrived."""
    if len(data) < 2:
        return None
    size, length = data[1] & 0x7F, 2
    if extended := {126: 2, 127: 8}.get(size, 0):
        length += extended
        if len(data) < length:
            return Head(data[0] >= 128, data[0] >> 4 & 7, data[0] & 15, data[1] >= 128, 0, 0)
        size = int.from_bytes(data[2:length], "big")
    return Head(data[0] >= 128, data[0] >> 4 & 7, data[0] & 15, data[1] >= 128, size, length)


def read_stream(data: bytes, *, most_bytes: int) -> Stream:
    stream, begun, opcode = Stream(), b"", 0
    while (head := read_head(data)) is not None:
        room = most_bytes - len(begun) if opcode else most_bytes
        if codes := wrongs(head, room=room, begun=bool(opcode)):
            stream.codes = codes
            stream.must_end = is_known(head, data, room=room)
            return stream
        if not head.length or len(data) < head.length + 4 + head.size:
            return stream
        key, start = data[head.length : head.length + 4], head.length + 4
        payload = unmask(data[start : start + head.size], key)
        data = data[start + head.size :]
        if head.is_control:
            if take_control(stream, head.opcode, payload):
                if opcode:  # gone in the middle of a message: that may be called broken as well
                    stream.codes, stream.left_by_client = stream.codes | {BROKEN}, False
                return stream
            continue
        opcode, begun = opcode or head.opcode, begun + payload
        if not head.fin:
            stream.idle += 1
            continue
        if not take_message(stream, opcode, begun):
            # A server may read on before it looks at the text, and then answer or refuse what follows.
            rest = read_stream(data, most_bytes=most_bytes)
            stream.codes |= rest.codes
            stream.pings += rest.pings
            return stream
        opcode, begun = 0, b""
    return stream


def wrongs(head: Head, *, room: int, begun: bool) -> set[int]:
    """The codes with which such a frame may be answered; none when it may be sent."""
    codes: set[int] = set()
    continues = head.opcode == CONTINUATION
    parts_out_of_order = not head.is_control and continues != begun
    bad_control = head.is_control and (not head.fin or head.size > CONTROL_BYTES)
    if head.opcode not in OPCODES or head.reserved or not head.masked or bad_control or parts_out_of_order:
        codes.add(BROKEN)
    if head.size > room:
        codes.add(TOO_BIG)
    if head.size >= 1 << 63:
        codes |= {BROKEN, TOO_BIG}
    return codes


def is_known(head: Head, data: bytes, *, room: int) -> bool:
    """Whether its head says enough. Of other wrongs a server may hear the whole frame first."""
    if head.opcode not in OPCODES or not head.masked:
        return True
    return bool(head.length) and (head.size > room or len(data) >= head.length + 4 + head.size)


def take_control(stream: Stream, opcode: int, payload: bytes) -> bool:
    """Whether it was the last frame."""
    stream.idle += 1
    if opcode == PING:
        stream.pings.append(payload)
    if opcode != CLOSE:
        return False
    stream.must_end = True
    code = int.from_bytes(payload[:2], "big") if payload else NO_CODE
    stream.left_by_client = not payload or (len(payload) > 1 and code in CODES and is_text(payload[2:]))
    stream.codes = {code} if stream.left_by_client else {BROKEN, NO_TEXT}
    return True


def take_message(stream: Stream, opcode: int, data: bytes) -> bool:
    """Whether it is one."""
    if opcode == BINARY:
        stream.messages.append(data)
        return True
    if not is_text(data):
        stream.codes, stream.must_end = {NO_TEXT}, True
        return False
    stream.messages.append(data.decode())
    return True


def is_text(data: bytes) -> bool:
    try:
        data.decode()
    except UnicodeDecodeError:
        return False
    return True


def unmask(payload: bytes, key: bytes) -> bytes:
    repeated = (key * (len(payload) // 4 + 1))[: len(payload)]
    return (int.from_bytes(payload, "big") ^ int.from_bytes(repeated, "big")).to_bytes(len(payload), "big")
