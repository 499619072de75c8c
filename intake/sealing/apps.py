from django.apps import AppConfig


class SealingConfig(AppConfig):
    """The key store is an app of its own, so that its tables live in the `keys` database and nowhere else."""

    name = "intake.sealing"
    label = "sealing"
    default_auto_field = "django.db.models.BigAutoField"
