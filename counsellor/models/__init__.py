from counsellor.models.account import Counsellor, Membership
from counsellor.models.audit import AuditEntry
from counsellor.models.roster import CalendarFeed, PatternRow, RosterDrawing, Shift
from counsellor.models.second_factor import RecoveryCode, SecondFactor

__all__ = [
    "AuditEntry",
    "CalendarFeed",
    "Counsellor",
    "Membership",
    "PatternRow",
    "RecoveryCode",
    "RosterDrawing",
    "SecondFactor",
    "Shift",
]
