"""What is listened for is heard: in what Redis is given, and in logs."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.faults.checker import canary
from tests.faults.eavesdropper import Eavesdropper, read_logs, said_in
from tests.faults.history import History
from tests.faults.load import wait_for
from tests.faults.party import Entrance, Party
from tests.faults.servers import Redis

pytestmark = [pytest.mark.once, pytest.mark.processes]


def written_by_a_party(conversation: int) -> str:
    """A text as the load writes it."""
    party = Party(Entrance(conversation, "visitor", "", {}), History(), lambda: "", pause=lambda: 0.0)
    return f"{canary(conversation)} {party.name} skriver 1"


def test_text_of_the_load_is_known_among_others() -> None:
    text = written_by_a_party(17).encode()

    assert said_in([b"nothing", b"before \\x00" + text, b"<18> something else"]) == [17]


def test_log_that_holds_a_text_is_found(tmp_path: Path) -> None:
    clean, dirty = tmp_path / "clean", tmp_path / "dirty"
    clean.write_text("conversation 17 has reached 4\n")
    dirty.write_text(f"a message: {written_by_a_party(17)}\n" * 3)

    (finding,) = read_logs([clean, dirty, tmp_path / "missing"])

    assert (finding.kind, finding.conversation, finding.what) == ("leaked", 17, "its texts are in dirty")


async def test_text_that_goes_through_redis_is_heard_also_after_it_was_away(tmp_path: Path) -> None:
    redis = Redis(tmp_path)
    redis.start()
    eavesdropper = Eavesdropper(redis)
    try:
        eavesdropper.start()
        for conversation in (17, 18):
            await wait_for(lambda: is_heard(eavesdropper, redis, conversation), seconds=20, what="hearing")  # noqa: B023
            redis.kill()
            redis.start()
    finally:
        await eavesdropper.stop()
        redis.kill()

    assert {finding.conversation for finding in eavesdropper.findings()} == {17, 18}
    assert {finding.kind for finding in eavesdropper.findings()} == {"leaked"}


def is_heard(eavesdropper: Eavesdropper, redis: Redis, conversation: int) -> bool:
    """If not, its text is said once more: who is connected need not listen yet, and hears nothing from before that."""
    with redis.client() as client:
        client.publish("anything", written_by_a_party(conversation))
    return conversation in eavesdropper.heard
