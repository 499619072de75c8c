from __future__ import annotations

from intake.delivery import frames
from intake.delivery.feed import Feed
from intake.delivery.frames import Hello
from intake.delivery.socket import Left, Socket
from intake.errors import UnknownConversation
from intake.rules.tokens import TOKEN_CHARACTERS, hash_token


class VisitorSocket(Socket):
    """`/ws/visitor/`: whoever holds the token is the visitor."""

    role = "visitor"

    async def enter(self, hello: Hello) -> Feed | None:
        if hello.token is None or len(hello.token) > 2 * TOKEN_CHARACTERS:
            await self._refuse()
            return None
        snapshot = await self.hub.find(hash_token(hello.token))
        if snapshot is None:
            await self._refuse()
            return None
        return Feed(snapshot, role=self.role, send=self.send, source=self.hub)

    async def _refuse(self) -> None:
        await self.say_error(UnknownConversation())
        await self.send({"type": "websocket.close", "code": frames.CLOSE_TOKEN_DEAD})
        raise Left
