"""How conversations stood when this process last wrote to them or read them: where the next message would go.

A guess, for another process may have written since: the statement that uses it compares (`store_if_unchanged`).
Numbers and ids, no text and no key; what was written to longest ago goes first.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable, Mapping

from intake.models import Conversation
from intake.rules.message_rows import Head

MOST = 10_000


class KnownHeads:
    def __init__(self) -> None:
        self._held: OrderedDict[int, Head] = OrderedDict()

    def of(self, conversation_ids: Iterable[int]) -> dict[int, Head]:
        """Of those among them that are known."""
        return {pk: head for pk in conversation_ids if (head := self._held.get(pk)) is not None}

    def keep(self, heads: Mapping[int, Head]) -> None:
        for pk, head in heads.items():
            self._held.pop(pk, None)
            if head.state != Conversation.State.ENDED:
                self._held[pk] = head
        while len(self._held) > MOST:
            self._held.popitem(last=False)

    def reach(self, conversation_id: int, seq: int) -> None:
        """A message of this number was read: another process wrote it."""
        head = self._held.get(conversation_id)
        if head is not None and head.head < seq:
            self._held[conversation_id] = head._replace(head=seq)

    def forget(self, conversation_ids: Iterable[int]) -> None:
        for pk in conversation_ids:
            self._held.pop(pk, None)


known_heads = KnownHeads()
