"""The addresses of an installation. Every one of them stands in the authorisation table (counsellor/access.py)."""

from django.contrib import admin
from django.urls import include, path

from chatline.health import readyz

urlpatterns = [
    path("readyz", readyz, name="readyz"),
    path("admin/", admin.site.urls),
    path("counsellor/", include("counsellor.urls")),
    path("stats/", include("stats.urls")),
    # Last: the first part of a visitor's address is the helpline's own.
    path("", include("intake.visitor.urls")),
]
