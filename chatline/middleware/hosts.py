"""Two doors: with `CHATLINE_STAFF_HOSTS` the staff's pages answer at names of their own, the visitors' at the others.

Whatever goes wrong on a page that anybody in the world can open then stays outside the staff's origin. Cookies are for
one host alone (`__Host-`), so neither door ever sees the other's.
"""

from __future__ import annotations

from collections.abc import Callable

from django.conf import settings
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse

from chatline.asgi_types import App, Receive, Scope, Send
from intake.delivery.socket import host_name

Handler = Callable[[HttpRequest], HttpResponse]

STAFF_PARTS = frozenset({"counsellor", "stats", "admin"})
STAFF_SOCKET = "ws/counsellor"


def is_for_staff(path: str) -> bool:
    way = path.strip("/")
    return way.partition("/")[0] in STAFF_PARTS or way.startswith(STAFF_SOCKET)


def is_static_file(path: str) -> bool:
    return path.startswith(settings.STATIC_URL)


def is_staff_host(host: str) -> bool:
    """`host` may carry a port."""
    return host_name(host) in settings.STAFF_HOSTS


def is_from_the_other_side(origin: str, *, host: str) -> bool:
    """Whether a page of the other door asks. One that does not say where it comes from is judged elsewhere."""
    asking = origin.partition("://")[2]
    return bool(asking) and is_staff_host(asking) != is_staff_host(host)


class StaffHosts:
    """Django's half: pages."""

    def __init__(self, get_response: Handler) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if settings.STAFF_HOSTS and not is_static_file(request.path_info):
            host = request.get_host()
            if is_staff_host(host) and request.path_info == "/":
                # No page of the visitors': who types the staff's name wants in.
                return HttpResponseRedirect(reverse(settings.LOGIN_REDIRECT_URL))
            if is_for_staff(request.path_info) != is_staff_host(host):
                raise Http404
            if is_from_the_other_side(request.headers.get("Origin", ""), host=host):
                raise PermissionDenied
        return self.get_response(request)


class StaffSocketHosts:
    """The sockets' half, around the websocket application."""

    def __init__(self, app: App, *, refuse: App) -> None:
        self.app, self._refuse = app, refuse

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await (self.app if is_at_its_door(scope) else self._refuse)(scope, receive, send)


def is_at_its_door(scope: Scope) -> bool:
    if not settings.STAFF_HOSTS:
        return True
    host, origin = (header(scope, name) for name in (b"host", b"origin"))
    is_here = is_for_staff(scope["path"]) == is_staff_host(host)
    return is_here and not is_from_the_other_side(origin, host=host)


def header(scope: Scope, name: bytes) -> str:
    return ",".join(value.decode("latin-1") for key, value in scope["headers"] if key.lower() == name)
