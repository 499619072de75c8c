"""How pages and commands say, after their rule has committed, that something other than a message has changed."""

from __future__ import annotations

import asyncio
import logging
from typing import Any

from asgiref.sync import async_to_sync
from channels.layers import get_channel_layer

from intake.delivery.hub import running_hub
from intake.delivery.wakeups import GROUP, SEND_TIMEOUT_SECONDS
from intake.models import Conversation

logger = logging.getLogger(__name__)


def announce(conversation: Conversation) -> None:
    """Wake the conversation's feeds and its helpline's queue. Call after COMMIT; losing it costs five seconds."""
    _announce([conversation.pk], [conversation.helpline_id])


def announce_queue(helpline_id: int) -> None:
    """Wake a helpline's queue: hours, staff or a soft close have changed."""
    _announce([], [helpline_id])


def _announce(conversations: list[int], helplines: list[int]) -> None:
    hub = running_hub()
    if hub is not None:
        hub.loop.call_soon_threadsafe(lambda: hub.announce(conversations=conversations, helplines=helplines))
        return
    wake = {"type": "wake", "from": "", "states": conversations, "queues": helplines}
    try:
        async_to_sync(_send)(wake)
    except Exception:  # Redis may be gone: the tick finds it
        logger.warning("A wake-up could not be sent.", exc_info=True)


async def _send(wake: dict[str, Any]) -> None:
    async with asyncio.timeout(SEND_TIMEOUT_SECONDS):
        await get_channel_layer().group_send(GROUP, wake)
