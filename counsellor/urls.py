from django.urls import URLPattern, URLResolver

app_name = "counsellor"
urlpatterns: list[URLPattern | URLResolver] = []
