"""Every address is declared, and every declaration is tried with people who must fail."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any, get_args

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.http import HttpResponse
from django.test import Client
from django.urls import URLPattern, URLResolver, clear_url_caches, get_resolver, path, reverse
from django.utils import timezone

from counsellor.authorisation import ADDRESSES, SOCKET_ACTIONS, Rule, Who, rule_of
from counsellor.backend import PERMISSIONS
from counsellor.models import Shift
from counsellor.rules.accounts import close_account
from counsellor.rules.second_factor import remove_factor
from intake.delivery.frames import ClientFrame
from intake.models import PendingContact

UNKNOWN = "00000000-0000-4000-8000-000000000000"


def names(patterns: list[URLPattern | URLResolver], namespace: str = "") -> Iterator[str]:
    """Full names of all addresses; one without a name goes by its function."""
    for pattern in patterns:
        if isinstance(pattern, URLResolver):
            inner = f"{namespace}{pattern.namespace}:" if pattern.namespace else namespace
            yield from names(pattern.url_patterns, inner)
        else:
            yield f"{namespace}{pattern.name or pattern.lookup_str}"


ALL_NAMES = sorted(set(names(get_resolver().url_patterns)))
ENFORCED = [name for name in ALL_NAMES if (rule := rule_of(name)) and rule.who in (Who.STAFF, Who.ADMINISTRATOR)]
OURS = [name for name in ENFORCED if not name.startswith("admin:")]


def test_every_address_is_declared():
    assert len(ALL_NAMES) > 30
    assert [name for name in ALL_NAMES if rule_of(name) is None] == []


def test_every_declaration_has_an_address():
    stale = [name for name in ADDRESSES if not name.endswith(":*") and name not in ALL_NAMES]
    assert stale == []


def test_every_permission_that_is_asked_for_is_held_by_somebody():
    asked = {rule.permission for rule in ADDRESSES.values() if rule.permission}
    assert asked <= set(PERMISSIONS)


def test_only_the_visitors_pages_and_the_doors_are_public():
    public = {name for name in ALL_NAMES if rule_of(name) == Rule(Who.PUBLIC)}
    staff_side = {name for name in public if name.split(":")[0] in {"counsellor", "stats", "admin"}}
    assert staff_side == {"counsellor:login", "counsellor:logout", "counsellor:calendar_feed"}


def test_every_socket_action_is_declared_for_both_sides():
    tags = {frame.__struct_config__.tag for frame in get_args(ClientFrame)}
    assert tags == set(SOCKET_ACTIONS["visitor"]) == set(SOCKET_ACTIONS["counsellor"])


def test_every_socket_action_of_staff_asks_for_a_right():
    asked = {rule.permission or "" for rule in SOCKET_ACTIONS["counsellor"].values()}
    assert asked <= set(PERMISSIONS)
    for permission in asked:
        assert PERMISSIONS[permission].isdisjoint({"coordinator"})


@pytest.mark.django_db
def test_undeclared_address_answers_nobody(settings, client_of, administrator):
    settings.ROOT_URLCONF = __name__
    clear_url_caches()
    with pytest.raises(ImproperlyConfigured, match="forgotten"):
        client_of(administrator).get("/forgotten/")


urlpatterns = [path("forgotten/", lambda request: HttpResponse("open"), name="forgotten")]


@pytest.fixture
def address(helpline, counsellor, visitor):
    """The address of a name, filled in with things that exist on `helpline` and belong to `counsellor`."""
    now = timezone.now()
    pending = PendingContact.objects.create(
        helpline=helpline, counsellor=counsellor, started_at=now, duration_minutes=1, waiting_minutes=1, ended_on=now
    )
    shift = Shift.objects.create(helpline=helpline, user=counsellor, starts_at=now, ends_at=now + timedelta(hours=8))
    numbers = {"stats:register": pending.pk, "counsellor:roster_shift": shift.pk}
    filled = {"slug": helpline.slug, "public_id": visitor.conversation.public_id, "table": "themes"}

    def of(name: str) -> str:
        wanted = parameters_of(name)
        return reverse(name, kwargs={key: filled.get(key, numbers.get(name, 1)) for key in wanted})

    return of


def parameters_of(name: str) -> list[str]:
    namespace, own = name.split(":")
    _, resolver = get_resolver().namespace_dict[namespace]
    return list(resolver.reverse_dict.getlist(own)[0][0][0][1])


def ask(client: Client, address: str) -> list[Any]:
    return [client.get(address), client.post(address)]


@pytest.mark.django_db
def test_nobody_gets_in_without_login(address, client):
    for name in OURS:
        for answer in ask(client, address(name)):
            assert answer.status_code == 302, name
            assert answer["Location"].startswith("/counsellor/login/"), name


@pytest.mark.django_db
def test_nobody_gets_in_without_second_factor(address, duty_leader):
    client = Client()
    client.force_login(duty_leader, backend="counsellor.backend.RoleBackend")
    for name in OURS:
        for answer in ask(client, address(name)):
            assert answer.status_code == 302, name
            assert answer["Location"].startswith("/counsellor/login/"), name


@pytest.mark.django_db
def test_stranger_with_every_role_elsewhere_finds_nothing(address, stranger, client_of):
    client = client_of(stranger)
    tried = [name for name in OURS if "slug" in parameters_of(name)]
    assert len(tried) > 15
    for name in tried:
        for answer in ask(client, address(name)):
            assert answer.status_code == 404, name


def needed_permissions() -> list[tuple[str, str]]:
    return [(name, rule.permission) for name in OURS if (rule := rule_of(name)) and rule.permission]


@pytest.mark.django_db
@pytest.mark.parametrize("role", ["counsellor", "duty_leader", "coordinator", "administrator"])
def test_role_without_the_permission_finds_nothing(role, address, client_of, request):
    client = client_of(request.getfixturevalue(role))
    tried = [name for name, needed in needed_permissions() if role not in PERMISSIONS[needed]]
    assert tried
    for name in tried:
        for answer in ask(client, address(name)):
            assert answer.status_code == 404, name


@pytest.mark.django_db
@pytest.mark.parametrize("person", ["counsellor", "duty_leader", "coordinator", "stranger"])
@pytest.mark.parametrize(
    "address", ["/admin/", "/admin/counsellor/counsellor/", "/admin/login/", "/admin/nothing/here/"]
)
def test_set_up_is_for_the_administrator(person, address, client_of, request):
    assert client_of(request.getfixturevalue(person)).get(address).status_code == 404


@pytest.mark.django_db
def test_set_up_shows_the_administrator_no_conversation(administrator, client_of):
    client = client_of(administrator)
    assert client.get("/admin/counsellor/counsellor/").status_code == 200
    for model in ("conversation", "message", "pendingcontact"):
        assert client.get(f"/admin/intake/{model}/").status_code == 404


@pytest.mark.django_db
def test_script_is_told_that_the_session_is_over(client, helpline):
    assert client.get("/counsellor/queue/", headers={"X-Fragment": "1"}).status_code == 401


@pytest.mark.django_db
def test_closed_account_is_out_at_once(counsellor, administrator, client_of):
    client = client_of(counsellor)
    assert client.get("/counsellor/").status_code == 200
    close_account(counsellor, by=administrator, now=timezone.now())
    assert client.get("/counsellor/").status_code == 302


@pytest.mark.django_db
def test_removed_second_factor_ends_the_session(counsellor, administrator, client_of):
    client = client_of(counsellor)
    remove_factor(counsellor, by=administrator, now=timezone.now())
    assert client.get("/counsellor/").status_code == 302


@pytest.mark.django_db
def test_staff_page_keeps_trusted_types_and_the_set_up_does_not(administrator, client_of):
    client = client_of(administrator)
    assert "require-trusted-types-for" in client.get("/counsellor/")["Content-Security-Policy"]
    assert "require-trusted-types-for" not in client.get("/admin/")["Content-Security-Policy"]
    assert "script-src 'self'" in client.get("/admin/")["Content-Security-Policy"]


@pytest.mark.django_db
def test_staff_page_sends_its_origin_with_forms_and_refers_to_nobody(counsellor, client_of):
    answer = client_of(counsellor).get("/counsellor/")
    assert answer["Referrer-Policy"] == "same-origin"
    assert '<meta name="referrer" content="same-origin">' in answer.content.decode()
