from stats.models.age_band import AgeBand
from stats.models.contact import Channel, Contact, ContactAnswer, ContactReferral, ContactTheme, Gender, Kind
from stats.models.earlier_figure import EarlierFigure, EarlierReport, PrintedTotal
from stats.models.form_rules import FormRules
from stats.models.question import Choice, Question
from stats.models.referral import ReferralBody
from stats.models.theme import Theme

__all__ = [
    "AgeBand",
    "Channel",
    "Choice",
    "Contact",
    "ContactAnswer",
    "ContactReferral",
    "ContactTheme",
    "EarlierFigure",
    "EarlierReport",
    "FormRules",
    "Gender",
    "Kind",
    "PrintedTotal",
    "Question",
    "ReferralBody",
    "Theme",
]
