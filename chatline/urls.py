"""The addresses of an installation. Every one of them stands in the authorisation table (counsellor/authorisation.py).

Those of the operator are answered before Django: chatline/operating/operator_addresses.py.
"""

from django.contrib import admin
from django.urls import include, path

urlpatterns = [
    path("admin/", admin.site.urls),
    path("counsellor/", include("counsellor.urls")),
    path("stats/", include("stats.urls")),
    # Last: the first part of a visitor's address is the helpline's own.
    path("", include("intake.visitor.urls")),
]

handler500 = "chatline.failures.server_error"
