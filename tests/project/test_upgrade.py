"""From the release before this one to this one, under load: nothing lost, nothing doubled, nothing reordered."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from pathlib import Path

import pytest

from scripts import development
from scripts.machine import ROOT
from tests.faults.checker import Row, check
from tests.faults.history import End
from tests.faults.load import Load
from tests.faults.party import Entrance
from tests.faults.stage import LIMITS, run_crowd
from tests.project.releases import previous_release, unpack_release
from tests.project.test_two_processes import running_proxy, shipped_configuration
from tests.servers import PostgresAddresses
from tests.web import Installation, Web

CONVERSATIONS = 20
PER_SECOND = 60.0
ACKS_BETWEEN = 100
ALIASES = ("default", "keys")

pytestmark = [pytest.mark.once, pytest.mark.processes]


@pytest.fixture(scope="module")
def earlier(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The source of the release before this one."""
    return unpack_release(previous_release(), tmp_path_factory.mktemp("earlier"))


class EarlierInstallation(Installation):
    """Made by the earlier release, with its own commands. `root` is the source that it runs."""

    def __init__(self, folder: Path, addresses: PostgresAddresses, redis_url: str, *, root: Path) -> None:
        super().__init__(folder, {**addresses.environment(), "REDIS_URL": redis_url}, prepared=True)
        self.environment |= {**LIMITS, "CHATLINE_DRAIN_SECONDS": "2"}
        self.root = root
        development.write_secret_key(folder / "secret_key")
        self.run("manage.py", "create_keys")
        self.migrate()

    def run(self, *arguments: str) -> str:
        """What a Python program prints, with the source of `root`."""
        environment = {**self.environment, "PYTHONPATH": str(self.root)}
        command = [sys.executable, *arguments]
        answer = subprocess.run(command, cwd=self.root, env=environment, capture_output=True, text=True, check=False)
        assert answer.returncode == 0, answer.stderr[-3000:]
        return answer.stdout

    def migrate(self) -> None:
        for alias in ALIASES:
            self.run("manage.py", "migrate", "--no-input", "--verbosity", "0", "--database", alias)

    def make_crowd(self) -> list[Entrance]:
        """Conversations that the earlier release has opened, and counsellors whom it has signed in."""
        made = self.run(str(ROOT / "tests" / "faults" / "crowd.py"), "make", str(CONVERSATIONS))
        return [Entrance(**entry) for entry in json.loads(made)]

    def web(self, name: str) -> Web:
        found = Web(self, name=name)
        found.root = self.root
        return found


async def upgrade_under_load(load: Load, installation: EarlierInstallation, webs: list[Web]) -> None:
    """As docs/operations.md says it: migrate, then one web process after the other."""
    await load.start()
    await load.more_acks(ACKS_BETWEEN)
    installation.root = ROOT
    await asyncio.to_thread(installation.migrate)
    await load.more_acks(ACKS_BETWEEN)
    for web in webs:
        await asyncio.to_thread(web.stop)
        web.root = ROOT
        await asyncio.to_thread(web.start)
        await load.more_acks(ACKS_BETWEEN)


async def settle(load: Load, installation: Installation) -> list[str]:
    """Everything that is wrong once nobody writes any more."""
    assert await load.fall_silent(), "not everything was answered"
    read = json.loads(await asyncio.to_thread(run_crowd, installation, "read"))
    stored = {int(pk): [Row(*row) for row in rows] for pk, rows in read.items()}
    heads = {pk: rows[-1].seq for pk, rows in stored.items() if rows}
    assert await load.see_all(heads), "not everything was seen"
    fetched = {role: await load.fetch(heads, role=role) for role in ("visitor", "counsellor")}
    findings = [finding for rows in fetched.values() for finding in check(load.history, stored, rows)]
    return [f"{finding.kind} in {finding.conversation}: {finding.what}" for finding in findings]


def test_upgrade_from_the_previous_release_loses_nothing(
    earlier: Path, postgres: PostgresAddresses, redis_url: str, tmp_path: Path
) -> None:
    installation = EarlierInstallation(tmp_path, postgres, redis_url, root=earlier)
    entrances = installation.make_crowd()
    webs = [installation.web("web-a"), installation.web("web-b")]
    findings: list[str] = []

    async def talk(address: str) -> Load:
        load = Load(entrances, lambda: address.replace("http", "ws", 1), per_second=PER_SECOND)
        try:
            await upgrade_under_load(load, installation, webs)
            findings.extend(await settle(load, installation))
        finally:
            await load.stop()
        return load

    try:
        for web in webs:
            web.start()
        with running_proxy(webs, tmp_path, configuration=shipped_configuration()) as (address, _):
            load = asyncio.run(talk(address))
    finally:
        for web in webs:
            web.kill()

    assert findings == []
    assert {operation.end for operation in load.history.operations} == {End.OK}
    assert len(load.history.operations) > 4 * ACKS_BETWEEN
    assert {party.stopped_by for party in load.parties} == {None}
    assert all(party.links > 1 for party in load.parties), "everybody has moved to the new release"
