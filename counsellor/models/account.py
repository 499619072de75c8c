from __future__ import annotations

from typing import Any

from django.conf import settings
from django.contrib.auth.models import (
    AbstractBaseUser,
    BaseUserManager,
    PermissionsMixin,
)
from django.contrib.auth.validators import UnicodeUsernameValidator
from django.db import models
from django.utils.translation import gettext_lazy as _

from intake.models import Helpline


class CounsellorManager(BaseUserManager["Counsellor"]):
    def create_user(self, username: str, password: str | None = None, **fields: Any) -> Counsellor:
        user = self.model(username=username.strip(), **fields)
        user.set_password(password)
        user.full_clean()
        user.save(using=self._db)
        return user

    def create_superuser(self, username: str, password: str | None = None, **fields: Any) -> Counsellor:
        return self.create_user(username, password, is_staff=True, is_superuser=True, **fields)


class Counsellor(AbstractBaseUser, PermissionsMixin):
    """Staff. The login name is a name at work; visitors only ever see the pseudonym. No e-mail is kept."""

    username = models.CharField(
        _("brukernavn"),
        max_length=60,
        unique=True,
        validators=[UnicodeUsernameValidator()],
    )
    pseudonym = models.CharField(_("kallenavn"), max_length=40, help_text=_("Dette er navnet innskriveren ser."))
    is_active = models.BooleanField(_("aktiv"), default=True)
    is_staff = models.BooleanField(_("administrator"), default=False)
    must_change_password = models.BooleanField(_("må velge eget passord"), default=False)
    language = models.CharField(
        _("språk"), max_length=8, blank=True, choices=settings.LANGUAGES, help_text=_("Tomt betyr nettleserens språk.")
    )

    objects = CounsellorManager()

    USERNAME_FIELD = "username"
    REQUIRED_FIELDS = ["pseudonym"]

    class Meta:
        ordering = ("username",)
        verbose_name = _("rådgiver")
        verbose_name_plural = _("rådgivere")

    def __str__(self) -> str:
        return self.username


class Membership(models.Model):
    """The role of a counsellor on a helpline. One row a role: a coordinator who also answers has two."""

    class Role(models.TextChoices):
        COUNSELLOR = "counsellor", _("rådgiver")
        DUTY_LEADER = "duty_leader", _("vaktleder")
        COORDINATOR = "coordinator", _("koordinator")

    user = models.ForeignKey(Counsellor, on_delete=models.CASCADE, related_name="memberships")
    helpline = models.ForeignKey(Helpline, on_delete=models.CASCADE, related_name="memberships")
    role = models.CharField(_("rolle"), max_length=12, choices=Role.choices)

    class Meta:
        ordering = ("helpline", "user", "role")
        verbose_name = _("rolle på tjeneste")
        verbose_name_plural = _("roller på tjenester")
        constraints = [models.UniqueConstraint(fields=("user", "helpline", "role"), name="membership_role_once")]

    def __str__(self) -> str:
        return f"{self.user} {self.helpline} {self.role}"
