"""How much a waiting visitor takes of the proxy, and a text and a contact of the database."""

from __future__ import annotations

import argparse
import asyncio
import tempfile
import uuid
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import uvloop
from django.db import connection, models
from django.utils import timezone

from benchmarks.load.party import Entrance, body_of
from benchmarks.load.visitor import Waiter, all_placed, connect_waiters
from benchmarks.stage.conversations import fill_queue, make_helpline, open_conversations
from benchmarks.stage.server import chatline_command, free_port, serving
from benchmarks.stage.tables import print_row
from benchmarks.stage.targets import Target, print_targets, write_findings
from benchmarks.stage.usage import resident_bytes
from intake.demo import create_helplines
from intake.models import Helpline, Message
from intake.rules.messages import Posting, store_messages
from stats.demo.ledger import create_demo
from stats.models import Contact, ContactAnswer, ContactReferral, ContactTheme
from tests.project.production import Proxy, running_proxy

BATCH = 500
TEXTS_EACH = 20
"""Of one conversation."""
SETTLING_SECONDS = 10.0
WARMING_SHARE = 50
"""Of the lines, one in so many: what it gives back of these it gives back late."""
LEDGER = (Contact, ContactTheme, ContactReferral, ContactAnswer)
# With more than this, the page would have to count with more.
MOST_KB_A_LINE, MOST_KB_A_TEXT, MOST_KB_A_CONTACT = 120.0, 0.6, 0.8


@dataclass
class Sizes:
    """Kilobytes of each; `proxy_mb` is what the proxy takes while nobody is there."""

    lines: int
    proxy_mb: float
    kb_a_line: float
    texts: int
    kb_a_text: float
    contacts: int
    kb_a_contact: float
    surprises: int


def measure_sizes(chosen: argparse.Namespace) -> int:
    """Run it, print it. 1 when somebody who waited was cut off, or heard what she should not."""
    helpline = make_helpline()
    kb_a_text = write_texts(helpline, chosen.texts)
    kb_a_contact = write_contacts()
    proxy_mb, kb_a_line, surprises = let_wait(fill_queue(helpline, chosen.lines))
    sizes = Sizes(
        lines=chosen.lines,
        proxy_mb=proxy_mb,
        kb_a_line=kb_a_line,
        texts=Message.objects.count(),
        kb_a_text=kb_a_text,
        contacts=Contact.objects.count(),
        kb_a_contact=kb_a_contact,
        surprises=surprises,
    )
    show(sizes)
    targets = find_targets(sizes)
    print_targets(targets)
    write_findings(chosen.json, targets, sizes=asdict(sizes))
    return 1 if sizes.surprises else 0


def write_texts(helpline: Helpline, number: int) -> float:
    """Sentences by as many visitors as it takes. Kilobytes of the database for each, indexes and all."""
    conversations = [opened.conversation.pk for opened in open_conversations(helpline, -(-number // TEXTS_EACH))]
    origins = [uuid.uuid4() for _ in range(number)]
    postings = [
        Posting(conversations[place % len(conversations)], Message.Role.VISITOR, None, origin, body_of(str(origin)))
        for place, origin in enumerate(origins)
    ]
    for start in range(0, number, BATCH):
        store_messages(postings[start : start + BATCH], now=timezone.now())
    return database_bytes([Message]) / Message.objects.count() / 1000


def write_contacts() -> float:
    """Those of the demonstration. Kilobytes of the ledger for each, with themes, referrals, answers and indexes."""
    now = timezone.now()
    create_demo(create_helplines(now), now=now)
    return database_bytes(LEDGER) / Contact.objects.count() / 1000


def database_bytes(tables: Sequence[type[models.Model]]) -> int:
    names = [table._meta.db_table for table in tables]
    with connection.cursor() as cursor:
        cursor.execute("SELECT sum(pg_total_relation_size(name::regclass)) FROM unnest(%s::text[]) name", [names])
        return int(cursor.fetchone()[0])


def let_wait(entrances: Sequence[Entrance]) -> tuple[float, float, int]:
    """Megabytes of the proxy alone, kilobytes a line, and how many heard what they should not."""
    port = free_port()
    with (
        tempfile.TemporaryDirectory(prefix="chatline-proxy-") as folder,
        serving(chatline_command(port), port),
        running_proxy([port], Path(folder) / "proxy") as proxy,
    ):
        return uvloop.run(_let_wait(proxy, entrances))


async def _let_wait(proxy: Proxy, entrances: Sequence[Entrance]) -> tuple[float, float, int]:
    await _leave_again(proxy, entrances[: len(entrances) // WARMING_SHARE])
    empty = resident_bytes(proxy.pid)
    waiters = await _all_waiting(proxy, entrances)
    await asyncio.sleep(SETTLING_SECONDS)
    full = resident_bytes(proxy.pid)
    surprises = sum(len(waiter.surprises) for waiter in waiters)
    for waiter in waiters:
        waiter.leave()
    return empty / 1e6, (full - empty) / len(waiters) / 1000, surprises


async def _leave_again(proxy: Proxy, entrances: Sequence[Entrance]) -> None:
    """What a proxy makes once is not the price of a line."""
    for waiter in await _all_waiting(proxy, entrances):
        waiter.leave()
    await asyncio.sleep(1)


async def _all_waiting(proxy: Proxy, entrances: Sequence[Entrance]) -> list[Waiter]:
    waiters = [Waiter(entrance, tls=proxy.certificate) for entrance in entrances]
    await connect_waiters(waiters, proxy.port)
    await all_placed(waiters)
    return waiters


def show(sizes: Sizes) -> None:
    cells = {
        "lines": f"{sizes.lines:,}",
        "proxy MB": f"{sizes.proxy_mb:.0f}",
        "kB a line": f"{sizes.kb_a_line:.0f}",
        "texts": f"{sizes.texts:,}",
        "kB a text": f"{sizes.kb_a_text:.2f}",
        "contacts": f"{sizes.contacts:,}",
        "kB a contact": f"{sizes.kb_a_contact:.2f}",
    }
    print_row("What each takes", cells)


def find_targets(sizes: Sizes) -> list[Target]:
    line, text, contact = sizes.kb_a_line, sizes.kb_a_text, sizes.kb_a_contact
    return [
        Target("a line in the proxy", f"<= {MOST_KB_A_LINE:g} kB", f"{line:.0f} kB", line <= MOST_KB_A_LINE),
        Target("a text with its indexes", f"<= {MOST_KB_A_TEXT:g} kB", f"{text:.2f} kB", text <= MOST_KB_A_TEXT),
        Target(
            "a contact with all its rows",
            f"<= {MOST_KB_A_CONTACT:g} kB",
            f"{contact:.2f} kB",
            contact <= MOST_KB_A_CONTACT,
        ),
        Target("cut off while they waited", "0", f"{sizes.surprises}", not sizes.surprises),
    ]
