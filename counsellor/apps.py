from django.apps import AppConfig


class CounsellorConfig(AppConfig):
    name = "counsellor"
    verbose_name = "Counsellors"

    def ready(self) -> None:
        from counsellor.rules import privacy_entries  # noqa: F401 - says what its tables hold
