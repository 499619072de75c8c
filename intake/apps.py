from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class IntakeConfig(AppConfig):
    name = "intake"
    verbose_name = _("Tjenester")

    def ready(self) -> None:
        from intake.rules import privacy_entries  # noqa: F401 - says what its tables hold
