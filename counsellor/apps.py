from django.apps import AppConfig


class CounsellorConfig(AppConfig):
    name = "counsellor"
    verbose_name = "Counsellors"
