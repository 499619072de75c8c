"""Baseline (b): a chat as the Channels tutorial teaches it, with its defaults."""

from __future__ import annotations

import environ

env = environ.Env()

SECRET_KEY = "only for measuring"  # noqa: S105 - it protects nothing
ALLOWED_HOSTS = ["*"]
INSTALLED_APPS = ["daphne", "channels", "benchmarks.textbook"]
ASGI_APPLICATION = "benchmarks.textbook.asgi.application"
DATABASES = {"default": env.db("DATABASE_URL")}
CHANNEL_LAYERS = {
    "default": {
        "BACKEND": "channels_redis.core.RedisChannelLayer",
        # With the default of redis 8, five seconds, every idle socket dies (django/channels_redis issue 422).
        "CONFIG": {"hosts": [{"address": env.str("REDIS_URL"), "socket_timeout": None}]},
    }
}
# Django's documentation tells ASGI projects to leave persistent connections off, and to take a pool if they need one.
if env.bool("TEXTBOOK_POOL", default=False):
    DATABASES["default"].setdefault("OPTIONS", {})["pool"] = True
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
USE_TZ = True
