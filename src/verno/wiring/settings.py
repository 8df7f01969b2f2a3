"""Django's settings. What an operator may choose comes from the environment (kit.config)."""

from http import HTTPStatus
from pathlib import Path
from urllib.parse import parse_qs, unquote, urlsplit

from django.utils.translation import gettext_lazy

from verno.kit import config, db, secrets
from verno.kit.db import APPLICATION, GUARDED

ROOT = Path(__file__).resolve().parent.parent

SECRET_KEY = secrets.key("django").hex()
DEBUG = False
ALLOWED_HOSTS = ["*"]  # the reverse proxy decides; links in messages use VERNO_PUBLIC_URL, never the Host header
USE_TZ = True
TIME_ZONE = "UTC"
LANGUAGE_CODE = "en"
LANGUAGES = [("en", "English"), ("ru", "Русский")]
LOCALE_PATHS = [config.LOCALE]
ROOT_URLCONF = "verno.wiring.urls"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
DATA_UPLOAD_MAX_MEMORY_SIZE = 8 * 1024 * 1024

INSTALLED_APPS = [
    "unfold",  # before the admin, whose templates it replaces
    "django.contrib.admin.apps.SimpleAdminConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.postgres",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "ninja",  # the files of the API's documentation page
    "procrastinate.contrib.django",
    "verno.kit",
    "verno.ledger",
    "verno.workspace",
    "verno.catalogue",
    "verno.members",
    "verno.promotions",
    "verno.progress",
    "verno.limits",
    "verno.intake",
    "verno.corrections",
    "verno.messaging",
    "verno.webhooks",
    "verno.reports",
    "verno.sealing",
    "verno.replay",
    "verno.imports",
    "verno.privacy",
    "verno.console",
    "verno.backroom",
]
MIGRATION_MODULES = {"admin": None, "backroom": None}  # no tables, not even a log: the back room changes nothing

MIDDLEWARE = [
    "verno.console.middleware.SecurityHeaders",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "verno.console.middleware.StaffDoor",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
]

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "django.template.context_processors.i18n",
            ]
        },
    }
]


def database(address: str, **options: object) -> dict[str, object]:
    """Translate a PostgreSQL address to Django's dictionary."""
    parts = urlsplit(address)
    query = {key: values[0] for key, values in parse_qs(parts.query).items()}
    host = query.pop("host", parts.hostname or "")
    return {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": unquote(parts.path.lstrip("/")),
        "USER": unquote(parts.username or ""),
        "PASSWORD": unquote(parts.password or ""),
        "HOST": host,
        "PORT": str(parts.port or query.pop("port", "")),
        "CONN_MAX_AGE": 60,
        "CONN_HEALTH_CHECKS": True,
        "OPTIONS": {**query, **options},
    }


DATABASES = {
    # Sessions and staff, who are known before their program is; and the back room's lists, of one program.
    # None of them may keep the database busy.
    "default": database(db.url(), assume_role=APPLICATION, options="-c statement_timeout=10s"),
    "backroom": database(db.url(), assume_role=GUARDED, options="-c statement_timeout=10s"),
    "owner": database(db.owner_url()),
}

AUTH_USER_MODEL = "workspace.Staff"
PASSWORD_HASHERS = ["django.contrib.auth.hashers.Argon2PasswordHasher"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 12}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
]
LOGIN_URL = "console:sign-in"
LOGIN_REDIRECT_URL = "console:dashboard"
SESSION_COOKIE_AGE = 12 * 3600
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
CSRF_COOKIE_HTTPONLY = True
_OVER_TLS = config.public_url().startswith("https://")
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = LANGUAGE_COOKIE_SECURE = _OVER_TLS
SESSION_COOKIE_NAME = "__Host-session" if _OVER_TLS else "session"  # the prefix ties the cookie to this very host
CSRF_COOKIE_NAME = "__Host-csrf" if _OVER_TLS else "csrf"
LANGUAGE_COOKIE_NAME = "language"
LANGUAGE_COOKIE_AGE = 365 * 24 * 3600
LANGUAGE_COOKIE_HTTPONLY = True
LANGUAGE_COOKIE_SAMESITE = "Lax"
CSRF_TRUSTED_ORIGINS = [config.public_url()]
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if _OVER_TLS else None

UNFOLD = {
    "SITE_TITLE": "Verno",
    "SITE_HEADER": "Verno",
    "SITE_SUBHEADER": gettext_lazy("Back room"),
    "SITE_URL": None,
    "SITE_FAVICONS": [{"rel": "icon", "type": "image/svg+xml", "href": "/static/img/logo.svg"}],
    "SHOW_HISTORY": False,
    "SHOW_VIEW_ON_SITE": False,
    "ACCOUNT": {"navigation": [{"title": gettext_lazy("Console"), "link": "/console/"}]},
}

STATIC_URL = "/static/"
STATICFILES_DIRS = [ROOT / "static"]
WHITENOISE_USE_FINDERS = True
WHITENOISE_AUTOREFRESH = False

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"plain": {"format": "%(asctime)s %(levelname)s %(name)s %(message)s"}},
    # A 503 is weather, not a fault: it says itself what it waits for, and probes ask many times a second.
    "filters": {
        "not-weather": {
            "()": "django.utils.log.CallbackFilter",
            "callback": lambda record: getattr(record, "status_code", 0) != HTTPStatus.SERVICE_UNAVAILABLE,
        }
    },
    "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "plain", "filters": ["not-weather"]}},
    "root": {"handlers": ["stderr"], "level": "WARNING"},
    # A lost database is reported once by those who use these, not by each of their threads with its stack.
    # Refused requests are not logged: their addresses may hold somebody's token.
    "loggers": {
        "procrastinate": {"level": "CRITICAL"},
        "psycopg.pool": {"level": "CRITICAL"},
        "django.request": {"level": "ERROR"},
    },
}
