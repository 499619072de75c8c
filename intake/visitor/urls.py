from django.urls import URLPattern, URLResolver, path

from intake.visitor import conversations, pages, stored

app_name = "visitor"
urlpatterns: list[URLPattern | URLResolver] = [
    path("", pages.helplines, name="helplines"),
    path("privacy/", stored.privacy, name="privacy"),
    path("<slug:slug>/", pages.front, name="front"),
    path("<slug:slug>/chat/", pages.chat, name="chat"),
    path("<slug:slug>/accent.css", pages.accent, name="accent"),
    path("<slug:slug>/status.json", conversations.status, name="status"),
    path("<slug:slug>/conversations/", conversations.open_one, name="open"),
    path("<slug:slug>/conversations/current/", conversations.erase_current, name="erase"),
    path("<slug:slug>/conversations/current/end/", conversations.end_current, name="end"),
]
