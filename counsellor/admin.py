"""Rare set-up by the administrator: accounts, roles, helplines, the log. Daily work has pages of its own.

No conversation, message or intro answer is registered here: administrators cannot read them.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any

from django.contrib import admin, messages
from django.contrib.auth.models import Group
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from counsellor.access import counsellor_or_404
from counsellor.models import AuditEntry, Counsellor, Membership
from counsellor.rules.accounts import close_account, record_creation, renew_start_password, reopen_account
from counsellor.rules.second_factor import remove_factor
from intake.models import Helpline, IntroQuestion

admin.site.site_header = admin.site.site_title = "Chatline"
# Rights follow the roles on a helpline; Django's groups would be a second, silent way. The module that registers them
# is loaded first, or it would do so after this.
import_module("django.contrib.auth.admin")
admin.site.unregister(Group)
admin.site.index_title = gettext_lazy("Oppsett")


class MembershipInline(admin.TabularInline[Membership, Counsellor]):
    model = Membership
    extra = 2


@admin.register(Counsellor)
class CounsellorAdmin(admin.ModelAdmin[Counsellor]):
    list_display = ("username", "pseudonym", "is_active", "is_staff", "roles", "has_second_factor")
    list_filter = ("is_active", "memberships__helpline", "memberships__role")
    search_fields = ("username", "pseudonym")
    fields = ("username", "pseudonym", "is_staff")
    inlines = (MembershipInline,)
    actions = ("give_start_password", "remove_second_factor", "close_accounts", "reopen_accounts")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Counsellor]:
        return super().get_queryset(request).prefetch_related("memberships__helpline", "secondfactor_set")

    def has_delete_permission(self, request: HttpRequest, obj: Counsellor | None = None) -> bool:
        """An account is closed, not deleted: shifts and the log still say whose they were."""
        return False

    def save_model(self, request: HttpRequest, obj: Counsellor, form: Any, change: bool) -> None:
        obj.is_superuser = obj.is_staff
        if not change:
            obj.set_unusable_password()
        super().save_model(request, obj, form, change)
        if not change:
            record_creation(obj, by=counsellor_or_404(request), now=timezone.now())

    def response_add(self, request: HttpRequest, obj: Counsellor, post_url_continue: str | None = None) -> HttpResponse:
        return self.show_start_passwords(request, [obj])

    def show_start_passwords(self, request: HttpRequest, people: list[Counsellor]) -> HttpResponse:
        """In the answer itself: nothing that is stored, a message least of all, may hold a password."""
        by, now = counsellor_or_404(request), timezone.now()
        given = [(person, renew_start_password(person, by=by, now=now)) for person in people]
        context = {**self.admin_site.each_context(request), "title": _("Startpassord"), "given": given}
        return TemplateResponse(request, "admin/start_passwords.html", context)

    @admin.display(description=gettext_lazy("roller"))
    def roles(self, person: Counsellor) -> str:
        return ", ".join(f"{row.helpline.slug}: {row.get_role_display()}" for row in person.memberships.all())

    @admin.display(description=gettext_lazy("kodeapp"), boolean=True)
    def has_second_factor(self, person: Counsellor) -> bool:
        return any(factor.confirmed for factor in person.secondfactor_set.all())

    @admin.action(description=gettext_lazy("Gi nytt startpassord"))
    def give_start_password(self, request: HttpRequest, people: QuerySet[Counsellor]) -> HttpResponse:
        return self.show_start_passwords(request, list(people))

    @admin.action(description=gettext_lazy("Koble fra kodeappen (mistet telefon)"))
    def remove_second_factor(self, request: HttpRequest, people: QuerySet[Counsellor]) -> None:
        for person in people:
            remove_factor(person, by=counsellor_or_404(request), now=timezone.now())
        messages.success(request, _("Kodeappen er koblet fra. Neste innlogging begynner med en ny."))

    @admin.action(description=gettext_lazy("Steng kontoen"))
    def close_accounts(self, request: HttpRequest, people: QuerySet[Counsellor]) -> None:
        by = counsellor_or_404(request)
        for person in people.exclude(pk=by.pk):
            close_account(person, by=by, now=timezone.now())
        messages.success(request, _("Kontoene er stengt. Åpne sider slutter å virke innen fem sekunder."))

    @admin.action(description=gettext_lazy("Åpne kontoen igjen"))
    def reopen_accounts(self, request: HttpRequest, people: QuerySet[Counsellor]) -> None:
        for person in people:
            reopen_account(person, by=counsellor_or_404(request), now=timezone.now())


@admin.register(AuditEntry)
class AuditEntryAdmin(admin.ModelAdmin[AuditEntry]):
    """To be read, never to be changed."""

    list_display = ("at", "actor", "action", "subject", "helpline")
    list_filter = ("action", "helpline")
    list_select_related = ("actor", "subject", "helpline")
    date_hierarchy = "at"

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: AuditEntry | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: AuditEntry | None = None) -> bool:
        return False


class IntroQuestionInline(admin.TabularInline[IntroQuestion, Helpline]):
    model = IntroQuestion
    extra = 0


@admin.register(Helpline)
class HelplineAdmin(admin.ModelAdmin[Helpline]):
    """To set up a helpline; its coordinator then keeps texts, hours and numbers on pages of her own."""

    list_display = ("slug", "__str__", "time_zone", "retention_hours", "queue_cap")
    fields = ("slug", "name", "languages", "time_zone")
    inlines = (IntroQuestionInline,)

    def has_delete_permission(self, request: HttpRequest, obj: Helpline | None = None) -> bool:
        """Its statistics must stay what they were."""
        return False
