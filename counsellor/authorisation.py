"""Who may reach what: every address and every socket action of an installation, in one table.

`counsellor.gate.StaffGate` enforces it: an address that is not declared here does not answer. Views
check again, object by object, through `counsellor.access`.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum


class Who(Enum):
    NOBODY = "nobody: there is a page of our own for it"
    PUBLIC = "anybody"
    VISITOR = "the holder of a conversation's token"
    HALF = "staff whose password was right and whose second factor is still to come"
    STAFF = "staff with a verified second factor"
    ADMINISTRATOR = "administrators with a verified second factor"


@dataclass(frozen=True, slots=True)
class Rule:
    """`permission` is held on the helpline that the address names; on any helpline if it names none."""

    who: Who
    permission: str | None = None


NOBODY = Rule(Who.NOBODY)
PUBLIC = Rule(Who.PUBLIC)
VISITOR = Rule(Who.VISITOR)
HALF = Rule(Who.HALF)
STAFF = Rule(Who.STAFF)
ADMINISTRATOR = Rule(Who.ADMINISTRATOR)


def staff_with(permission: str) -> Rule:
    return Rule(Who.STAFF, permission)


# By the name of the address; "namespace:*" is every name of a namespace that is not ours to list.
ADDRESSES: dict[str, Rule] = {
    "admin:*": ADMINISTRATOR,
    "admin:login": NOBODY,
    "admin:password_change": NOBODY,
    "admin:password_change_done": NOBODY,
    "admin:logout": NOBODY,
    # The visitor's face. What belongs to one conversation asks for its token in the view.
    "visitor:*": PUBLIC,
    # Signing in and out.
    "counsellor:login": PUBLIC,
    "counsellor:logout": PUBLIC,
    "counsellor:second_factor": HALF,
    "counsellor:enrol": HALF,
    # The desk. Everybody on the staff has it; what stands on it follows her roles.
    "counsellor:desk": STAFF,
    "counsellor:queue": staff_with("intake.view_queue"),
    "counsellor:presence": staff_with("intake.claim_conversation"),
    "counsellor:conversation": staff_with("intake.claim_conversation"),
    "counsellor:claim": staff_with("intake.claim_conversation"),
    "counsellor:end": staff_with("intake.claim_conversation"),
    "counsellor:hand_back": staff_with("intake.claim_conversation"),
    "counsellor:registration": staff_with("stats.register_contact"),
    # The ledger and its reports. A table of single contacts asks for stats.export_rows in the view.
    "stats:index": STAFF,
    "stats:report": staff_with("stats.view_report"),
    "stats:file": staff_with("stats.view_report"),
    "stats:file_below": staff_with("stats.view_report"),
    "stats:table": staff_with("stats.view_report"),
    "stats:rows": staff_with("stats.export_rows"),
    "stats:pending": staff_with("stats.register_contact"),
    "stats:register": staff_with("stats.register_contact"),
    "stats:by_hand": staff_with("stats.register_contact"),
    "stats:correct": staff_with("stats.register_contact"),
    # The roster, one's own shifts, and the helplines' settings. A calendar address is its own key.
    "counsellor:my_shifts": STAFF,
    "counsellor:calendar_create": STAFF,
    "counsellor:calendar_revoke": STAFF,
    "counsellor:calendar_feed": PUBLIC,
    "counsellor:roster_home": STAFF,
    "counsellor:roster_week": staff_with("counsellor.view_roster"),
    "counsellor:roster_pattern": staff_with("counsellor.change_roster"),
    "counsellor:roster_draw": staff_with("counsellor.change_roster"),
    "counsellor:roster_undo": staff_with("counsellor.change_roster"),
    "counsellor:roster_shift_new": staff_with("counsellor.change_roster"),
    "counsellor:roster_shift": staff_with("counsellor.change_roster"),
    "counsellor:roster_shift_delete": staff_with("counsellor.change_roster"),
    "counsellor:settings_home": staff_with("intake.change_helpline"),
    "counsellor:helpline_settings": staff_with("intake.change_helpline"),
    "counsellor:helpline_hours": staff_with("intake.change_helpline"),
    "counsellor:hours_period": staff_with("intake.change_helpline"),
    "counsellor:helpline_door": staff_with("intake.soft_close"),
    # One's own account.
    "counsellor:account": STAFF,
    "counsellor:language": STAFF,
    "counsellor:password": STAFF,
    "counsellor:new_recovery_codes": STAFF,
    "counsellor:new_factor": STAFF,
}


# What may be sent over the two websockets, by side and frame. `hello` opens: the visitor with her token, staff with a
# session whose second factor was checked, for the desk or for a conversation of her own; everything after it concerns
# what was opened. Rights are asked again for each message and, for open sockets, every five seconds.
SOCKET_ACTIONS: dict[str, dict[str, Rule]] = {
    "visitor": dict.fromkeys(("hello", "message", "sync", "composing", "paused", "displayed"), VISITOR),
    "counsellor": {
        "hello": staff_with("intake.view_queue"),
        **dict.fromkeys(
            ("message", "sync", "composing", "paused", "displayed"), staff_with("intake.claim_conversation")
        ),
    },
}


def rule_of(name: str) -> Rule | None:
    """The rule for an address by its full name (`namespace:name`), None when nobody declared it."""
    return ADDRESSES.get(name) or ADDRESSES.get(f"{name.split(':')[0]}:*" if ":" in name else "")
