"""No address of a visitor sets a cookie, whatever is asked of it and whoever asks (docs/privacy.md, "No cookie")."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pytest
from django.http import HttpResponse
from django.test import Client

from intake.models import Helpline
from intake.rules.openings import Opened
from tests.project.documents import document, one_name, rows, section

pytestmark = pytest.mark.django_db


@dataclass(frozen=True)
class Address:
    method: str
    path: str


def addresses_of_visitors() -> list[Address]:
    """As docs/protocol.md tells them, which another test holds against the code."""
    text = document("protocol.md")
    told = rows(section(text, "HTTP").replace(section(text, "Staff"), ""))
    return [Address(row["method"], one_name(row["address"])) for row in told if "address" in row]


ADDRESSES = addresses_of_visitors()
ACCEPTED = ["", "en", "nn-NO,nn;q=0.9", "xx"]


def ask(client: Client, address: Address, helpline: Helpline, **headers: Any) -> HttpResponse:
    path = address.path.replace("{helpline}", helpline.slug)
    body: dict[str, Any] = {"data": "{}", "content_type": "application/json"} if address.method != "GET" else {}
    answer: HttpResponse = getattr(client, address.method.lower())(path, headers=headers or None, **body)
    return answer


@pytest.fixture
def browser() -> Client:
    """A client that holds Django to its protection against forged requests, which would set a cookie."""
    return Client(enforce_csrf_checks=True)


@pytest.mark.parametrize("address", ADDRESSES, ids=lambda address: f"{address.method} {address.path}")
@pytest.mark.parametrize("language", ACCEPTED)
def test_visitor_gets_no_cookie(browser: Client, helpline: Helpline, address: Address, language: str) -> None:
    answer = ask(browser, address, helpline, **({"accept-language": language} if language else {}))

    assert answer.status_code < 500
    assert answer.cookies == {}
    assert "Cookie" not in answer.get("Vary", "")


@pytest.mark.parametrize("address", ADDRESSES, ids=lambda address: f"{address.method} {address.path}")
def test_owner_of_a_conversation_gets_no_cookie(
    browser: Client, visitor: Opened, helpline: Helpline, address: Address
) -> None:
    answer = ask(browser, address, helpline, authorization=f"Bearer {visitor.token}")

    assert answer.status_code in {200, 201, 204}
    assert answer.cookies == {}


@pytest.mark.parametrize("path", ["/nobody/", "/ffp/nothing/", "/nothing", "/ffp"])
def test_wrong_address_sets_no_cookie(browser: Client, helpline: Helpline, path: str) -> None:
    answer = browser.get(path)

    assert answer.status_code in {301, 404}
    assert answer.cookies == {}


def test_every_address_was_asked() -> None:
    assert len(ADDRESSES) >= 9
    assert {address.method for address in ADDRESSES} == {"GET", "POST", "DELETE"}


def test_cookie_of_a_page_that_sets_one_is_found(browser: Client) -> None:
    answer = browser.get("/counsellor/login/")

    assert set(answer.cookies) == {"__Host-csrf"} or set(answer.cookies) == {"csrf"}
