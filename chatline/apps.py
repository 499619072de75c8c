from django.apps import AppConfig


class ChatlineConfig(AppConfig):
    name = "chatline"

    def ready(self) -> None:
        from chatline.checks import start_up  # noqa: F401 - registers the system checks
