from __future__ import annotations

import itertools
import json
import uuid
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import time_machine
from django.test import Client
from django.utils import timezone

from intake.delivery.rate import Buckets
from intake.models import Conversation, Helpline, IntroQuestion, OpeningHours
from intake.rules.intro import read_intro
from intake.rules.lifecycle import EndReason, end_conversation, find_by_token
from intake.rules.openings import Opened, open_conversation
from intake.rules.presence import mark_visitors_seen
from intake.rules.tokens import TOKEN_CHARACTERS, token_for
from intake.sealing.master_key import create_master_key
from intake.visitor import conversations

pytestmark = pytest.mark.django_db

OPEN, END, ERASE = "/ffp/conversations/", "/ffp/conversations/current/end/", "/ffp/conversations/current/"
_pseudonyms = (f"fd00::{number:x}" for number in itertools.count(1))


@pytest.fixture
def visiting() -> Client:
    """A browser with a pseudonym of its own, so that no test uses up another's openings."""
    return Client(REMOTE_ADDR=next(_pseudonyms), enforce_csrf_checks=True)


def post(client: Client, body: Any, path: str = OPEN, **options: Any) -> Any:
    return client.post(path, json.dumps(body), content_type="application/json", **options)


def problem(response: Any) -> dict[str, Any]:
    assert response.headers["Content-Type"] == "application/problem+json"
    read: dict[str, Any] = json.loads(response.content)
    assert read["status"] == response.status_code
    assert read["title"]
    return read


def bearing(token: str) -> dict[str, str]:
    return {"authorization": f"Bearer {token}"}


def test_opening_gives_a_token_that_leads_to_the_conversation(visiting: Client, helpline: Helpline) -> None:
    response = post(visiting, {"language": "nn", "intro": {}})

    opened = json.loads(response.content)
    assert response.status_code == 201
    assert opened.keys() == {"conversation", "token", "epoch"}
    conversation = find_by_token(opened["token"])
    assert (str(conversation.public_id), conversation.epoch) == (opened["conversation"], opened["epoch"])
    assert conversation.language == "nn"
    assert not response.cookies


def test_the_intro_answers_are_kept_with_the_conversation(visiting: Client, helpline: Helpline) -> None:
    IntroQuestion.objects.create(helpline=helpline, key="topic", label={"nb": "Hva gjelder det?"})

    opened = json.loads(post(visiting, {"language": "nb", "intro": {"topic": "Besøk"}}).content)

    assert read_intro(find_by_token(opened["token"])) == [("Hva gjelder det?", "Besøk")]


def test_a_closed_door_is_a_conflict_that_says_so(visiting: Client, helpline: Helpline) -> None:
    OpeningHours.objects.filter(helpline=helpline).delete()

    response = post(visiting, {"language": "nb", "intro": {}})

    assert response.status_code == 409
    assert problem(response)["code"] == "closed"
    assert not Conversation.objects.exists()


def test_a_full_queue_is_unavailable_for_a_while(visiting: Client, helpline: Helpline, visitor: Opened) -> None:
    helpline.queue_cap = 1
    helpline.save()

    response = post(visiting, {"language": "nb", "intro": {}})

    assert response.status_code == 503
    assert problem(response)["code"] == "queue_full"
    assert int(response.headers["Retry-After"]) > 0


@pytest.fixture
def openings(monkeypatch: pytest.MonkeyPatch) -> int:
    """How many may be opened at once from one address."""
    monkeypatch.setattr(conversations, "_openings", Buckets(burst=3, per_second=0.01))
    return 3


def test_one_address_cannot_fill_the_queue(visiting: Client, helpline: Helpline, openings: int) -> None:
    answers = [post(visiting, {"language": "nb", "intro": {}}) for _ in range(openings + 1)]

    assert [answer.status_code for answer in answers] == [201] * openings + [429]
    assert problem(answers[-1])["code"] == "rate_limited"
    assert int(answers[-1].headers["Retry-After"]) > 0


def test_full_queue_uses_up_no_opening(visiting: Client, helpline: Helpline, visitor: Opened, openings: int) -> None:
    helpline.queue_cap = 1
    helpline.save()
    refused = [post(visiting, {"language": "nb"}).status_code for _ in range(openings + 1)]
    helpline.queue_cap = 10
    helpline.save()

    answers = [post(visiting, {"language": "nb"}).status_code for _ in range(openings + 1)]

    assert refused == [503] * (openings + 1)
    assert answers == [201] * openings + [429]


def test_asking_again_uses_up_one_opening(visiting: Client, helpline: Helpline, openings: int) -> None:
    key = uuid.uuid4()

    again = [post(visiting, {"language": "nb"}, **keyed(key)).status_code for _ in range(openings + 2)]
    others = [post(visiting, {"language": "nb"}).status_code for _ in range(openings)]

    assert again == [201] * (openings + 2)
    assert others == [201] * (openings - 1) + [429]


def test_what_cannot_be_read_uses_up_no_opening(visiting: Client, helpline: Helpline, openings: int) -> None:
    for _ in range(openings + 1):
        post(visiting, [])

    assert post(visiting, {"language": "nb", "intro": {}}).status_code == 201


@pytest.mark.parametrize(
    "body",
    [[], "nb", {"language": 7}, {"language": "nb", "name": "Kari"}, {"intro": []}, {"intro": {"nobody_asked": "x"}}],
)
def test_what_is_not_an_opening_is_refused(visiting: Client, helpline: Helpline, body: Any) -> None:
    response = post(visiting, body)

    assert response.status_code == 400
    assert problem(response)["code"] == "malformed"


def test_broken_json_is_refused(visiting: Client, helpline: Helpline) -> None:
    response = visiting.post(OPEN, b"{\xff", content_type="application/json")

    assert response.status_code == 400


@pytest.mark.parametrize("content_type", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data"])
def test_only_json_opens_so_that_no_foreign_form_can(visiting: Client, helpline: Helpline, content_type: str) -> None:
    response = visiting.post(OPEN, b'{"language": "nb"}', content_type=content_type)

    assert response.status_code == 415
    assert problem(response)["code"] == "unsupported_media"


def test_a_refusal_speaks_the_visitor_s_language(visiting: Client, helpline: Helpline) -> None:
    response = post(visiting, [], headers={"accept-language": "en"})

    assert problem(response)["title"] == "The message could not be read. Reload the page and try again."


def test_the_visitor_ends_her_conversation(visiting: Client, visitor: Opened) -> None:
    response = visiting.post(END, headers=bearing(visitor.token))

    conversation = find_by_token(visitor.token)
    assert response.status_code == 204
    assert (conversation.state, conversation.end_reason) == ("ended", "visitor")


def test_ending_twice_is_as_good_as_once(visiting: Client, visitor: Opened) -> None:
    end_conversation(visitor.conversation, reason=EndReason.COUNSELLOR, now=timezone.now())

    response = visiting.post(END, headers=bearing(visitor.token))

    assert response.status_code == 204
    assert find_by_token(visitor.token).end_reason == "counsellor"


def test_erasing_leaves_nothing_of_the_conversation(visiting: Client, visitor: Opened, other_visitor: Opened) -> None:
    response = visiting.delete(ERASE, headers=bearing(visitor.token))

    assert response.status_code == 204
    assert list(Conversation.objects.all()) == [other_visitor.conversation]
    assert visiting.delete(ERASE, headers=bearing(visitor.token)).status_code == 404


@pytest.mark.parametrize("header", ["", "Bearer ", "Bearer nonsense", "Basic {token}", "{token}"])
def test_without_the_token_nothing_ends(visiting: Client, visitor: Opened, header: str) -> None:
    headers = {"authorization": header.format(token=visitor.token)} if header else {}

    answers = [visiting.post(END, headers=headers), visiting.delete(ERASE, headers=headers)]

    assert [answer.status_code for answer in answers] == [404, 404]
    assert find_by_token(visitor.token).state == "waiting"


def test_a_token_opens_no_door_of_another_helpline(visiting: Client, visitor: Opened, other_helpline: Helpline) -> None:
    response = visiting.delete("/foreldresupport/conversations/current/", headers=bearing(visitor.token))

    assert problem(response)["code"] == "unknown_conversation"
    assert find_by_token(visitor.token).state == "waiting"


def test_a_token_in_the_address_is_worth_nothing(visiting: Client, visitor: Opened) -> None:
    response = visiting.post(f"{END}?token={visitor.token}")

    assert response.status_code == 404


def keyed(key: object) -> dict[str, Any]:
    return {"headers": {"idempotency-key": f'"{key}"'}}


def test_asking_again_with_the_same_key_opens_nothing_twice(visiting: Client, helpline: Helpline) -> None:
    key = uuid.uuid4()

    first, again, other = [
        json.loads(post(visiting, {"language": "nb"}, **keyed(key)).content) for key in (key, key, uuid.uuid4())
    ]

    assert first == again
    assert len(first["token"]) == len(other["token"]) == TOKEN_CHARACTERS
    assert {first["conversation"], other["conversation"]} == {str(one) for one in Conversation.objects.all()}
    assert first["token"] != other["token"]


def test_one_key_is_another_token_at_another_helpline(
    visiting: Client, helpline: Helpline, other_helpline: Helpline
) -> None:
    key = uuid.uuid4()

    here, there = [
        json.loads(post(visiting, {"language": "nb"}, path, **keyed(key)).content)
        for path in (OPEN, "/foreldresupport/conversations/")
    ]

    assert here["token"] != there["token"]
    assert find_by_token(here["token"]).helpline == helpline
    assert find_by_token(there["token"]).helpline == other_helpline


def test_another_installation_gives_another_token(helpline: Helpline, tmp_path: Path, settings: Any) -> None:
    key = uuid.uuid4()
    here = token_for(key, helpline_id=helpline.pk)

    settings.MASTER_KEY_FILE = tmp_path / "master_key"
    create_master_key(settings.MASTER_KEY_FILE)

    assert token_for(key, helpline_id=helpline.pk) != here


def test_key_of_a_conversation_that_is_over_opens_nothing_and_says_so(visiting: Client, helpline: Helpline) -> None:
    key = uuid.uuid4()
    token = json.loads(post(visiting, {"language": "nb"}, **keyed(key)).content)["token"]
    visiting.post(END, headers=bearing(token))

    response = post(visiting, {"language": "nb"}, **keyed(key))

    assert response.status_code == 409
    assert problem(response)["code"] == "ended"
    assert Conversation.objects.count() == 1


def test_key_opens_no_door_to_a_conversation_that_was_entered(visiting: Client, helpline: Helpline) -> None:
    key = uuid.uuid4()
    token = json.loads(post(visiting, {"language": "nb"}, **keyed(key)).content)["token"]
    mark_visitors_seen([find_by_token(token).pk], now=timezone.now() + timedelta(seconds=1))

    response = post(visiting, {"language": "nb"}, **keyed(key))

    assert problem(response)["code"] == "ended"
    assert token.encode() not in response.content


@pytest.mark.parametrize("key", ["1", "", "x" * 5000, str(uuid.UUID(int=0)), str(uuid.uuid1()), "\u00e6"])
def test_key_that_anybody_could_have_is_refused(visiting: Client, helpline: Helpline, key: str) -> None:
    response = post(visiting, {"language": "nb"}, **keyed(key))

    assert response.status_code == 400
    assert problem(response)["code"] == "malformed"
    assert not Conversation.objects.exists()


@pytest.mark.parametrize(("path", "method"), [(OPEN, "get"), (END, "get"), (ERASE, "post")])
def test_other_methods_are_not_allowed(visiting: Client, helpline: Helpline, path: str, method: str) -> None:
    assert getattr(visiting, method)(path).status_code == 405


@pytest.mark.parametrize(("waiting", "told"), [(0, 0), (1, 0), (4, 0), (5, 5), (9, 5), (10, 10)])
def test_the_status_of_an_open_helpline_says_in_whole_fives_how_many_wait(
    client: Client, helpline: Helpline, waiting: int, told: int
) -> None:
    for _ in range(waiting):
        open_conversation(helpline, language="nb", intro={}, now=timezone.now())

    status = json.loads(client.get("/ffp/status.json").content)

    assert status == {"open": True, "closes_at": None, "opens_at": None, "queue": told}


@time_machine.travel(datetime(2026, 11, 22, 11, 0, tzinfo=UTC), tick=False)
def test_the_status_of_a_closed_helpline_says_when_it_opens(client: Client, helpline: Helpline) -> None:
    OpeningHours.objects.filter(helpline=helpline).delete()
    OpeningHours.objects.create(helpline=helpline, weekday=0, opens="09:00", closes="16:00")

    status = json.loads(client.get("/ffp/status.json").content)

    assert status == {"open": False, "closes_at": None, "opens_at": "2026-11-23T08:00:00+00:00", "queue": 0}
