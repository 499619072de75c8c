"""A short run of the protocol's state machine; `python -m tests.protocol.machine` is the long one."""

from __future__ import annotations

import pytest

from tests.protocol.play import play_examples

EXAMPLES = 40
STEPS = 50


@pytest.mark.django_db(transaction=True)
def test_the_protocol_holds_against_its_model() -> None:
    played = play_examples(examples=EXAMPLES, steps=STEPS, seed=20261122)

    assert not played.failure, played.failure
    assert played.acked > EXAMPLES
