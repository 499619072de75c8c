"""Where the world comes in. `NoTrace` is the outermost layer: nothing sees a request before it."""

from __future__ import annotations

import os
from typing import Any

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "chatline.settings")

import django

django.setup(set_prefix=False)

from channels.routing import ProtocolTypeRouter, URLRouter  # noqa: E402 - needs the apps to be loaded
from channels.sessions import CookieMiddleware  # noqa: E402
from django.urls import path  # noqa: E402

from chatline.middleware.body_limit import BodyLimit  # noqa: E402
from chatline.middleware.hosts import StaffSocketHosts  # noqa: E402
from chatline.middleware.no_trace import NoTrace  # noqa: E402
from chatline.middleware.null_bytes import NullBytes  # noqa: E402
from chatline.operating.operator_addresses import PATHS, OperatorAddresses  # noqa: E402
from chatline.serving.lifespan import lifespan  # noqa: E402
from chatline.serving.turns import Turns  # noqa: E402
from counsellor.sockets import CounsellorSocket  # noqa: E402
from intake.visitor.socket import VisitorSocket  # noqa: E402


async def refuse(scope: Any, receive: Any, send: Any) -> None:
    """Any other websocket address."""
    await receive()
    await send({"type": "websocket.close", "code": 1008})


websocket = URLRouter(
    [
        path("ws/visitor/", VisitorSocket.app),  # type: ignore[arg-type]  # an ASGI application, not a view
        # Not channels' session middleware: it looks at the session again for every frame that is sent.
        path("ws/counsellor/", CookieMiddleware(CounsellorSocket.app)),
        path("", refuse),  # type: ignore[arg-type]
        path("<path:rest>", refuse),  # type: ignore[arg-type]
    ]
)

# From the outside in. `NoTrace` is the first to see a request; after it there is nothing left that tells who sent it.
sockets = StaffSocketHosts(websocket, refuse=refuse)
inner = ProtocolTypeRouter({"http": Turns(), "websocket": sockets, "lifespan": lifespan})
application = NoTrace(OperatorAddresses(NullBytes(BodyLimit(inner))), nameless=PATHS)
