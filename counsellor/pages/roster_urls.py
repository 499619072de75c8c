"""Addresses of the roster and of the helplines' settings. Each stands in `counsellor/authorisation.py` too."""

from django.urls import URLPattern, URLResolver, path

from counsellor.pages import (
    calendar_feed,
    helpline_settings,
    helpline_settings_door,
    helpline_settings_hours,
    roster_draw,
    roster_mine,
    roster_pattern,
    roster_shift,
    roster_week,
)

urlpatterns: list[URLPattern | URLResolver] = [
    path("shifts/", roster_mine.my_shifts, name="my_shifts"),
    path("shifts/calendar/", roster_mine.calendar_create, name="calendar_create"),
    path("shifts/calendar/revoke/", roster_mine.calendar_revoke, name="calendar_revoke"),
    path("calendar/<str:secret>.ics", calendar_feed.calendar_feed, name="calendar_feed"),
    path("roster/", roster_week.roster_home, name="roster_home"),
    path("<slug:slug>/roster/", roster_week.roster_week, name="roster_week"),
    path("<slug:slug>/roster/pattern/", roster_pattern.roster_pattern, name="roster_pattern"),
    path("<slug:slug>/roster/draw/", roster_draw.roster_draw, name="roster_draw"),
    path("<slug:slug>/roster/undo/", roster_draw.roster_undo, name="roster_undo"),
    path("<slug:slug>/roster/shifts/new/", roster_shift.roster_shift_new, name="roster_shift_new"),
    path("<slug:slug>/roster/shifts/<int:pk>/", roster_shift.roster_shift, name="roster_shift"),
    path("<slug:slug>/roster/shifts/<int:pk>/delete/", roster_shift.roster_shift_delete, name="roster_shift_delete"),
    path("settings/", helpline_settings.settings_home, name="settings_home"),
    path("<slug:slug>/settings/", helpline_settings.helpline_settings, name="helpline_settings"),
    path("<slug:slug>/settings/hours/", helpline_settings_hours.helpline_hours, name="helpline_hours"),
    path("<slug:slug>/settings/hours/period/", helpline_settings_hours.hours_period, name="hours_period"),
    path("<slug:slug>/door/", helpline_settings_door.helpline_door, name="helpline_door"),
]
