from __future__ import annotations

import re
from typing import Any

import pytest
from django.conf import settings as project_settings
from django.test import Client
from django.urls import reverse

from chatline.middleware.hosts import is_for_staff, is_static_file
from intake.delivery.hub import Hub
from tests.chatline.conftest import ask
from tests.intake.delivery.conftest import Chat
from tests.people import PASSWORD
from tests.project.test_docs_protocol import addresses

VISITORS, STAFF = "chat.example.org", "staff.example.org"
STAFF_SPACES = {"counsellor", "stats", "admin"}


@pytest.fixture(autouse=True)
def two_doors(settings: Any) -> Any:
    settings.STAFF_HOSTS = [STAFF]
    settings.ALLOWED_HOSTS = [VISITORS, STAFF]
    settings.VISITOR_ORIGIN = f"https://{VISITORS}"
    settings.CSRF_TRUSTED_ORIGINS = [f"https://{VISITORS}", f"https://{STAFF}"]
    return settings


def at(client: Client, host: str, path: str, **extra: Any) -> Any:
    return client.get(path, headers={"host": host, **extra})


def test_every_address_of_staff_is_at_their_door_and_no_other() -> None:
    found = {name: is_for_staff(path) for name, path in addresses()}

    assert {name for name, staff in found.items() if staff} == {
        name for name in found if name.partition(":")[0] in STAFF_SPACES
    }
    assert not any(is_static_file(path) for _, path in addresses())


@pytest.mark.django_db
@pytest.mark.parametrize("path", ["/counsellor/", "/counsellor/login/", "/counsellor", "/stats/", "/admin/"])
def test_staff_pages_answer_at_the_staffs_name_alone(path: str) -> None:
    assert at(Client(), STAFF, path).status_code in (200, 301, 302)
    assert at(Client(), f"{STAFF.upper()}:8443", path).status_code in (200, 301, 302)
    assert at(Client(), VISITORS, path).status_code == 404


@pytest.mark.django_db
def test_visitors_pages_answer_at_the_other_names_alone(helpline: Any) -> None:
    for path in ("/privacy/", "/ffp/", "/ffp/chat/", "/ffp/status.json", "/ffp/accent.css"):
        assert at(Client(), VISITORS, path).status_code == 200, path
        assert at(Client(), STAFF, path).status_code == 404, path
    assert at(Client(), VISITORS, "/").status_code == 200
    assert at(Client(), STAFF, "/").url == "/counsellor/"


@pytest.mark.django_db
def test_unknown_name_answers_nothing(helpline: Any) -> None:
    assert at(Client(), "evil.example", "/ffp/").status_code == 400
    assert at(Client(), "evil.example", "/counsellor/").status_code == 400


@pytest.mark.django_db
def test_without_names_for_staff_everything_answers_everywhere(two_doors: Any, helpline: Any) -> None:
    two_doors.STAFF_HOSTS = []

    assert at(Client(), VISITORS, "/counsellor/login/").status_code == 200
    assert at(Client(), STAFF, "/ffp/").status_code == 200


@pytest.mark.django_db
def test_cookies_are_for_one_host_alone(counsellor: Any) -> None:
    counsellor.set_password(PASSWORD)
    counsellor.save()
    client = Client()
    form = {"username": counsellor.username, "password": PASSWORD}

    client.get("/counsellor/login/", headers={"host": STAFF})
    client.post("/counsellor/login/", form, headers={"host": STAFF})

    assert set(client.cookies) == {project_settings.SESSION_COOKIE_NAME, project_settings.CSRF_COOKIE_NAME}
    assert {morsel["domain"] for morsel in client.cookies.values()} == {""}


@pytest.mark.django_db
def test_page_of_the_visitors_cannot_post_to_the_staffs_door(counsellor: Any, client_of: Any) -> None:
    client = client_of(counsellor)
    form = {"language": "nn"}

    def answer(origin: str) -> int:
        headers = {"host": STAFF, "origin": origin}
        return int(client.post("/counsellor/account/language/", form, headers=headers).status_code)

    assert answer(f"https://{STAFF}") == 302
    assert answer(f"https://{VISITORS}") == 403
    assert answer("http://[") == 403


@pytest.mark.django_db
def test_calendar_is_at_the_staffs_name(counsellor: Any, client_of: Any) -> None:
    page = client_of(counsellor).post(reverse("counsellor:calendar_create"), headers={"host": STAFF})
    address = re.search(rf"http://{STAFF}(/[^\"<\s]+)", page.content.decode())

    assert address is not None
    assert at(Client(), STAFF, address[1]).status_code == 200
    assert at(Client(), VISITORS, address[1]).status_code == 404


@pytest.mark.django_db
def test_staff_find_the_helplines_page_at_the_visitors_name(coordinator: Any, client_of: Any) -> None:
    page = at(client_of(coordinator), STAFF, reverse("counsellor:helpline_settings", args=["ffp"]))

    assert f'href="https://{VISITORS}/ffp/"' in page.content.decode()


@pytest.mark.django_db
def test_who_may_frame_a_page_does_not_change(helpline: Any) -> None:
    helpline.embed_origins = ["https://www.ffp.example"]
    helpline.save()

    policy = at(Client(), VISITORS, "/ffp/")["Content-Security-Policy"]

    assert "frame-ancestors 'self' https://www.ffp.example" in policy
    assert "frame-ancestors 'none'" in at(Client(), STAFF, "/counsellor/login/")["Content-Security-Policy"]


@pytest.mark.parametrize("host", [VISITORS, STAFF, "10.0.0.7:8000"])
async def test_health_is_told_at_any_name(host: str) -> None:
    assert (await ask("/healthz", headers=[(b"host", host.encode())]))[0] == 200


# -- sockets -------------------------------------------------------------------------------------------------


async def opens(path: str, *, host: str, origin: str = "") -> bool:
    chat = Chat(path, host=host, origin=origin)
    opened = await chat.open()
    await chat.leave()
    return opened


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(
    ("path", "host", "origin", "opened"),
    [
        ("/ws/visitor/", VISITORS, f"https://{VISITORS}", True),
        ("/ws/visitor/", VISITORS, "", True),
        ("/ws/visitor/", STAFF, f"https://{STAFF}", False),
        ("/ws/visitor/", STAFF, "", False),
        ("/ws/visitor/", VISITORS, f"https://{STAFF}", False),
        ("/ws/counsellor/", STAFF, f"https://{STAFF}", True),
        ("/ws/counsellor/", f"{STAFF}:443", f"https://{STAFF}", True),
        ("/ws/counsellor/", STAFF, "", True),
        ("/ws/counsellor/", VISITORS, f"https://{VISITORS}", False),
        ("/ws/counsellor/", STAFF, f"https://{VISITORS}", False),
        ("/ws/counsellor/", STAFF, "https://evil.example", False),
        ("/ws/counsellor", STAFF, f"https://{STAFF}", False),
        ("/ws/counsellor/", "", "", False),
    ],
)
async def test_sockets_open_at_their_own_door_for_its_own_pages(
    hub: Hub, path: str, host: str, origin: str, opened: bool
) -> None:
    assert await opens(path, host=host, origin=origin) is opened
