from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from counsellor.models import AuditEntry
from counsellor.pages.desk import SHOWN_WAITING
from counsellor.rules.work import finish_conversation, return_conversation, take_conversation
from intake.models import Conversation, IntroQuestion, PendingContact, StaffPresence
from intake.rules.clock_guard import note_held_back, read_clocks
from intake.rules.lifecycle import erase_conversation
from intake.rules.openings import open_conversation
from stats.models import Contact

pytestmark = pytest.mark.django_db

FRAGMENT = {"X-Fragment": "1"}
State = Conversation.State


def at(opened, action: str = "") -> str:
    return f"/counsellor/conversations/{opened.conversation.public_id}/{action}"


def state_of(opened) -> str:
    return Conversation.objects.get(pk=opened.conversation.pk).state


@pytest.fixture
def taken(visitor, counsellor):
    take_conversation(visitor.conversation, counsellor=counsellor, now=timezone.now())
    return visitor


def test_queue_shows_who_waits_how_long_and_what_was_answered_before(helpline, counsellor, client_of):
    IntroQuestion.objects.create(helpline=helpline, key="topic", label={"nb": "Hva vil du snakke om?"})
    before = timezone.now() - timedelta(minutes=7)
    open_conversation(helpline, language="en", intro={"topic": "Besøk på lørdag"}, now=before)

    page = client_of(counsellor).get("/counsellor/queue/").content.decode()

    assert "Har ventet 7 minutter" in page
    assert "Hva vil du snakke om?" in page
    assert "Besøk på lørdag" in page
    assert "engelsk" in page


def test_long_queue_shows_the_first_and_counts_everybody(helpline, counsellor, client_of):
    opened = [
        open_conversation(helpline, language="nb", intro={}, now=timezone.now()) for _ in range(SHOWN_WAITING + 2)
    ]

    page = client_of(counsellor).get("/counsellor/queue/").content.decode()

    assert page.count("data-waiting-id") == SHOWN_WAITING
    assert str(opened[0].conversation.public_id) in page
    assert str(opened[-1].conversation.public_id) not in page
    assert f'data-waiting="{SHOWN_WAITING + 2}"' in page
    assert "… og 2 til venter bak dem." in page


def test_queue_is_the_same_part_on_the_page_and_alone(visitor, counsellor, client_of):
    client = client_of(counsellor)
    alone = client.get("/counsellor/queue/", headers=FRAGMENT).content.decode()
    whole = client.get("/counsellor/").content.decode()
    assert f'data-waiting-id="{visitor.conversation.public_id}"' in alone
    assert f'data-waiting-id="{visitor.conversation.public_id}"' in whole


def test_queue_of_another_helpline_is_not_shown(visitor, stranger, client_of):
    assert str(visitor.conversation.public_id) not in client_of(stranger).get("/counsellor/queue/").content.decode()


def test_coordinator_sees_a_desk_without_queue_and_conversations(taken, other_visitor, coordinator, client_of):
    page = client_of(coordinator).get("/counsellor/").content.decode()
    assert str(taken.conversation.public_id) not in page
    assert str(other_visitor.conversation.public_id) not in page


def test_asking_for_the_queue_says_that_she_is_there(helpline, counsellor, client_of):
    client_of(counsellor).get("/counsellor/queue/")
    assert StaffPresence.objects.get(user=counsellor).helpline == helpline


@pytest.mark.parametrize("address", ["/counsellor/queue/", "/counsellor/"])
def test_queue_asks_as_many_queries_for_three_as_for_one(
    address, helpline, counsellor, client_of, django_assert_num_queries, django_assert_max_num_queries
):
    IntroQuestion.objects.create(helpline=helpline, key="topic", label={"nb": "Hva?"})
    client = client_of(counsellor)
    opened = [open_conversation(helpline, language="nb", intro={"topic": "x"}, now=timezone.now())]
    client.get(address)
    with django_assert_max_num_queries(40) as one:
        client.get(address)

    opened += [open_conversation(helpline, language="nb", intro={"topic": "x"}, now=timezone.now()) for _ in range(2)]
    with django_assert_num_queries(len(one)):
        page = client.get(address)
    assert page.content.decode().count("data-waiting-id") == len(opened)


def test_claim_makes_the_conversation_hers_and_gives_its_panel(visitor, counsellor, client_of):
    answer = client_of(counsellor).post(at(visitor, "claim/"), headers=FRAGMENT)
    assert answer.status_code == 200
    assert f'data-chat="{visitor.conversation.public_id}"' in answer.content.decode()
    claimed = Conversation.objects.get(pk=visitor.conversation.pk)
    assert (claimed.state, claimed.counsellor) == (State.ACTIVE, counsellor)


def test_claim_is_told_kindly_to_who_was_too_late(visitor, counsellor, other_counsellor, client_of):
    client_of(counsellor).post(at(visitor, "claim/"))
    late = client_of(other_counsellor).post(at(visitor, "claim/"), headers=FRAGMENT)
    assert late.status_code == 409
    assert "En annen rådgiver tok samtalen først." in late.content.decode()
    assert Conversation.objects.get(pk=visitor.conversation.pk).counsellor == counsellor


def test_claim_without_script_leads_back_to_the_desk(visitor, counsellor, other_counsellor, client_of):
    assert client_of(counsellor).post(at(visitor, "claim/")).url == "/counsellor/"
    late = client_of(other_counsellor).post(at(visitor, "claim/"), follow=True)
    assert "En annen rådgiver tok samtalen først." in late.content.decode()


def test_claim_is_written_in_the_log_without_the_conversation(visitor, counsellor, client_of):
    client_of(counsellor).post(at(visitor, "claim/"))
    line = AuditEntry.objects.values().get(action="claimed")
    assert line["actor_id"] == counsellor.pk
    assert line["helpline_id"] == visitor.conversation.helpline_id
    assert str(visitor.conversation.public_id) not in str(line)


@pytest.mark.parametrize("person", ["coordinator", "administrator", "stranger"])
def test_claim_by_who_does_not_answer_there_finds_nothing(person, visitor, client_of, request):
    answer = client_of(request.getfixturevalue(person)).post(at(visitor, "claim/"))
    assert answer.status_code == 404
    assert state_of(visitor) == State.WAITING


@pytest.mark.parametrize("person", ["other_counsellor", "duty_leader", "coordinator", "administrator", "stranger"])
@pytest.mark.parametrize("action", ["", "end/", "hand-back/", "registration/"])
def test_conversation_of_somebody_else_is_not_there(person, action, taken, client_of, request):
    client = client_of(request.getfixturevalue(person))
    assert client.get(at(taken, action), headers=FRAGMENT).status_code in (404, 405)
    assert client.post(at(taken, action), headers=FRAGMENT).status_code in (404, 405)
    assert state_of(taken) == State.ACTIVE


def test_end_leaves_a_contact_to_register(taken, counsellor, client_of):
    assert client_of(counsellor).post(at(taken, "end/"), headers=FRAGMENT).status_code == 204
    assert state_of(taken) == State.ENDED
    assert PendingContact.objects.get().counsellor == counsellor
    assert AuditEntry.objects.filter(action="ended", actor=counsellor).count() == 1


def test_end_twice_is_one_end(taken, counsellor, client_of):
    client = client_of(counsellor)
    client.post(at(taken, "end/"), headers=FRAGMENT)
    assert client.post(at(taken, "end/"), headers=FRAGMENT).status_code == 204
    assert PendingContact.objects.count() == 1


def test_conversation_that_a_colleague_has_taken_over_is_not_ended(taken, counsellor, other_counsellor):
    now = timezone.now()
    return_conversation(taken.conversation, counsellor=counsellor, now=now)
    take_conversation(Conversation.objects.get(), counsellor=other_counsellor, now=now)

    assert not finish_conversation(taken.conversation, counsellor=counsellor, now=now)

    assert state_of(taken) == State.ACTIVE
    assert not PendingContact.objects.exists()
    assert not AuditEntry.objects.filter(action="ended").exists()


def test_conversation_that_was_handed_back_is_not_ended(taken, counsellor):
    return_conversation(taken.conversation, counsellor=counsellor, now=timezone.now())

    assert not finish_conversation(taken.conversation, counsellor=counsellor, now=timezone.now())
    assert state_of(taken) == State.WAITING


def test_hand_back_puts_it_in_the_queue_again(taken, counsellor, other_counsellor, client_of):
    client_of(counsellor).post(at(taken, "hand-back/"), headers=FRAGMENT)
    assert state_of(taken) == State.WAITING
    assert client_of(counsellor).get(at(taken), headers=FRAGMENT).status_code == 404
    assert client_of(other_counsellor).post(at(taken, "claim/"), headers=FRAGMENT).status_code == 200


def test_role_that_was_taken_away_closes_the_conversation(taken, counsellor, client_of):
    counsellor.memberships.all().delete()
    assert client_of(counsellor).get(at(taken), headers=FRAGMENT).status_code == 404


def test_switch_for_new_conversations_is_kept(helpline, counsellor, client_of):
    client = client_of(counsellor)
    client.post("/counsellor/presence/", {"available": "0"})
    assert StaffPresence.objects.get(user=counsellor).available is False
    assert "Tar ikke imot nye" in client.get("/counsellor/").content.decode()
    client.post("/counsellor/presence/", {"available": "1"})
    assert StaffPresence.objects.get(user=counsellor).available is True


def test_registration_on_the_desk_becomes_a_contact(taken, counsellor, client_of):
    finish_conversation(taken.conversation, counsellor=counsellor, now=timezone.now())
    client, pending = client_of(counsellor), PendingContact.objects.get()
    form = client.get(at(taken, "registration/"), headers=FRAGMENT).context["form"]

    sent = {form.add_prefix(name): form.get_initial_for_field(field, name) for name, field in form.fields.items()}
    sent = {name: value for name, value in sent.items() if value not in (None, "")}
    sent[form.add_prefix("started_at")] = form["started_at"].value().strftime("%Y-%m-%dT%H:%M")
    sent[form.add_prefix("kind")] = "silent"
    answer = client.post(at(taken, "registration/"), sent, headers=FRAGMENT)

    assert "Henvendelsen er registrert" in answer.content.decode()
    assert Contact.objects.get().helpline_id == pending.helpline_id
    assert not PendingContact.objects.exists()
    assert client.get(at(taken, "registration/"), headers=FRAGMENT).status_code == 404


def test_registration_with_a_mistake_keeps_what_was_filled_in(taken, counsellor, client_of):
    finish_conversation(taken.conversation, counsellor=counsellor, now=timezone.now())
    client = client_of(counsellor)
    prefix = client.get(at(taken, "registration/")).context["form"].prefix
    answer = client.post(at(taken, "registration/"), {f"{prefix}-age": "999"}, headers=FRAGMENT)
    assert "999" in answer.content.decode()
    assert "Noe mangler eller er feil" in answer.content.decode()
    assert PendingContact.objects.count() == 1


def test_form_that_lay_open_while_the_conversation_was_erased_is_taken(taken, counsellor, other_counsellor, client_of):
    finish_conversation(taken.conversation, counsellor=counsellor, now=timezone.now())
    client, pending = client_of(counsellor), PendingContact.objects.get()
    prefix = client.get(at(taken, "registration/")).context["form"].prefix
    erase_conversation(taken.conversation, now=timezone.now())
    sent = {"pending": pending.pk, f"{prefix}-age": "999"}

    answer = client.post(at(taken, "registration/"), sent, headers=FRAGMENT)

    assert "Noe mangler eller er feil" in answer.content.decode()
    assert client.post(at(taken, "registration/"), {}, headers=FRAGMENT).status_code == 404
    assert client_of(other_counsellor).post(at(taken, "registration/"), sent, headers=FRAGMENT).status_code == 404


def test_unregistered_conversation_stays_on_the_desk(taken, counsellor, other_counsellor, client_of):
    finish_conversation(taken.conversation, counsellor=counsellor, now=timezone.now())
    pending = PendingContact.objects.get()
    assert f"/stats/ffp/pending/{pending.pk}/" in client_of(counsellor).get("/counsellor/queue/").content.decode()
    assert f"/pending/{pending.pk}/" not in client_of(other_counsellor).get("/counsellor/queue/").content.decode()


def test_dates_on_the_desk_are_english_for_who_reads_english(taken, counsellor, client_of):
    finish_conversation(taken.conversation, counsellor=counsellor, now=timezone.now())
    PendingContact.objects.update(started_at="2026-11-22T15:15:00Z")
    counsellor.language = "en"
    counsellor.save()
    assert ", 22 November at 16:15" in client_of(counsellor).get("/counsellor/queue/").content.decode()


def test_desk_says_without_script_what_needs_it(counsellor, client_of):
    page = client_of(counsellor).get("/counsellor/").content.decode()
    assert "<noscript>" in page
    assert " style=" not in page
    assert " onclick=" not in page


def test_desk_is_not_kept_by_the_browser(taken, counsellor, client_of):
    answer = client_of(counsellor).get("/counsellor/")
    assert answer["Cache-Control"] == "no-store"


def test_duty_leader_closes_for_new_visitors_from_the_desk_and_opens_again(helpline, duty_leader, client_of):
    client = client_of(duty_leader)
    assert "Steng for nye" in client.get("/counsellor/").content.decode()

    closed = client.post("/counsellor/ffp/door/", {"action": "close", "back": "desk"}, follow=True)

    assert closed.redirect_chain == [("/counsellor/", 302)]
    assert "Åpne for nye igjen" in closed.content.decode()


def test_counsellor_is_told_that_her_helpline_is_closed_for_new_visitors(
    helpline, counsellor, stranger, duty_leader, client_of
):
    assert "er stengt for nye" not in client_of(counsellor).get("/counsellor/").content.decode()

    client_of(duty_leader).post("/counsellor/ffp/door/", {"action": "close"})

    page = client_of(counsellor).get("/counsellor/").content.decode()
    assert "Chat for pårørende er stengt for nye." in page
    assert "Åpne for nye igjen" not in page
    assert "er stengt for nye" not in client_of(stranger).get("/counsellor/").content.decode()


def test_desk_asks_for_as_many_doors_with_the_same_queries(
    helpline, other_helpline, duty_leader, client_of, django_assert_num_queries, django_assert_max_num_queries
):
    client = client_of(duty_leader)
    client.get("/counsellor/")
    with django_assert_max_num_queries(40) as one:
        client.get("/counsellor/")
    duty_leader.memberships.create(helpline=other_helpline, role="duty_leader")

    with django_assert_num_queries(len(one)):
        client.get("/counsellor/")


def test_unregistered_conversations_are_told_apart_by_how_long_they_lasted(taken, counsellor, client_of):
    finish_conversation(taken.conversation, counsellor=counsellor, now=timezone.now())
    PendingContact.objects.update(duration_minutes=47)

    assert ", 47 minutter</a>" in client_of(counsellor).get("/counsellor/queue/").content.decode()


def test_desk_of_one_who_does_not_answer_asks_her_to_choose_nothing(coordinator, client_of):
    page = client_of(coordinator).get("/counsellor/").content.decode()

    assert '<div class="desk__nothing empty" data-nothing hidden>' in page


def test_duty_leader_is_told_that_housekeeping_has_stopped(client_of, duty_leader, counsellor):
    said = "Klokka på serveren kan være feil"
    before = client_of(duty_leader).get("/counsellor/").content.decode()
    note_held_back(4, clocks=read_clocks(now=timezone.now(), uptime=None), uptime=None)

    assert said not in before
    assert said in client_of(duty_leader).get("/counsellor/").content.decode()
    assert said not in client_of(counsellor).get("/counsellor/").content.decode()
