from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class CounsellorConfig(AppConfig):
    name = "counsellor"
    verbose_name = _("Rådgivere")

    def ready(self) -> None:
        from counsellor.rules import privacy_entries  # noqa: F401 - says what its tables hold
