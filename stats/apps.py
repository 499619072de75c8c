from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class StatsConfig(AppConfig):
    name = "stats"
    verbose_name = _("Statistikk")

    def ready(self) -> None:
        from stats.rules import privacy_entries  # noqa: F401 - says what its tables hold
