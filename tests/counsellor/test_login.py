from __future__ import annotations

import re
from datetime import timedelta

import pytest
import time_machine
from axes.models import AccessAttempt
from django.conf import settings
from django.contrib.sessions.models import Session
from django.test import Client
from django.utils import timezone

from counsellor.models import AuditEntry, Counsellor, SecondFactor
from counsellor.pages import login
from counsellor.rules.accounts import close_account, create_account
from counsellor.rules.second_factor import make_recovery_codes
from tests.people import PASSWORD

pytestmark = pytest.mark.django_db

LOGIN, CODE, ENROL, DESK = "/counsellor/login/", "/counsellor/code/", "/counsellor/enrol/", "/counsellor/"


def without_token(response) -> str:
    return re.sub(r'(csrfmiddlewaretoken" value=")\w+', r"\1", response.content.decode())


@pytest.fixture
def kari(counsellor):
    counsellor.set_password(PASSWORD)
    counsellor.save()
    return counsellor


def give_password(client: Client, person: Counsellor, password: str = PASSWORD, following: str = ""):
    return client.post(LOGIN, {"username": person.username, "password": password, "next": following})


def code_of(person: Counsellor) -> str:
    return SecondFactor.objects.get(user=person).code_at(timezone.now())


def test_login_with_both_factors_reaches_the_page_that_was_asked_for(client, kari):
    asked = client.get("/counsellor/account/")
    assert asked.url == f"{LOGIN}?next=/counsellor/account/"

    assert give_password(client, kari, following="/counsellor/account/").url == CODE
    assert client.post(CODE, {"code": code_of(kari)}).url == "/counsellor/account/"
    assert client.get("/counsellor/account/").status_code == 200


def test_login_never_leads_to_another_site(client, kari):
    give_password(client, kari, following="https://evil.example/")
    assert client.post(CODE, {"code": code_of(kari)}).url == DESK


def test_password_alone_opens_nothing(client, kari):
    give_password(client, kari)
    for address in (DESK, "/counsellor/queue/", "/counsellor/account/", "/admin/", "/admin/counsellor/counsellor/"):
        assert client.get(address).status_code == 302, address
        assert client.get(address).url.startswith(LOGIN), address


def test_wrong_password_says_so_without_saying_whether_the_name_exists(client, kari):
    wrong = give_password(client, kari, "feil passord her")
    unknown = client.post(LOGIN, {"username": "nobody", "password": "feil passord her"})
    assert wrong.status_code == unknown.status_code == 403
    assert without_token(wrong).replace("kari", "") == without_token(unknown).replace("nobody", "")


def test_closed_account_cannot_log_in(client, kari, administrator):
    close_account(kari, by=administrator, now=timezone.now())
    assert give_password(client, kari).status_code == 403


def test_code_works_once(client, kari):
    code = code_of(kari)
    give_password(client, kari)
    assert client.post(CODE, {"code": code}).status_code == 302

    again = Client()
    give_password(again, kari)
    assert again.post(CODE, {"code": code}).status_code == 403


def test_code_with_a_space_in_the_middle_is_read(client, kari):
    code = code_of(kari)
    give_password(client, kari)
    assert client.post(CODE, {"code": f"{code[:3]} {code[3:]}"}).status_code == 302


def test_code_of_somebody_else_is_refused(client, kari, other_counsellor):
    other = SecondFactor.objects.get(user=other_counsellor)
    other.seed_sealed = SecondFactor.with_seed(other_counsellor, b"quite another 20byte").seed_sealed
    other.save()
    give_password(client, kari)
    assert client.post(CODE, {"code": code_of(other_counsellor)}).status_code == 403


def test_wrong_codes_must_wait_longer_each_time(client, kari):
    give_password(client, kari)
    assert client.post(CODE, {"code": "000000"}).status_code == 403
    assert client.post(CODE, {"code": code_of(kari)}).status_code == 429
    with time_machine.travel(timezone.now() + timedelta(seconds=2), tick=False):
        assert client.post(CODE, {"code": code_of(kari)}).status_code == 302


@pytest.mark.parametrize(("ahead", "status"), [(timedelta(seconds=30), 200), (timedelta(hours=1), 302)])
def test_half_a_login_of_a_machine_whose_clock_is_a_little_ahead_goes_on(client, kari, ahead, status):
    with time_machine.travel(timezone.now() + ahead, tick=False):
        give_password(client, kari)

    assert client.get(CODE).status_code == status


def test_half_a_login_ends_after_ten_minutes(client, kari):
    give_password(client, kari)
    with time_machine.travel(timezone.now() + timedelta(minutes=11), tick=False):
        assert client.post(CODE, {"code": code_of(kari)}).url == LOGIN


def test_session_is_exchanged_at_both_steps(client, kari):
    client.get(LOGIN)
    give_password(client, kari)
    half = client.cookies[settings.SESSION_COOKIE_NAME].value
    client.post(CODE, {"code": code_of(kari)})
    assert client.cookies[settings.SESSION_COOKIE_NAME].value != half
    assert not Session.objects.filter(session_key=half).exists()


def test_session_ends_after_twelve_hours(client, kari):
    give_password(client, kari)
    client.post(CODE, {"code": code_of(kari)})
    with time_machine.travel(timezone.now() + timedelta(hours=12, minutes=1), tick=False):
        assert client.get(DESK).url.startswith(LOGIN)


def test_recovery_code_works_once_in_any_writing(client, kari):
    code = make_recovery_codes(kari, now=timezone.now())[0]
    give_password(client, kari)
    assert client.post(CODE, {"code": code.upper().replace("-", " ")}).status_code == 302

    again = Client()
    give_password(again, kari)
    assert again.post(CODE, {"code": code}).status_code == 403


def test_recovery_code_of_somebody_else_is_refused(client, kari, other_counsellor):
    code = make_recovery_codes(other_counsellor, now=timezone.now())[0]
    give_password(client, kari)
    assert client.post(CODE, {"code": code}).status_code == 403


def test_logout_ends_the_session_and_must_be_posted(client, kari):
    give_password(client, kari)
    client.post(CODE, {"code": code_of(kari)})
    assert client.get("/counsellor/logout/").status_code == 405
    client.post("/counsellor/logout/")
    assert client.get(DESK).url.startswith(LOGIN)


def test_first_login_connects_an_app_and_gives_recovery_codes(client, helpline, administrator):
    newcomer, start = create_account("ny", pseudonym="Ny", by=administrator, now=timezone.now())
    assert give_password(client, newcomer, start).url == ENROL

    page = client.get(ENROL).content.decode()
    factor = SecondFactor.objects.get(user=newcomer)
    assert "<svg" in page
    assert factor.secret[:4] in page
    assert "style=" not in page

    assert client.post(ENROL, {"code": "000000"}).status_code == 403
    shown = client.post(ENROL, {"code": code_of(newcomer)})
    assert shown.status_code == 200
    assert shown.content.decode().count("<li><code>") == 10
    assert newcomer.recovery_codes.count() == 10


def test_start_password_must_be_replaced_before_anything_else(client, helpline, administrator):
    newcomer, start = create_account("ny", pseudonym="Ny", by=administrator, now=timezone.now())
    give_password(client, newcomer, start)
    client.get(ENROL)
    client.post(ENROL, {"code": code_of(newcomer)})

    assert client.get(DESK).url == "/counsellor/account/password/"
    changed = client.post("/counsellor/account/password/", {"current": start, "password": PASSWORD})
    assert changed.url == DESK
    assert client.get(DESK).status_code == 200


def test_enrolment_is_closed_to_who_has_an_app_already(client, kari):
    give_password(client, kari)
    assert client.get(ENROL).url == LOGIN


def test_too_many_wrong_passwords_lock_the_device_and_not_the_account(client, kari):
    for _ in range(9):
        client.post(LOGIN, {"username": "kari", "password": "feil"})
    answer = client.post(LOGIN, {"username": "kari", "password": "feil"})
    assert answer.status_code == 429
    assert 0 < int(answer["Retry-After"]) <= 15 * 60

    assert give_password(client, kari).status_code == 429
    elsewhere = Client(REMOTE_ADDR="fd00::2")
    assert give_password(elsewhere, kari).url == CODE


def test_locked_device_is_answered_while_every_place_at_the_login_is_taken(kari, monkeypatch):
    monkeypatch.setattr(login, "HASHING_SECONDS", 0.0)
    locked, elsewhere = Client(REMOTE_ADDR="fd00::3"), Client(REMOTE_ADDR="fd00::4")
    for _ in range(10):
        give_password(locked, kari, "feil")

    with login._hashing, login._hashing:
        answer = give_password(locked, kari)
        assert give_password(elsewhere, kari).status_code == 503

    assert answer.status_code == 429
    assert 0 < int(answer["Retry-After"]) <= 15 * 60


def test_lock_out_is_over_after_a_quarter_of_an_hour_even_for_who_kept_trying(client, kari):
    for _ in range(12):
        client.post(LOGIN, {"username": "kari", "password": "feil"})
    with time_machine.travel(timezone.now() + timedelta(minutes=16), tick=False):
        assert give_password(client, kari).url == CODE


def test_wrong_codes_lock_the_device_too(client, kari):
    give_password(client, kari)
    for _ in range(10):
        client.post(CODE, {"code": "000000"})
    assert client.post(CODE, {"code": code_of(kari)}).status_code == 429
    assert give_password(client, kari).status_code == 429


def test_lock_out_keeps_a_pseudonym_and_nothing_else(client):
    client.get("/")
    client.post(
        f"{LOGIN}?next=/counsellor/marked-path/",
        {"username": "marked-name", "password": "marked-password"},
        HTTP_USER_AGENT="marked-agent",
        HTTP_ACCEPT="marked-accept",
        REMOTE_ADDR="fd00::1",
    )
    kept = AccessAttempt.objects.values().get()
    assert kept["ip_address"] == "fd00::1"
    assert "marked" not in str(kept)


def test_login_is_written_in_the_log(client, kari):
    give_password(client, kari, "feil")
    give_password(client, kari)
    client.post(CODE, {"code": code_of(kari)})
    client.post("/counsellor/logout/")
    lines = list(AuditEntry.objects.order_by("id").values_list("action", "actor__username"))
    assert lines == [("password_failed", None), ("signed_in", "kari"), ("signed_out", "kari")]


def test_seed_is_not_in_the_database_in_clear(kari):
    factor = SecondFactor.objects.get(user=kari)
    assert factor.seed == b"a seed for the tests"
    assert factor.seed not in bytes(factor.seed_sealed)


def test_seed_of_one_account_does_not_open_for_another(kari, other_counsellor):
    from intake.sealing.cipher import SealBroken

    moved = SecondFactor.objects.get(user=other_counsellor)
    moved.seed_sealed = SecondFactor.objects.get(user=kari).seed_sealed
    with pytest.raises(SealBroken):
        _ = moved.seed
