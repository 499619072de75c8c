"""After a restore: a past that has been lived on from is another past (docs/protocol.md, "A conversation in frames").

Three statements run inside the restore itself, before anybody can see what was restored; `settle_restored` then
compares it with the key store, which was in no backup and knows what has been purged since.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.db import transaction

from intake.models import Conversation, PendingContact
from intake.rules.clock_guard import note_open
from intake.rules.lifecycle import State, leave_contact_to_register
from intake.rules.retention import purge_conversations, sweep_orphaned_keys
from intake.sealing.models import SealKey

SEQUENCE_LEAP = 1_000_000
NEW_EPOCHS = {
    "postgresql": "UPDATE intake_conversation SET epoch = floor(random() * 2147483648)::bigint",
    "sqlite": "UPDATE intake_conversation SET epoch = abs(random() % 2147483648)",
}
"""Every client that comes back is told that its past is gone, drops what it shows, and asks from 0."""
PENDING_WITHOUT_CONVERSATION = (
    "UPDATE intake_pendingcontact SET conversation_id = NULL WHERE conversation_id IS NOT NULL"
    " AND conversation_id NOT IN (SELECT id FROM intake_conversation)"
)
"""A backup without conversations keeps what is still to be registered, as the purge does."""


@dataclass(frozen=True)
class Settled:
    """`kept` conversations go on, `removed` had lost their keys, `keys` belonged to nothing any more."""

    kept: int
    removed: int
    keys: int


def settle_restored(*, now: datetime) -> Settled:
    """Remove what was purged or erased since the backup, and the keys of what came after it. Idempotent.

    What has no key was destroyed on purpose, or the key store is lost; neither can be read. One that had been answered
    leaves a contact to register, unless it has left one. Run it while no web process runs.
    """
    alive = set(SealKey.objects.values_list("subject_id", flat=True))
    keyless = [c for c in Conversation.objects.select_related("helpline") if c.public_id not in alive]
    for conversation in keyless:
        _leave_contact(conversation)
    for start in range(0, len(keyless), 500):
        purge_conversations([c.public_id for c in keyless[start : start + 500]])
    keys = sweep_orphaned_keys(now=now, hours=None)
    # A backup does not say when the service was last open: without it, the first round of housekeeping would end the
    # wait of everybody who could not be there meanwhile.
    note_open(now=now)
    return Settled(kept=Conversation.objects.count(), removed=len(keyless), keys=keys)


def _leave_contact(conversation: Conversation) -> None:
    if conversation.claimed_at is None or conversation.state == State.ENDED:
        return
    with transaction.atomic():
        if not PendingContact.objects.filter(conversation=conversation).exists():
            leave_contact_to_register(conversation, now=conversation.last_activity_at)
