from __future__ import annotations

import asyncio
from collections import OrderedDict, deque
from contextlib import suppress


class Line:
    """Turns for `most` at a time. Those who wait get them one asker after the other, however many each wants."""

    def __init__(self, most: int) -> None:
        self.free = most
        self._waiting: OrderedDict[str, deque[asyncio.Future[None]]] = OrderedDict()

    async def wait(self, asker: str) -> None:
        """Returns with a turn, which `leave` gives back."""
        if self.free:
            self.free -= 1
            return
        turn = asyncio.get_running_loop().create_future()
        self._waiting.setdefault(asker, deque()).append(turn)
        try:
            await turn
        except asyncio.CancelledError:
            if turn.cancelled():
                self._forget(asker, turn)
            else:
                self.leave()  # it was given in the very moment that the asker left
            raise

    def leave(self) -> None:
        """Give a turn back: to the asker who has waited longest for one."""
        while self._waiting:
            asker, turns = self._waiting.popitem(last=False)
            turn = turns.popleft()
            if turns:
                self._waiting[asker] = turns
            if not turn.done():
                turn.set_result(None)
                return
        self.free += 1

    def _forget(self, asker: str, turn: asyncio.Future[None]) -> None:
        turns = self._waiting.get(asker, deque())
        with suppress(ValueError):
            turns.remove(turn)
        if not turns:
            self._waiting.pop(asker, None)
