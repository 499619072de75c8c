"""The outermost layer: takes every trace of the device off a request before anything else can see it.

Client address, user agent, referrer and forwarding headers go; a pseudonym of the day takes their place,
so that rate limits and login lock-outs work and nothing real can be stored (docs/privacy.md, "No device trace").
"""

from __future__ import annotations

import hashlib
import hmac
import ipaddress
import logging
import secrets
import time
from collections.abc import Collection
from datetime import UTC, date, datetime
from functools import partial

from django.conf import settings
from django.db import connections
from django.http import HttpRequest

from chatline.asgi_types import App, Receive, Scope, Send
from chatline.operating.asker import asker_of
from intake.sealing.router import ALIAS as KEYS
from intake.sealing.salt import SALT_BYTES, salt_of

# What the application reads, and nothing else: a list of what to take away would never be complete.
# Forwarding headers, user agents, referrers and tracing ids are all among the rest.
KEPT = frozenset(
    {
        b"host", b"origin", b"connection", b"upgrade", b"expect", b"te", b"transfer-encoding",
        b"sec-websocket-key", b"sec-websocket-version", b"sec-websocket-protocol", b"sec-websocket-extensions",
        b"content-type", b"content-length", b"content-encoding",
        b"accept", b"accept-language", b"accept-encoding", b"range", b"if-range",
        b"if-none-match", b"if-modified-since", b"cache-control", b"pragma",
        b"authorization", b"cookie", b"x-csrftoken", b"x-fragment", b"idempotency-key",
        b"sec-fetch-site", b"sec-fetch-mode", b"sec-fetch-dest", b"sec-fetch-user", b"x-forwarded-proto",
    }
)  # fmt: skip


NOBODY = ("::", 0)
SALT_SECONDS = 2.0
"""A key store that hangs is not waited for any longer than one that refuses: every page stands behind this."""
AGAIN_SECONDS = 15.0
"""Without the key store the pages still come, with the emergency numbers on them; it is not asked for every one."""
logger = logging.getLogger(__name__)


def pseudonym_of(request: HttpRequest) -> str:
    """The pseudonym of a request, for django-axes and for the line of pages. It looks like an address and is none."""
    return str(request.META.get("REMOTE_ADDR", "::"))


def pseudonymise(address: str, *, salt: bytes) -> str:
    """An IPv6 address of the local range fd00::/8 from a keyed hash. One IPv6 household (/56) is one pseudonym."""
    digest = hmac.digest(salt, _household(address).encode(), hashlib.sha256)
    return str(ipaddress.IPv6Address(b"\xfd" + digest[:15]))


def _household(address: str) -> str:
    address = without_port(address)
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return address
    if isinstance(parsed, ipaddress.IPv6Address):
        if parsed.ipv4_mapped:
            return str(parsed.ipv4_mapped)
        return str(ipaddress.ip_network((parsed, 56), strict=False))
    return str(parsed)


def _read_salt(day_on: date) -> bytes:
    # Nobody else closes what is opened here, outside of any request: once broken, it would stay so for ever.
    connections[KEYS].close_if_unusable_or_obsolete()
    try:
        return salt_of(day_on)
    finally:
        connections[KEYS].close()


def without_port(address: str) -> str:
    """Some proxies write `203.0.113.7:4711` or `[2001:db8::1]:4711`: each port would be a pseudonym of its own."""
    if address.startswith("["):
        return address[1:].partition("]")[0]
    return address.partition(":")[0] if address.count(":") == 1 else address


class NoTrace:
    """ASGI middleware. Wrap the whole application in it; nothing may stand outside.

    At the `nameless` paths there is nobody to tell apart: they get no pseudonym, and so need no key store.
    """

    def __init__(self, app: App, *, nameless: Collection[str] = ()) -> None:
        self.app, self._nameless = app, frozenset(nameless)
        self._salt: tuple[date, bytes] | None = None
        self._stand_in: tuple[date, bytes] | None = None
        self._again_at = 0.0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] in ("http", "websocket"):
            scope = await self._without_traces(scope)
        await self.app(scope, receive, send)

    async def _without_traces(self, scope: Scope) -> Scope:
        kept = [(name, value) for name, value in scope["headers"] if name.lower() in KEPT]
        return {**scope, "client": await self._client_of(scope), "headers": kept}

    async def _client_of(self, scope: Scope) -> tuple[str, int]:
        if scope.get("path") in self._nameless:
            return NOBODY
        return pseudonymise(_address_of(scope), salt=await self._salt_of_today()), 0

    async def _salt_of_today(self) -> bytes:
        today = datetime.now(UTC).date()
        if not self._has_salt_of(today) and time.monotonic() >= self._again_at:
            await asker_of(KEYS).run(partial(self._renew, today), within_seconds=SALT_SECONDS)
            if not self._has_salt_of(today) and time.monotonic() >= self._again_at:
                logger.warning("The day's salt cannot be read: pseudonyms are this process's own.")
                self._again_at = time.monotonic() + AGAIN_SECONDS
        if self._salt is not None and self._salt[0] == today:
            return self._salt[1]
        if self._stand_in is None or self._stand_in[0] != today:
            self._stand_in = (today, secrets.token_bytes(SALT_BYTES))
        return self._stand_in[1]

    def _has_salt_of(self, day_on: date) -> bool:
        return self._salt is not None and self._salt[0] == day_on

    def _renew(self, today: date) -> None:
        """In the asker's one thread: who has waited behind another finds what came of it."""
        if not self._has_salt_of(today):
            self._salt = (today, _read_salt(today))


def _address_of(scope: Scope) -> str:
    """The client's address: the peer, or what the outermost of our own proxies wrote down."""
    peer = scope.get("client")
    if settings.TRUSTED_PROXIES:
        chain = b",".join(value for name, value in scope["headers"] if name.lower() == b"x-forwarded-for")
        hops = [hop.strip() for hop in chain.decode("latin-1").split(",") if hop.strip()]
        if len(hops) >= settings.TRUSTED_PROXIES:
            return hops[-settings.TRUSTED_PROXIES]
    return peer[0] if peer else "unix"
