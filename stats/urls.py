"""The addresses of the statistics. Each stands in `counsellor/authorisation.py` too, or it does not answer."""

from django.urls import URLPattern, URLResolver, path

from stats.pages import registration, report

app_name = "stats"
urlpatterns: list[URLPattern | URLResolver] = [
    path("", report.index, name="index"),
    path("<slug:slug>/", report.report, name="report"),
    path("<slug:slug>.csv", report.table_file, name="file"),
    path("<slug:slug>/.csv", report.table_file, name="file_below"),
    path("<slug:slug>/<slug:table>.csv", report.table_file, name="table"),
    path("<slug:slug>/rows/", report.rows, name="rows"),
    path("<slug:slug>/pending/", registration.pending_list, name="pending"),
    path("<slug:slug>/pending/<int:pk>/", registration.register_pending, name="register"),
    path("<slug:slug>/contacts/new/", registration.register_by_hand, name="by_hand"),
    path("<slug:slug>/contacts/<int:pk>/", registration.correct, name="correct"),
]
