"""Who may reach what: every address and every socket action of an installation, in one table.

`counsellor.gate.StaffGate` enforces it: an address that is not declared here does not answer. Views
check again, object by object, through `counsellor.access`.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum


class Who(Enum):
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


PUBLIC = Rule(Who.PUBLIC)
VISITOR = Rule(Who.VISITOR)
HALF = Rule(Who.HALF)
STAFF = Rule(Who.STAFF)
ADMINISTRATOR = Rule(Who.ADMINISTRATOR)


def staff_with(permission: str) -> Rule:
    return Rule(Who.STAFF, permission)


# By the name of the address; "namespace:*" is every name of a namespace that is not ours to list.
ADDRESSES: dict[str, Rule] = {
    "readyz": PUBLIC,
    "admin:*": ADMINISTRATOR,
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
    # One's own account.
    "counsellor:account": STAFF,
    "counsellor:language": STAFF,
    "counsellor:password": STAFF,
    "counsellor:new_recovery_codes": STAFF,
    "counsellor:new_factor": STAFF,
}


def rule_of(name: str) -> Rule | None:
    """The rule for an address by its full name (`namespace:name`), None when nobody declared it."""
    return ADDRESSES.get(name) or ADDRESSES.get(f"{name.split(':')[0]}:*" if ":" in name else "")
