"""Rare set-up: the code lists. Nothing on them can be deleted, only retired from a date."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.contrib import admin
from django.http import HttpRequest

from stats.models import AgeBand, Choice, FormRules, Question, ReferralBody, Theme

if TYPE_CHECKING:
    ThemeAdmin = admin.ModelAdmin[Theme]
    BodyAdmin = admin.ModelAdmin[ReferralBody]
    QuestionAdmin = admin.ModelAdmin[Question]
    BandAdmin = admin.ModelAdmin[AgeBand]
    RulesAdmin = admin.ModelAdmin[FormRules]
    ChoiceInline = admin.TabularInline[Choice, Question]
else:
    ThemeAdmin = BodyAdmin = QuestionAdmin = BandAdmin = RulesAdmin = admin.ModelAdmin
    ChoiceInline = admin.TabularInline


class NeverDeleted:
    """Last year's report still says what it said."""

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


@admin.register(Theme)
class Themes(NeverDeleted, ThemeAdmin):
    list_display = ("__str__", "parent", "helpline", "code", "position", "retired_on")
    list_filter = ("helpline", "retired_on")
    list_select_related = ("helpline", "parent")


@admin.register(ReferralBody)
class ReferralBodies(NeverDeleted, BodyAdmin):
    list_display = ("__str__", "helpline", "code", "position", "retired_on")
    list_filter = ("helpline",)


class Choices(NeverDeleted, ChoiceInline):
    model = Choice
    extra = 1


@admin.register(Question)
class Questions(NeverDeleted, QuestionAdmin):
    list_display = ("__str__", "helpline", "code", "is_required", "is_multiple", "retired_on")
    list_filter = ("helpline",)
    inlines = (Choices,)


@admin.register(AgeBand)
class AgeBands(NeverDeleted, BandAdmin):
    list_display = ("__str__", "helpline", "from_age", "to_age", "retired_on")
    list_filter = ("helpline",)


@admin.register(FormRules)
class Rules(NeverDeleted, RulesAdmin):
    list_display = ("helpline", "min_themes", "max_themes")
