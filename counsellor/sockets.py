"""`/ws/counsellor/`: one socket for each conversation she holds, and one for the desk."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from contextlib import suppress
from typing import Any
from uuid import UUID

from django.conf import settings
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from django.contrib.sessions.models import Session
from django.db import Error
from django.utils import timezone
from django.utils.crypto import constant_time_compare
from django_otp import DEVICE_ID_SESSION_KEY

from counsellor.access import helplines_by_user, helplines_with, own_conversations
from counsellor.models import Counsellor, SecondFactor
from counsellor.rules.sessions import SessionStore
from intake.delivery import frames
from intake.delivery.desk import Desk
from intake.delivery.feed import Feed
from intake.delivery.frames import Hello
from intake.delivery.grouping import Grouped
from intake.delivery.hub import Hub, add_guard
from intake.delivery.socket import PROTOCOL_ERRORS, Left, Socket
from intake.errors import Malformed, UnknownConversation
from intake.rules.presence import mark_staff_gone, mark_staff_present

ADMITTED_AT_ONCE = 64
Knock = tuple[str | None, UUID | None]
"""A session's key and the conversation it asks for, if it asks for one."""
Admission = tuple[Counsellor | None, bool]
"""The verified counsellor, and whether the conversation is hers."""


class CounsellorSocket(Socket):
    role = "counsellor"
    desk: Desk | None = None

    async def enter(self, hello: Hello) -> Feed | None:
        session_key = SessionStore(self.scope["cookies"].get(settings.SESSION_COOKIE_NAME)).session_key
        door: Grouped[Knock, Admission] = self.hub.grouped(_admit, most=ADMITTED_AT_ONCE, name="door")
        user, holds = await door.submit((session_key, hello.conversation))
        if user is None or hello.token is not None:
            await self._refuse(frames.CLOSE_TOKEN_DEAD)
        elif hello.conversation is None:
            await self._open_desk(user, str(session_key))
        elif holds:
            snapshot = await self.hub.find(hello.conversation)
            # Asked again: it may have gone to a colleague since, and a feed that knows her is one that nobody closes.
            if snapshot is not None and snapshot.counsellor_id == user.pk:
                return Feed(
                    snapshot,
                    role=self.role,
                    send=self.send,
                    source=self.hub,
                    user_id=user.pk,
                    session_key=session_key,
                )
            await self._refuse(frames.CLOSE_TOKEN_DEAD)
        else:
            await self._refuse(frames.CLOSE_TOKEN_DEAD)
        return None

    async def leave(self) -> None:
        await super().leave()
        if self.desk is not None:
            self.desk.gone = True
            self.hub.desks.discard(self.desk)
            if not any(desk.user_id == self.desk.user_id for desk in self.hub.desks):
                with suppress(Error):  # a database that is away is told by the tick; her presence ends by its age
                    await self.hub.thread.run(
                        mark_staff_gone, self.desk.user_id, last_marked_at=self.desk.marked_at, now=timezone.now()
                    )
                self.hub.announce(helplines=self.desk.helpline_ids)

    async def _open_desk(self, user: Counsellor, session_key: str) -> None:
        ids = await self.hub.thread.run(_helpline_ids, user)
        if not ids:
            await self._refuse(frames.CLOSE_TOKEN_DEAD)
        self.desk = Desk(user.pk, ids, session_key, self.send)
        await self.hub.thread.run(mark_staff_present, user.pk, ids, now=self.desk.marked_at)
        self.hub.desks.add(self.desk)
        await self.desk.say(frames.Welcome(epoch=0, head=0, limits=frames.current_limits(), state="desk"))
        await self.desk.queue_changed()
        self.hub.announce(helplines=ids)

    async def _refuse(self, code: int) -> None:
        await self.say_error(UnknownConversation())
        await self.send({"type": "websocket.close", "code": code})
        raise Left

    async def _protocol_error(self) -> None:
        if self.desk is not None:
            # The desk only listens; what it is told it does not understand.
            await self.desk.say(frames.Error(code=Malformed.code, title=str(Malformed.title)))
            self._errors += 1
            if self._errors >= PROTOCOL_ERRORS:
                await self.desk.close(frames.CLOSE_POLICY)
                raise Left
            return
        await super()._protocol_error()


def _admit(asked: list[Knock]) -> list[Admission]:
    """Who each is, and whether the conversation is hers. After a fault all come at once: asked together."""
    staff = _staff_of_sessions({key for key, _ in asked if key is not None})
    wanted: dict[str | None, set[UUID]] = defaultdict(set)
    for key, public_id in asked:
        if public_id is not None:
            wanted[key].add(public_id)
    held = {key: _held(user, wanted[key]) for key, user in staff.items() if wanted[key]}
    return [(staff.get(key or ""), public_id in held.get(key or "", ())) for key, public_id in asked]


def _held(user: Counsellor, public_ids: set[UUID]) -> set[UUID]:
    """Those of the conversations that are hers."""
    return set(own_conversations(user).filter(public_id__in=public_ids).values_list("public_id", flat=True))


def _helpline_ids(user: Counsellor) -> frozenset[int]:
    return frozenset(helplines_with(user, "intake.view_queue").values_list("pk", flat=True))


async def close_without_right(hub: Hub) -> None:
    """Close the sockets of staff who were deactivated, logged out, or lost the role. Runs on every tick (5 s)."""
    feeds = [feed for feed in hub.local_feeds() if feed.user_id is not None]
    holders: dict[str, list[Feed | Desk]] = defaultdict(list)
    everyone: list[Feed | Desk] = [*feeds, *hub.desks]
    for holder in everyone:
        holders[holder.session_key or ""].append(holder)
    if not holders:
        return
    rights = await hub.thread.run(_rights_of_sessions, list(holders))
    for session_key, held in holders.items():
        for holder in held:
            wanted = {holder.snapshot.helpline_id} if isinstance(holder, Feed) else holder.helpline_ids
            if not wanted <= rights.get(session_key, frozenset()):
                await _close(holder)


async def _close(holder: Feed | Desk) -> None:
    if isinstance(holder, Feed):
        holder.close(frames.CLOSE_TOKEN_DEAD)
    else:
        await holder.close(frames.CLOSE_TOKEN_DEAD)


def _rights_of_sessions(session_keys: list[str]) -> dict[str, frozenset[int]]:
    """The helplines on which the staff of each living session may answer."""
    staff = _staff_of_sessions(session_keys)
    held = helplines_by_user({user.pk for user in staff.values()}, "intake.view_queue")
    return {key: held.get(user.pk, frozenset()) for key, user in staff.items()}


def _staff_of_sessions(session_keys: Iterable[str]) -> dict[str, Counsellor]:
    """Who has signed in with both factors in each session that lives, and may still be here. Three queries for all."""
    living = Session.objects.filter(session_key__in=list(session_keys), expire_date__gt=timezone.now())
    decoded: dict[str, dict[str, Any]] = {session.session_key: session.get_decoded() for session in living}
    signed_in = {
        key: data for key, data in decoded.items() if data.get(BACKEND_SESSION_KEY) in settings.AUTHENTICATION_BACKENDS
    }
    user_ids = {int(data[SESSION_KEY]) for data in signed_in.values() if SESSION_KEY in data}
    users = Counsellor.objects.filter(is_active=True).in_bulk(user_ids)
    factors = {f.persistent_id: f.user_id for f in SecondFactor.objects.filter(user__in=user_ids, confirmed=True)}
    return {
        key: user
        for key, data in signed_in.items()
        if (user := users.get(int(data.get(SESSION_KEY, 0)))) and _still_verified(data, user, factors)
    }


def _still_verified(data: dict[str, Any], user: Counsellor, factors: dict[str, int]) -> bool:
    """Whether neither the password nor the second factor has been changed since this session was opened."""
    same_password = constant_time_compare(data.get(HASH_SESSION_KEY, ""), user.get_session_auth_hash())
    return (
        same_password and not user.must_change_password and factors.get(data.get(DEVICE_ID_SESSION_KEY, "")) == user.pk
    )


add_guard(close_without_right)
