"""The databases of these pages cannot be reached: their address is one where nobody listens."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from tests.servers import free_port
from tests.web import Installation

Told = tuple[int, str, str, str]

pytestmark = pytest.mark.once

# In a process of its own: this one has its databases already.
PROGRAM = """
import asyncio, json, sys, django
django.setup()
from django.test import AsyncClient

async def main():
    client = AsyncClient(raise_request_exception=False)
    told = []
    for answer in (
        await client.get("/ffp/"),
        await client.post("/ffp/conversations/", data="{}", content_type="application/json"),
        await client.delete("/ffp/conversations/current/", headers={"Authorization": "Bearer abc"}),
    ):
        told.append([answer.status_code, answer.headers["Retry-After"], answer.headers["Content-Type"], answer.text])
    print(json.dumps(told))

asyncio.run(main())
"""


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> list[Told]:
    nobody = f"postgres://chatline:word@127.0.0.1:{free_port()}"
    addresses = {"DATABASE_URL": f"{nobody}/chatline", "KEYS_DATABASE_URL": f"{nobody}/keys"}
    installation = Installation(tmp_path_factory.mktemp("installation"), addresses, prepared=True)
    environment = installation.environment | {
        "DJANGO_SETTINGS_MODULE": "chatline.settings",
        "CHATLINE_HOSTS": "testserver",
    }
    answer = subprocess.run(
        [sys.executable, "-c", PROGRAM], env=environment, capture_output=True, text=True, check=True, timeout=90
    )
    found: list[Told] = json.loads(answer.stdout.splitlines()[-1])
    return found


def test_without_a_database_a_page_asks_to_come_back_and_names_the_numbers(told: list[Told]) -> None:
    status, wait, kind, page = told[0]

    assert (status, wait, kind) == (503, "3", "text/html; charset=utf-8")
    assert "116 123" in page
    assert "127.0.0.1" not in page


@pytest.mark.parametrize("place", [1, 2])
def test_without_a_database_a_program_is_told_when_to_come_back(told: list[Told], place: int) -> None:
    status, wait, kind, problem = told[place]

    assert (status, wait, kind) == (503, "3", "application/problem+json")
    assert json.loads(problem)["code"] == "unavailable"
