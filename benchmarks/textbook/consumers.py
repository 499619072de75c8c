from __future__ import annotations

from typing import Any

from channels.db import database_sync_to_async
from channels.generic.websocket import AsyncJsonWebsocketConsumer

from benchmarks.textbook.models import Message


class ChatConsumer(AsyncJsonWebsocketConsumer):
    async def connect(self) -> None:
        route = self.scope["url_route"]["kwargs"]
        self.room, self.role = route["room"], route["role"]
        await self.channel_layer.group_add(f"chat_{self.room}", self.channel_name)
        await self.accept("helpline.v1")

    async def disconnect(self, code: int) -> None:
        await self.channel_layer.group_discard(f"chat_{self.room}", self.channel_name)

    async def receive_json(self, content: dict[str, Any], **kwargs: Any) -> None:
        message = await self.store(content)
        await self.send_json({"type": "ack", "origin_id": content["origin_id"], "seq": message.pk})
        frame = {"seq": message.pk, "origin_id": content["origin_id"], "role": self.role, "body": message.body}
        await self.channel_layer.group_send(f"chat_{self.room}", {"type": "chat.message", "frame": frame})

    async def chat_message(self, event: dict[str, Any]) -> None:
        await self.send_json({"type": "message", **event["frame"]})

    @database_sync_to_async
    def store(self, content: dict[str, Any]) -> Message:
        return Message.objects.create(
            room=self.room, role=self.role, origin_id=content["origin_id"], body=content["body"]
        )
