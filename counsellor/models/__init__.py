from counsellor.models.account import Counsellor, Membership

__all__ = ["Counsellor", "Membership"]
