"""All settings, from the environment, in one file. Every variable stands in docs/configuration.md.

Secrets may be given as a file: NAME_FILE=/run/secrets/name takes the place of NAME.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import django_stubs_ext
import environ
from csp.constants import NONE, SELF
from django.utils.translation import gettext_lazy as _

# Generic classes of Django (`ModelForm[Counsellor]`) are subscripted in the code for the type checker.
django_stubs_ext.monkeypatch()

BASE_DIR = Path(__file__).resolve().parent.parent
env = environ.FileAwareEnv()

# -- what kind of installation -------------------------------------------------------------------------
DEMO = env.bool("CHATLINE_DEMO", default=False)
"""Demonstration data, `manage.py totp`, and plain http on this machine. Never with real people."""
HTTPS = env.bool("CHATLINE_HTTPS", default=not DEMO)
DEBUG = env.bool("CHATLINE_DEBUG", default=False)
DATA_DIR = Path(env.str("CHATLINE_DATA_DIR", default=str(BASE_DIR / "var")))

SECRET_KEY = env.str("CHATLINE_SECRET_KEY", default="")
if not SECRET_KEY and (DATA_DIR / "secret_key").exists():
    SECRET_KEY = (DATA_DIR / "secret_key").read_text().strip()
NO_SECRET_KEY = "only-for-commands-that-need-no-secret"  # noqa: S105 - everybody may know it
SECRET_KEY = SECRET_KEY or NO_SECRET_KEY
MASTER_KEY_FILE = Path(env.str("CHATLINE_MASTER_KEY_FILE", default=str(DATA_DIR / "master_key")))
"""Wraps every key in the key store. A file outside both databases."""

ALLOWED_HOSTS = env.list("CHATLINE_HOSTS", default=["localhost", "127.0.0.1", "[::1]"])
STAFF_HOSTS = [name.lower() for name in env.list("CHATLINE_STAFF_HOSTS", default=[])]
"""Where the staff's pages answer, and nothing else does. Empty: everything answers at every name."""
ALLOWED_HOSTS += [name for name in STAFF_HOSTS if name not in ALLOWED_HOSTS]
CSRF_TRUSTED_ORIGINS = env.list("CHATLINE_ORIGINS", default=[])


def visitor_origin() -> str:
    """The first origin of the installation that is not the staff's."""
    origins = [f"{'https' if HTTPS else 'http'}://{name}" for name in ALLOWED_HOSTS]
    found = (origin for origin in [*CSRF_TRUSTED_ORIGINS, *origins] if urlsplit(origin).hostname not in STAFF_HOSTS)
    return next(found, "")


VISITOR_ORIGIN = visitor_origin() if STAFF_HOSTS else ""
"""Where staff pages find the visitors'; empty where they are at the same names."""
TRUSTED_PROXIES = env.int("CHATLINE_TRUSTED_PROXIES", default=0)
"""How many proxies of our own stand in front and append to X-Forwarded-For."""

# -- apps ------------------------------------------------------------------------------------------------
INSTALLED_APPS = [
    "chatline",
    "counsellor",
    "stats",
    "intake",
    "intake.sealing",
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    "channels",
    "django_otp",
    "axes",
    "csp",
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "csp.middleware.CSPMiddleware",
    "chatline.middleware.headers.PrivacyHeaders",
    "chatline.middleware.hosts.StaffHosts",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django_otp.middleware.OTPMiddleware",
    "counsellor.gate.StaffGate",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "axes.middleware.AxesMiddleware",
]

ROOT_URLCONF = "chatline.urls"
ASGI_APPLICATION = "chatline.asgi.application"
APPEND_SLASH = True

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "django.template.context_processors.i18n",
            ],
        },
    },
]
FORM_RENDERER = "django.forms.renderers.TemplatesSetting"
INSTALLED_APPS.append("django.forms")

# -- databases: the truth, and the key store apart from it ----------------------------------------------
SQLITE_PRAGMAS = "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA secure_delete=ON; PRAGMA busy_timeout=10000;"
# No write-ahead log beside the keys: a destroyed key must not live on in a second file.
SQLITE_KEY_PRAGMAS = (
    "PRAGMA journal_mode=DELETE; PRAGMA synchronous=FULL; PRAGMA secure_delete=ON; PRAGMA busy_timeout=10000;"
)


# A line that is cut without a word is noticed by both ends: by us, so that a new one is tried; by the server, so that
# nothing stays locked for somebody who has gone.
POSTGRES_OPTIONS = {
    "connect_timeout": 3,
    "keepalives_idle": 4,
    "keepalives_interval": 2,
    "keepalives_count": 2,
    "tcp_user_timeout": 6000,
    "options": " ".join(
        f"-c {setting}"
        for setting in (
            "tcp_keepalives_idle=4",
            "tcp_keepalives_interval=2",
            "tcp_keepalives_count=2",
            "tcp_user_timeout=6000",
            "client_connection_check_interval=4000",
            "idle_in_transaction_session_timeout=20000",
        )
    ),
}


def keep_trying(pool: Any) -> None:
    """Try again for as long as the server is away: by itself a pool waits twice as long after every failure."""
    pool.check()


def database(url: str, *, pragmas: str) -> dict[str, Any]:
    """Django's dictionary for a database address, with what each engine needs to be safe under ASGI."""
    found: dict[str, Any] = environ.Env.db_url_config(url)
    options: dict[str, Any] = found.setdefault("OPTIONS", {})
    if found["ENGINE"].endswith("sqlite3"):
        # A read that turns into a write may fail at once when another writer came between; IMMEDIATE waits.
        options |= {
            "transaction_mode": "IMMEDIATE",
            "init_command": pragmas,
            "timeout": 10,
        }
    else:
        options.setdefault(
            "pool",
            {
                "min_size": 1,
                "max_size": env.int("CHATLINE_DATABASE_POOL", default=20),
                "timeout": 5,
                "reconnect_timeout": 2,
                "reconnect_failed": keep_trying,
            },
        )
        for name, value in POSTGRES_OPTIONS.items():
            options.setdefault(name, value)
        # A restarted server leaves dead connections in the pool: each is tried before it is handed out.
        found["CONN_HEALTH_CHECKS"] = True
    return found


DATABASES = {
    "default": database(
        env.str("DATABASE_URL", default=f"sqlite:///{DATA_DIR / 'chatline.sqlite3'}"),
        pragmas=SQLITE_PRAGMAS,
    ),
    "keys": database(
        env.str("KEYS_DATABASE_URL", default=f"sqlite:///{DATA_DIR / 'keys.sqlite3'}"),
        pragmas=SQLITE_KEY_PRAGMAS,
    ),
}
DATABASE_ROUTERS = ["intake.sealing.router.KeyStoreRouter"]
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

# -- wake-ups --------------------------------------------------------------------------------------------
REDIS_URL = env.str("REDIS_URL", default="")
# The probes of intake/delivery/wakeups.py find a dead line within twelve seconds. Keepalive would find it too, and end
# it with an error that redis-py takes for "nothing yet" each time: the process would ask on, and do nothing else.
REDIS_LINE = {} if REDIS_URL.startswith("unix:") else {"socket_keepalive": False}
CHANNEL_LAYERS: dict[str, Any] = {
    "default": {
        "BACKEND": "channels_redis.pubsub.RedisPubSubChannelLayer",
        "CONFIG": {"hosts": [{"address": REDIS_URL, **REDIS_LINE}]},
    }
    if REDIS_URL
    else {"BACKEND": "channels.layers.InMemoryChannelLayer"},
}

# -- limits of the conversation (docs/protocol.md, "Limits") ---------------------------------------------
BODY_CHARACTERS = 4000
FRAME_BYTES = 16 * 1024
WINDOW_MESSAGES = 100
MESSAGE_BURST = env.int("CHATLINE_MESSAGE_BURST", default=5)
MESSAGES_PER_SECOND = env.float("CHATLINE_MESSAGES_PER_SECOND", default=1.0)
# Whole towns share an address behind a mobile operator. A demo is tried from one machine alone.
OPENINGS_BURST = env.int("CHATLINE_OPENINGS_BURST", default=1000 if DEMO else 10)
OPENINGS_PER_HOUR = env.float("CHATLINE_OPENINGS_PER_HOUR", default=60.0)
DRAIN_SECONDS = env.float("CHATLINE_DRAIN_SECONDS", default=10.0)

# -- staff -----------------------------------------------------------------------------------------------
AUTH_USER_MODEL = "counsellor.Counsellor"
AUTHENTICATION_BACKENDS = [
    "axes.backends.AxesStandaloneBackend",
    "counsellor.backend.RoleBackend",
]
PASSWORD_HASHERS = ["django.contrib.auth.hashers.Argon2PasswordHasher"]
AUTH_PASSWORD_VALIDATORS = [
    {
        "NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator",
        "OPTIONS": {"user_attributes": ["username", "pseudonym"]},
    },
    {
        "NAME": "counsellor.rules.password_length.LongEnough",
        "OPTIONS": {"min_length": 12},
    },
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "django.contrib.auth.password_validation.NumericPasswordValidator"},
]
LOGIN_URL = "counsellor:login"
LOGIN_REDIRECT_URL = "counsellor:desk"
OTP_TOTP_ISSUER = "Chatline"
OTP_TOTP_THROTTLE_FACTOR = 1

# Locked by the day's pseudonym alone: nobody can lock a counsellor out by guessing at her name.
AXES_LOCKOUT_PARAMETERS = ["ip_address"]
AXES_FAILURE_LIMIT = env.int("CHATLINE_LOGIN_FAILURES", default=10)
AXES_COOLOFF_TIME = 0.25
# One who knows one password must not clear her device's failures with it and go on guessing another.
AXES_RESET_ON_SUCCESS = False
AXES_DISABLE_ACCESS_LOG = True
AXES_ENABLE_ACCESS_FAILURE_LOG = False
AXES_LOCKOUT_CALLABLE = "counsellor.pages.login.locked_out"
AXES_HANDLER = "counsellor.rules.lockout.TracelessHandler"
AXES_RESET_COOL_OFF_ON_FAILURE_DURING_LOCKOUT = False
AXES_ENABLE_ADMIN = False
AXES_CLIENT_IP_CALLABLE = "chatline.middleware.no_trace.pseudonym_of"
AXES_SENSITIVE_PARAMETERS = ["username", "ip_address", "user_agent"]
AXES_VERBOSE = False

SESSION_ENGINE = "counsellor.rules.sessions"
# Not in a cookie of their own: a notice may hold a name.
MESSAGE_STORAGE = "django.contrib.messages.storage.session.SessionStorage"
SESSION_COOKIE_NAME = "__Host-session" if HTTPS else "session"
SESSION_COOKIE_SECURE = HTTPS
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
SESSION_COOKIE_AGE = 12 * 60 * 60
SESSION_EXPIRE_AT_BROWSER_CLOSE = True
CSRF_COOKIE_NAME = "__Host-csrf" if HTTPS else "csrf"
CSRF_COOKIE_SECURE = HTTPS
CSRF_COOKIE_HTTPONLY = True
CSRF_USE_SESSIONS = False
CSRF_FAILURE_VIEW = "django.views.csrf.csrf_failure"

# -- headers ---------------------------------------------------------------------------------------------
SECURE_SSL_REDIRECT = False
SECURE_HSTS_SECONDS = 31536000 if HTTPS else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = HTTPS
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if TRUSTED_PROXIES else None
SECURE_REFERRER_POLICY = "no-referrer"
SECURE_CROSS_ORIGIN_OPENER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [NONE],
        "script-src": [SELF],
        "style-src": [SELF],
        "img-src": [SELF],
        "font-src": [SELF],
        "media-src": [SELF],
        "connect-src": [SELF],
        "form-action": [SELF],
        "base-uri": [NONE],
        "frame-ancestors": [NONE],
        "manifest-src": [SELF],
        "require-trusted-types-for": ["'script'"],
        "trusted-types": [NONE],
    },
}

# -- languages -------------------------------------------------------------------------------------------
LANGUAGE_CODE = "nb"
LANGUAGES = [("nb", _("bokmål")), ("nn", _("nynorsk")), ("en", _("engelsk"))]
TIME_ZONE = "Europe/Oslo"
USE_TZ = True
USE_I18N = True

# -- static files ----------------------------------------------------------------------------------------
STATIC_URL = "/static/"
# The demo serves files where they lie; an installation collects them.
STATIC_ROOT = None if DEMO else env.str("CHATLINE_STATIC_ROOT", default=str(DATA_DIR / "static"))
STATICFILES_DIRS = [BASE_DIR / "static"]
WHITENOISE_USE_FINDERS = DEMO
WHITENOISE_AUTOREFRESH = False
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {
        "BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"
        if DEMO
        else "chatline.static_files.HashedStaticFiles"
    },
}

# -- requests --------------------------------------------------------------------------------------------
DATA_UPLOAD_MAX_MEMORY_SIZE = 2 * 1024 * 1024
DATA_UPLOAD_MAX_NUMBER_FIELDS = 2000

# -- logs: levels and names of things, never a request line, an address or a text ------------------------
LOG_FORMAT = env.str("CHATLINE_LOG_FORMAT", default="plain" if DEMO else "json")
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"quiet": {"()": "chatline.logs.quiet_logs.chosen_formatter"}},
    "filters": {"pace": {"()": "chatline.logs.log_pace.Pace"}},
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "quiet", "filters": ["pace"]}},
    "root": {"handlers": ["console"], "level": "WARNING"},
    "loggers": {
        "chatline": {"level": "INFO"},
        "intake": {"level": "INFO"},
        "counsellor": {"level": "INFO"},
        "stats": {"level": "INFO"},
        "django": {"handlers": [], "propagate": True, "level": "WARNING"},
        "django.server": {"handlers": [], "propagate": False, "level": "CRITICAL"},
        "axes": {"level": "ERROR"},
    },
}
LOGGING_CONFIG = "chatline.logs.quiet_errors.configure"

# -- figures for the operator (docs/configuration.md, "Metrics") -----------------------------------------
METRICS_TOKEN = env.str("CHATLINE_METRICS_TOKEN", default="").strip()

SILENCED_SYSTEM_CHECKS = [
    "security.W008",  # the proxy leads from http to https; a second redirect behind it would be a loop
    "security.W009",  # chatline.E006 says it, and keeps the server from starting
    "security.W021",  # browsers' preload lists are for the domain's owner to decide
]
