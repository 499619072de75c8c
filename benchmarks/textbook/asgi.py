from __future__ import annotations

import os

os.environ["DJANGO_SETTINGS_MODULE"] = "benchmarks.textbook.settings"

from django.core.asgi import get_asgi_application

http = get_asgi_application()

from channels.routing import ProtocolTypeRouter, URLRouter  # noqa: E402 - needs the apps to be loaded
from django.urls import path  # noqa: E402

from benchmarks.textbook.consumers import ChatConsumer  # noqa: E402

application = ProtocolTypeRouter(
    {"http": http, "websocket": URLRouter([path("ws/<room>/<role>/", ChatConsumer.as_asgi())])}
)
