"""What of uvicorn our websocket stands on, none of it promised: whoever takes a newer one hears it here first."""

from __future__ import annotations

import ast
import asyncio
import gc
import inspect
from types import ModuleType
from typing import Any

import pytest
import uvicorn
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from uvicorn.server import ServerState
from websockets.asyncio.client import connect

from chatline.serving import web_protocol, web_reading, web_writing
from tests.chatline.web_sockets import serving

MODULES = [web_protocol, web_reading, web_writing]
OWN = {"BoundedWebSocket", "BoundedReads", "GroupedWrites"}


def overriding(module: ModuleType) -> set[str]:
    """The methods of our classes that call the one they take the place of."""
    found = ast.walk(ast.parse(inspect.getsource(module)))
    called = (node for node in found if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Call))
    return {node.attr for node in called if ast.unparse(node.value) == "super()"}


def attributes(module: ModuleType) -> set[str]:
    """What our classes read or set on themselves."""
    found = ast.walk(ast.parse(inspect.getsource(module)))
    named = (node for node in found if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name))
    return {node.attr for node in named if isinstance(node.value, ast.Name) and node.value.id == "self"}


@pytest.mark.parametrize("module", MODULES, ids=lambda module: module.__name__)
def test_methods_that_are_taken_the_place_of_exist(module: ModuleType) -> None:
    replaced = overriding(module)

    assert replaced
    assert {name for name in replaced | {"receive"} if not hasattr(WebSocketsSansIOProtocol, name)} == set()


@pytest.mark.parametrize("module", MODULES, ids=lambda module: module.__name__)
async def test_attributes_that_are_used_exist(module: ModuleType) -> None:
    config = uvicorn.Config("chatline.asgi:application", lifespan="off", log_config=None)
    stock = WebSocketsSansIOProtocol(config, ServerState(), {})
    ours = {name for ours in MODULES for kind in OWN & set(vars(ours)) for name in vars(vars(ours)[kind])}
    private = {name for name in attributes(module) if name.startswith("_")}

    assert {name for name in attributes(module) - ours - private if not hasattr(stock, name)} == set()


async def answer_once(scope: Any, receive: Any, send: Any) -> None:
    await receive()
    await send({"type": "websocket.accept"})
    await receive()
    await send({"type": "websocket.close", "code": 4410})


async def connections_left_after(number: int, protocol: type[asyncio.Protocol]) -> int:
    """How many HTTP protocols of closed sockets wait for a collection of garbage."""
    gc.collect()
    gc.disable()
    try:
        async with serving(answer_once, protocol) as address:
            for _ in range(number):
                async with connect(address) as client:
                    await client.send("hei")
                    await client.wait_closed()
        # Not isinstance(): some of all the objects there are stand for others that are no more.
        return sum(type(one) is HttpToolsProtocol for one in gc.get_objects())
    finally:
        gc.enable()


async def test_socket_that_has_closed_leaves_nothing_for_the_collector() -> None:
    assert await connections_left_after(5, web_protocol.BoundedWebSocket) == 0


async def test_stock_socket_leaves_its_http_protocol() -> None:
    """When this fails, uvicorn has mended it, and ours need not."""
    assert await connections_left_after(5, WebSocketsSansIOProtocol) == 5
