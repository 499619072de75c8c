from __future__ import annotations

import pytest
from django.conf import settings
from django.test import Client

from counsellor.rules.sessions import SessionStore
from intake.delivery import frames
from intake.delivery.hub import Hub
from tests.intake.delivery.conftest import Chat, hub

__all__ = ["hub"]

# As a cookie header carries them: quoted, with octal escapes that Django reads as bytes.
MALFORMED = {
    "NUL": r'"\000bcdefgh12345678901234567890123"',
    "NUL inside": r'"abcdefgh\000"',
    "over-long": "a" * 7000,
    "not ASCII": "blåbærsyltetøyblåbærsyltetøyblåb",
    "upper case": "A" * 32,
    "quote": "'" * 32,
    "empty": '""',
}


@pytest.mark.django_db
@pytest.mark.parametrize("cookie", MALFORMED.values(), ids=MALFORMED)
def test_malformed_session_cookie_is_nobody(cookie):
    answer = Client(headers={"cookie": f"{settings.SESSION_COOKIE_NAME}={cookie}"}).get("/counsellor/")

    assert answer.status_code == 302
    assert answer["Location"].startswith("/counsellor/login/")


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("cookie", MALFORMED.values(), ids=MALFORMED)
async def test_malformed_session_cookie_opens_no_socket(hub: Hub, cookie):
    chat = Chat("/ws/counsellor/")
    chat.socket.scope["headers"].append((b"cookie", f"{settings.SESSION_COOKIE_NAME}={cookie}".encode("latin-1")))
    assert await chat.open()

    await chat.say(type="hello")

    assert (await chat.next())["code"] == "unknown_conversation"
    assert await chat.next() == {"type": "closed", "code": frames.CLOSE_TOKEN_DEAD}


@pytest.mark.django_db
def test_session_key_of_ours_is_kept(client_of, counsellor):
    client = client_of(counsellor)

    assert SessionStore(client.session.session_key).session_key == client.session.session_key
    assert client.get("/counsellor/").status_code == 200
