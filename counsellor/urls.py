"""The staff room's addresses. Each stands in `counsellor/authorisation.py` too, or it does not answer."""

from django.urls import URLPattern, URLResolver, include, path

from counsellor.pages import account, conversation, desk, login, registration, second_factor

app_name = "counsellor"
urlpatterns: list[URLPattern | URLResolver] = [
    path("", desk.desk, name="desk"),
    path("queue/", desk.queue, name="queue"),
    path("presence/", desk.presence, name="presence"),
    path("conversations/<uuid:public_id>/", conversation.conversation, name="conversation"),
    path("conversations/<uuid:public_id>/claim/", conversation.claim, name="claim"),
    path("conversations/<uuid:public_id>/end/", conversation.end, name="end"),
    path("conversations/<uuid:public_id>/hand-back/", conversation.hand_back, name="hand_back"),
    path("conversations/<uuid:public_id>/registration/", registration.registration, name="registration"),
    path("", include("counsellor.pages.roster_urls")),
    path("login/", login.login, name="login"),
    path("logout/", login.logout, name="logout"),
    path("code/", second_factor.second_factor, name="second_factor"),
    path("enrol/", second_factor.enrol, name="enrol"),
    path("account/", account.account, name="account"),
    path("account/language/", account.language, name="language"),
    path("account/password/", account.password, name="password"),
    path("account/recovery-codes/", account.new_recovery_codes, name="new_recovery_codes"),
    path("account/app/", account.new_factor, name="new_factor"),
]
