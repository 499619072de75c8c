"""A server whose wake-ups carry the text, and are trusted: nothing is pulled. For proving the checker alone."""

from __future__ import annotations

from collections import deque
from dataclasses import replace

from chatline.asgi import application
from intake.delivery import hub
from intake.delivery.feed import Feed
from intake.delivery.hub import RECENT_MESSAGES, Hub, number_message
from intake.delivery.wakeups import Wake
from intake.rules.messages import Outcome, Stored
from intake.rules.snapshots import Snapshot

__all__ = ["application"]


class TalkativeHub(Hub):
    def _committed(self, outcomes: list[Outcome]) -> None:
        super()._committed(outcomes)
        said = [[o.conversation_id, *number_message(o)] for o in outcomes if isinstance(o, Stored) and o.first]
        if said:
            self.wakeups.publish({"bodies": said})

    def hear(self, wake: Wake) -> None:
        for conversation_id, seq, text in wake.get("bodies", ()):
            if conversation_id in self.feeds:
                self._recent.setdefault(conversation_id, deque(maxlen=RECENT_MESSAGES)).append((seq, text))
        super().hear(wake)


_see = Feed.see


def see_without_pulling(feed: Feed, snapshot: Snapshot) -> None:
    _see(feed, replace(snapshot, head=feed.head))


Feed.see = see_without_pulling  # type: ignore[method-assign, assignment]
hub.Hub = TalkativeHub  # type: ignore[misc]
