from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import redis
from django.conf import settings
from django.core.checks import CheckMessage, Tags, register

from chatline.checks.databases import is_public
from chatline.checks.findings import finding

ASK_SECONDS = 3.0
PORT = 6379


@register(Tags.security, deploy=True)
def check_redis(**kwargs: Any) -> list[CheckMessage]:
    if not settings.REDIS_URL:
        return []
    client = redis.Redis.from_url(
        settings.REDIS_URL, socket_timeout=ASK_SECONDS, socket_connect_timeout=ASK_SECONDS, decode_responses=True
    )
    with client:
        return [finding(number, of="redis") for number in (*judge_address(client), *judge_disk(client))]


def judge_address(client: redis.Redis) -> Iterator[str]:
    given = client.connection_pool.connection_kwargs
    host, port = given.get("host"), given.get("port", PORT)
    if not host or not any(is_public(address) for address in addresses_of(host, port)):
        return
    if not settings.REDIS_URL.startswith("rediss://"):
        yield "chatline.E032"
    if not given.get("password"):
        yield "chatline.E033"


def addresses_of(host: str, port: int) -> list[str]:
    with suppress(OSError):
        return [str(found[4][0]) for found in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)]
    return []


def judge_disk(client: redis.Redis) -> Iterator[str]:
    try:
        told: Any = client.config_get("save", "appendonly")
    except redis.ResponseError:
        return  # not allowed to ask
    except redis.RedisError:
        yield "chatline.W038"
        return
    if told.get("save") or told.get("appendonly") == "yes":
        yield "chatline.W034"
