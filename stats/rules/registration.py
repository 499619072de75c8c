"""Writing contacts into the ledger, and correcting what was just written."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from django.db import transaction

from intake.models import Helpline, PendingContact
from intake.rules.lifecycle import to_quarter_hour
from stats.models import Contact, ContactAnswer, ContactReferral, ContactTheme
from stats.rules.code_lists import CodeLists, load_code_lists
from stats.rules.entry import ContactEntry, narrowest, problems_of
from stats.rules.local_time import local_columns
from stats.rules.refusals import AlreadyRegistered, InvalidEntry


def register_contact(
    pending: PendingContact | None, *, helpline: Helpline, entry: ContactEntry, now: datetime
) -> Contact:
    """The contact of an ended conversation; without a pending row, one entered by hand.

    The pending row is removed in the same transaction, and its removal decides who registered: a second call for the
    same row raises `AlreadyRegistered`. An entry by hand whose `entry_id` is in the ledger returns the contact that
    is there. `InvalidEntry` names what must be filled in differently. Nothing in the ledger points back.
    """
    lists = load_code_lists(helpline)
    refuse_problems(entry, lists=lists, now=now)
    with transaction.atomic():
        if pending is not None and not _remove_pending(pending, helpline=helpline):
            raise AlreadyRegistered
        if pending is None and entry.entry_id is not None:
            return _insert_once(entry, lists=lists)
        return insert_contacts([entry], lists=lists)[0]


def correct_contact(contact: Contact, *, entry: ContactEntry, now: datetime) -> Contact:
    """Writes a contact anew, with everything below it. `InvalidEntry` as for a new one."""
    lists = load_code_lists(contact.helpline)
    refuse_problems(entry, lists=lists, now=now)
    with transaction.atomic():
        locked = Contact.objects.select_for_update().get(pk=contact.pk)
        for name, value in _columns(entry, lists=lists).items():
            setattr(locked, name, value)
        locked.save()
        for rows in (ContactTheme, ContactReferral, ContactAnswer):
            rows.objects.filter(contact=locked).delete()
        _insert_rows([(locked, entry)])
    return locked


def remove_contact(contact: Contact) -> None:
    """Takes a contact that was entered by mistake out of the ledger."""
    with transaction.atomic():
        contact.delete()


def refuse_problems(entry: ContactEntry, *, lists: CodeLists, now: datetime) -> None:
    if problems := problems_of(entry, lists=lists, now=now):
        raise InvalidEntry(problems)


def insert_contacts(entries: Sequence[ContactEntry], *, lists: CodeLists, batch_size: int = 1000) -> list[Contact]:
    """Checked entries as contacts, in their order, with a fixed number of statements a batch."""
    with transaction.atomic():
        contacts = Contact.objects.bulk_create(
            [
                Contact(helpline=lists.helpline, entry_id=entry.entry_id, **_columns(entry, lists=lists))
                for entry in entries
            ],
            batch_size=batch_size,
        )
        _insert_rows(zip(contacts, entries, strict=True))
    return contacts


def _insert_once(entry: ContactEntry, *, lists: CodeLists) -> Contact:
    columns = _columns(entry, lists=lists)
    contact, is_new = Contact.objects.get_or_create(
        entry_id=entry.entry_id, defaults={"helpline": lists.helpline, **columns}
    )
    if is_new:
        _insert_rows([(contact, entry)])
    elif contact.helpline_id != lists.helpline.pk:
        raise AlreadyRegistered
    return contact


def _remove_pending(pending: PendingContact, *, helpline: Helpline) -> bool:
    removed, _by_model = PendingContact.objects.filter(pk=pending.pk, helpline=helpline).delete()
    return removed == 1


def _columns(entry: ContactEntry, *, lists: CodeLists) -> dict[str, Any]:
    started_at = to_quarter_hour(entry.started_at)
    local = local_columns(started_at, zone=lists.helpline.zone)
    band = entry.age_band
    if entry.age is not None:
        band = lists.band_of(entry.age, on=entry.local_day(lists))
    return {
        "started_at": started_at,
        **local._asdict(),
        "duration_minutes": entry.duration_minutes,
        "waiting_minutes": entry.waiting_minutes,
        "channel": entry.channel,
        "kind": entry.kind,
        "gender": entry.gender,
        "age": entry.age,
        "age_band": band,
        "language": entry.language,
    }


def _insert_rows(pairs: Iterable[tuple[Contact, ContactEntry]]) -> None:
    themes: list[ContactTheme] = []
    referrals: list[ContactReferral] = []
    answers: list[ContactAnswer] = []
    for contact, entry in pairs:
        month = contact.month
        themes += [ContactTheme(contact=contact, theme=theme, month=month) for theme in narrowest(entry.themes)]
        referrals += [ContactReferral(contact=contact, body=body, month=month) for body in entry.referrals]
        answers += [ContactAnswer(contact=contact, choice=choice, month=month) for choice in entry.answers]
    ContactTheme.objects.bulk_create(themes, batch_size=5000)
    ContactReferral.objects.bulk_create(referrals, batch_size=5000)
    ContactAnswer.objects.bulk_create(answers, batch_size=5000)
