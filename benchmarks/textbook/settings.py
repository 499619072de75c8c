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
        "CONFIG": {"hosts": [env.str("REDIS_URL")]},
    }
}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
USE_TZ = True
