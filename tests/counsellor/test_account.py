from __future__ import annotations

import pytest
from django.core.management import CommandError, call_command
from django.test import Client
from django.utils import timezone

from counsellor.demo import PEOPLE, create_staff
from counsellor.models import AuditEntry, Counsellor, Membership, SecondFactor
from counsellor.rules.second_factor import WrongCode, check_code, make_recovery_codes
from intake.demo import create_helplines
from tests.people import PASSWORD

pytestmark = pytest.mark.django_db

NEW_PASSWORD = "fire grønne båter i sol"


@pytest.fixture
def kari(counsellor):
    counsellor.set_password(PASSWORD)
    counsellor.save()
    return counsellor


def test_password_change_needs_the_one_she_has(kari, client_of):
    client = client_of(kari)
    address = "/counsellor/account/password/"
    assert client.post(address, {"current": "feil", "password": NEW_PASSWORD}).status_code == 200
    assert client.post(address, {"current": PASSWORD, "password": "kort"}).status_code == 200
    assert client.post(address, {"current": PASSWORD, "password": PASSWORD}).status_code == 200
    assert client.post(address, {"current": PASSWORD, "password": NEW_PASSWORD}).status_code == 302
    assert Counsellor.objects.get(pk=kari.pk).check_password(NEW_PASSWORD)


@pytest.mark.parametrize(
    ("language", "password", "sentence"),
    [
        ("nb", "kort", "Passordet er for kort. Det må ha minst 12 tegn."),
        ("nn", "kort", "Passordet er for kort. Det må ha minst 12 teikn."),
        ("en", "kort", "The password is too short. It must have at least 12 characters."),
        ("nb", "918273645501928", "Dette passordet inneholder bare tall."),
    ],
)
def test_weak_password_is_refused_in_her_language(kari, client_of, language, password, sentence):
    kari.language = language
    kari.save()

    answer = client_of(kari).post(
        "/counsellor/account/password/",
        {"current": PASSWORD, "password": password},
        headers={"Accept-Language": language},
    )

    assert sentence in answer.content.decode()
    assert Counsellor.objects.get(pk=kari.pk).check_password(PASSWORD)


def test_password_change_ends_her_other_sessions(kari, client_of):
    here, elsewhere = client_of(kari), client_of(kari)
    here.post("/counsellor/account/password/", {"current": PASSWORD, "password": NEW_PASSWORD})
    assert here.get("/counsellor/").status_code == 200
    assert elsewhere.get("/counsellor/").status_code == 302


def test_password_is_kept_as_argon2(kari):
    assert kari.password.startswith("argon2$argon2id$")


def test_new_recovery_codes_replace_the_old_ones(kari, client_of):
    old = make_recovery_codes(kari, now=timezone.now())[0]
    answer = client_of(kari).post("/counsellor/account/recovery-codes/", {"current": PASSWORD})
    new = answer.context["codes"][0]
    with pytest.raises(WrongCode):
        check_code(kari, code=old, now=timezone.now())
    SecondFactor.objects.update(throttling_failure_count=0)
    check_code(kari, code=new, now=timezone.now())


def test_new_recovery_codes_need_the_password(kari, client_of):
    old = make_recovery_codes(kari, now=timezone.now())[0]
    client_of(kari).post("/counsellor/account/recovery-codes/", {"current": "feil"})
    check_code(kari, code=old, now=timezone.now())


def test_recovery_codes_are_kept_as_digests(kari):
    codes = make_recovery_codes(kari, now=timezone.now())
    kept = " ".join(kari.recovery_codes.values_list("digest", flat=True))
    assert len(set(codes)) == 10
    assert not any(code.replace("-", "") in kept for code in codes)


def test_another_app_takes_over_when_it_is_confirmed(kari, client_of):
    client, address = client_of(kari), "/counsellor/account/app/"
    client.get(address)
    old, new = SecondFactor.objects.get(confirmed=True), SecondFactor.objects.get(confirmed=False)
    code = new.code_at(timezone.now())

    client.post(address, {"code": code, "current": "feil"})
    assert SecondFactor.objects.get(confirmed=True) == old
    client.post(address, {"code": code, "current": PASSWORD})
    assert SecondFactor.objects.get() == new
    assert client.get("/counsellor/").status_code == 200


def test_language_of_the_staff_pages_is_hers(kari, client_of):
    client = client_of(kari)
    client.post("/counsellor/account/language/", {"language": "en"})
    assert '<html lang="en"' in client.get("/counsellor/account/").content.decode()
    assert '<html lang="nb"' in Client().get("/counsellor/login/", headers={"Accept-Language": "nb"}).content.decode()


def test_administrator_creates_an_account_with_a_start_password_shown_once(administrator, helpline, client_of):
    client = client_of(administrator)
    roles = {"TOTAL_FORMS": 1, "INITIAL_FORMS": 0, "0-helpline": helpline.pk, "0-role": "counsellor"}
    form = {f"memberships-{name}": value for name, value in roles.items()}
    answer = client.post("/admin/counsellor/counsellor/add/", {"username": "ny", "pseudonym": "Ny", **form})

    [(person, password)] = answer.context["given"]
    assert person.check_password(password)
    assert person.must_change_password
    assert Membership.objects.filter(user=person, helpline=helpline, role="counsellor").exists()
    assert password not in client.get("/admin/counsellor/counsellor/").content.decode()
    lines = AuditEntry.objects.filter(subject=person).values_list("action", "actor__username")
    assert set(lines) == {("account_created", "admin"), ("start_password_made", "admin")}


@pytest.mark.parametrize("action", ["close_accounts", "remove_second_factor", "give_start_password"])
def test_administrator_can_help_or_stop_somebody(action, kari, administrator, client_of):
    hers = client_of(kari)
    client_of(administrator).post("/admin/counsellor/counsellor/", {"action": action, "_selected_action": [kari.pk]})
    assert hers.get("/counsellor/").status_code == 302
    assert AuditEntry.objects.filter(subject=kari, actor=administrator).exists()


def test_administrator_cannot_close_her_own_account(administrator, client_of):
    client = client_of(administrator)
    chosen = {"action": "close_accounts", "_selected_action": [administrator.pk]}
    client.post("/admin/counsellor/counsellor/", chosen)
    assert Counsellor.objects.get(pk=administrator.pk).is_active


def test_log_cannot_be_changed_in_the_set_up(administrator, client_of):
    line = AuditEntry.objects.create(at=timezone.now(), actor=administrator, action="signed_in")
    client = client_of(administrator)
    assert client.get("/admin/counsellor/auditentry/").status_code == 200
    for address in ("add/", f"{line.pk}/delete/"):
        assert client.post(f"/admin/counsellor/auditentry/{address}", {"post": "yes"}).status_code == 403
    assert AuditEntry.objects.filter(pk=line.pk).exists()


def test_demo_staff_can_be_created_twice(settings):
    helplines = create_helplines(timezone.now())
    first = create_staff(helplines)
    assert create_staff(helplines) == first
    assert SecondFactor.objects.filter(confirmed=True).count() == len(PEOPLE) == Counsellor.objects.count()


def test_totp_prints_a_code_that_is_accepted_even_twice_in_a_row(counsellor, settings, capsys):
    settings.DEMO = True
    for _ in range(2):
        call_command("totp", "kari")
        check_code(counsellor, code=capsys.readouterr().out.strip(), now=timezone.now())


def test_totp_of_nobody_says_that_there_is_no_such_account(counsellor, settings):
    settings.DEMO = True
    with pytest.raises(CommandError, match="There is no account named nobody"):
        call_command("totp", "nobody")


def test_logins_are_listed_in_plain_words_with_one_hint_at_most(settings, db, capsys):
    settings.DEMO = True
    call_command("demo", "--print")
    assert capsys.readouterr().out.count("totp") == 1

    call_command("demo", "--print", "--no-hint")

    printed = capsys.readouterr().out
    assert "duty leader on ffp" in printed
    assert "duty_leader" not in printed
    assert "totp" not in printed


def test_admin_has_headings_in_her_language_and_an_icon(administrator, client_of):
    page = client_of(administrator).get("/admin/").content.decode()
    assert "Rådgivere" in page
    assert "Tjenester" in page
    assert "Counsellors" not in page
    assert "Intake" not in page
    assert 'rel="icon"' in page


def test_language_choice_names_each_language_in_its_own_words(kari, client_of):
    for language in ("nb", "nn", "en"):
        page = client_of(kari).get("/counsellor/account/", headers={"Accept-Language": language}).content.decode()
        for name in ("Bokmål", "Nynorsk", "English"):
            assert f">{name}</option>" in page


@pytest.mark.parametrize("command", [("totp", "kari"), ("demo",)])
def test_demo_commands_refuse_outside_demo_mode(command, counsellor, settings):
    settings.DEMO = False
    with pytest.raises(CommandError, match="demo mode"):
        call_command(*command)
