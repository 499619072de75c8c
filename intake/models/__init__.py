from intake.models.conversation import Conversation, Message
from intake.models.helpline import EmergencyContact, Helpline, IntroQuestion
from intake.models.hours import ExceptionDate, OpeningHours
from intake.models.pending_contact import PendingContact
from intake.models.presence import StaffPresence
from intake.models.service_clock import ServiceClock
from intake.models.tally import Tally

__all__ = [
    "Conversation",
    "EmergencyContact",
    "ExceptionDate",
    "Helpline",
    "IntroQuestion",
    "Message",
    "OpeningHours",
    "PendingContact",
    "ServiceClock",
    "StaffPresence",
    "Tally",
]
