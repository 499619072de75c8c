"""Plays examples of the protocol's state machine, and says how it went."""

from __future__ import annotations

import contextlib
import io
import traceback
from dataclasses import dataclass
from pathlib import Path

import hypothesis
from hypothesis import HealthCheck, Phase, Verbosity, settings
from hypothesis.stateful import run_state_machine_as_test

from tests.protocol.rules import ProtocolMachine
from tests.protocol.world import running_world


@dataclass(frozen=True)
class Played:
    steps: int
    acked: int
    failure: str


def play_examples(*, examples: int, steps: int, seed: int) -> Played:
    """`failure` is empty, or the steps that led to it with its traceback."""
    chosen = settings(
        max_examples=examples,
        stateful_step_count=steps,
        deadline=None,
        database=None,
        # Threads never take the same turns twice: what was found is told as it was found.
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
        verbosity=Verbosity.normal,
        report_multiple_bugs=False,
    )
    ProtocolMachine.steps = ProtocolMachine.acked = 0
    ProtocolMachine.failures = []
    with running_world() as world, contextlib.redirect_stdout(io.StringIO()):
        ProtocolMachine.world = world
        with contextlib.suppress(Exception):
            run_state_machine_as_test(hypothesis.seed(seed)(ProtocolMachine), settings=chosen)
            return Played(ProtocolMachine.steps, ProtocolMachine.acked, "")
    return Played(ProtocolMachine.steps, ProtocolMachine.acked, "\n".join(tell(*ProtocolMachine.failures[0])))


def tell(story: list[str], error: Exception) -> list[str]:
    """What was broken and where, after the steps that led there."""
    where = [
        f"  {Path(frame.filename).name}:{frame.lineno} {frame.line}"
        for frame in traceback.extract_tb(error.__traceback__)
    ]
    return [*story, *where, f"{type(error).__name__}: {error}"]
