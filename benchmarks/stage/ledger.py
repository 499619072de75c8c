"""What the parties of a round were told, held against what is in the database afterwards."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from django.db import connection

from benchmarks.load.party import TEXT, Party, body_of
from benchmarks.load.rounds import Played, pairs
from intake.models import Message
from intake.rules.messages import PULL_MESSAGES, Stored, read_messages

SENDERS = {"visitor": Message.Role.VISITOR, "counsellor": Message.Role.COUNSELLOR}


def check_chatline(played: Played) -> None:
    """Every acked message is stored once, under the number its sender was told, sealed, and can be read again."""
    stored = read_everything([left.entrance.conversation for left, _ in pairs(played.parties)])
    faults = _rows_with_clear_text()
    for left, right in pairs(played.parties):
        faults += count_faults(left, right, stored.get(left.entrance.conversation, []))
    played.result.stored = Message.objects.count()
    played.result.database_faults = faults + abs(played.result.stored - played.result.acked)


def count_faults(left: Party, right: Party, stored: Sequence[Stored]) -> int:
    """Holes in the numbers, rows that nobody was acked, acks without their row, and texts that changed."""
    told = {(SENDERS[side.entrance.role], origin): seq for side in (left, right) for origin, seq in side.acked.items()}
    found = {(message.sender, str(message.origin_id)): message.seq for message in stored}
    holes = sum(message.seq != number for number, message in enumerate(stored, start=1))
    changed = sum(message.body != body_of(str(message.origin_id)) for message in stored)
    return holes + changed + len(told.items() ^ found.items())


def read_everything(conversations: Sequence[int]) -> dict[int, list[Stored]]:
    """All messages of these conversations, opened, as any reader would get them."""
    found: dict[int, list[Stored]] = {pk: [] for pk in conversations}
    wanted = set(conversations)
    while wanted:
        for pk in list(wanted):
            after = found[pk][-1].seq if found[pk] else 0
            part = read_messages({pk: after}).get(pk, [])
            found[pk] += part
            if len(part) < PULL_MESSAGES:
                wanted.discard(pk)
    return found


def check_textbook(played: Played) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT origin_id::text, id, body FROM textbook_message")
        compare_told(played, {origin: (seq, body) for origin, seq, body in cursor.fetchall()})


def compare_told(played: Played, found: Mapping[str, tuple[int, str]]) -> None:
    """Hold the numbers that senders were told against the rows found, `{origin: (number, text)}`."""
    told = {origin: seq for party in played.parties for origin, seq in party.acked.items()}
    changed = sum(body != body_of(origin) for origin, (_, body) in found.items())
    played.result.stored = len(found)
    played.result.database_faults = changed + len(told.items() ^ {(origin, seq) for origin, (seq, _) in found.items()})


def check_storeless(played: Played) -> None:
    played.result.stored = played.result.database_faults = Message.objects.count()


def _rows_with_clear_text() -> int:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM intake_message WHERE position(%s::bytea IN sealed) > 0", [TEXT[:20].encode()]
        )
        return int(cursor.fetchone()[0])
