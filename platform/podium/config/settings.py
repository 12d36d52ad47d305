"""The site's settings: one file, all from the environment, each with a default that works on a laptop.

Every variable that a person may set is read here and nowhere else; `manage.py doctor` explains them.
"""

from datetime import timedelta
from pathlib import Path
from typing import Any

import django_stubs_ext
from csp.constants import NONE, SELF
from django.core.exceptions import ImproperlyConfigured

from podium.config.env import asset_folder, data_folder, env, kept_secret

django_stubs_ext.monkeypatch()  # lets `ModelAdmin[Challenge]` stand at run time as well

# Where things are
DATA_DIR = data_folder()
FILES_DIR = DATA_DIR / "files"
INCOMING_DIR = FILES_DIR / "incoming"  # bytes on their way in
INCOMING_DIR.mkdir(parents=True, exist_ok=True)
TEMPLATES_DIR = asset_folder("templates")
STATIC_DIR = asset_folder("static")

# Who may reach the site, and how
DEBUG = env.bool("PODIUM_DEBUG", False)
SECRET_KEY = env.str("PODIUM_SECRET_KEY", "") or kept_secret(DATA_DIR / "secret_key")
SITE_NAME = env.str("PODIUM_SITE_NAME", "Podium")
SITE_OPERATOR = env.str("PODIUM_OPERATOR", "")  # “run by …” in the footer
BASE_URL = env.str("PODIUM_URL", "http://localhost:8000").rstrip("/")
BEHIND_TLS = BASE_URL.startswith("https://")
ALLOWED_HOSTS = env.list("PODIUM_ALLOWED_HOSTS", ["localhost", "127.0.0.1", "[::1]"])
CSRF_TRUSTED_ORIGINS = env.list("PODIUM_TRUSTED_ORIGINS", [BASE_URL])
DEMO = env.bool("PODIUM_DEMO", False)  # the demo shows the mails it would send, to loopback only

INSTALLED_APPS = [
    "podium.core",
    "podium.accounts",
    "podium.challenges",
    "podium.teams",
    "podium.submissions",
    "podium.leaderboards",
    "podium.hosts",
    "podium.api",
    "podium.demo",
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    "django.contrib.humanize",
    "allauth",
    "allauth.account",
    "csp",
    "django_htmx",
    "rest_framework",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "rules.apps.AutodiscoverRulesConfig",
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "csp.middleware.CSPMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "podium.core.middleware.refusals",
]

ROOT_URLCONF = "podium.config.urls"
WSGI_APPLICATION = "podium.config.wsgi.application"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [TEMPLATES_DIR],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "podium.core.context.site",
            ],
            "builtins": ["podium.core.templatetags.podium"],
        },
    },
]

FORM_RENDERER = "podium.core.form_renderer.PodiumRenderer"  # every form in our markup, allauth's too

# The database. On SQLite every transaction that is opened may write, so it takes the write lock at once
# (`IMMEDIATE`): a lock that is asked for in the middle fails instead of waiting. See podium.core.locks.
DATABASES = {
    "default": env.dj_db_url(
        "DATABASE_URL", f"sqlite:///{DATA_DIR / 'podium.sqlite3'}", conn_max_age=0, conn_health_checks=True
    )
}
_database: Any = DATABASES["default"]
if _database["ENGINE"].endswith("sqlite3"):
    _database["OPTIONS"] = {
        "transaction_mode": "IMMEDIATE",
        "timeout": 20,
        "init_command": (
            "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA cache_size=-65536; PRAGMA mmap_size=268435456;"
        ),
    }
elif _database["ENGINE"].endswith("postgresql"):
    _database["OPTIONS"] = {"pool": {"min_size": 1, "max_size": env.int("PODIUM_DATABASE_POOL", 16)}}
else:
    raise ImproperlyConfigured("DATABASE_URL must be sqlite:///… or postgres://…")

# Redis, where there is one, carries the queue and the cache; without it both are folders
REDIS_URL = env.str("REDIS_URL", "")
CACHES = {
    "default": {
        "BACKEND": "podium.core.caching.PatientCache",
        "LOCATION": REDIS_URL,
        "OPTIONS": {"socket_timeout": 2, "socket_connect_timeout": 2},
    }
    if REDIS_URL
    else {
        "BACKEND": "django.core.cache.backends.filebased.FileBasedCache",
        "LOCATION": DATA_DIR / "cache",
        "OPTIONS": {"MAX_ENTRIES": 20_000},  # rate limits live here: none may be dropped to make room
    }
}

# Files. Blobs are addressed by their SHA-256 and never served by that address.
MEDIA_ROOT = DATA_DIR / "media"  # profile pictures: re-encoded by us, public
MEDIA_URL = "media/"
FILE_UPLOAD_HANDLERS = ["podium.core.uploads.LimitedUploadHandler"]
FILE_UPLOAD_TEMP_DIR = INCOMING_DIR
UPLOAD_LIMIT_MB = env.int("PODIUM_UPLOAD_LIMIT_MB", 50)  # where a phase names no limit of its own
DATA_UPLOAD_MAX_MEMORY_SIZE = 5 * 2**20
STATIC_URL = "static/"
STATIC_ROOT = DATA_DIR / "static"
STATICFILES_DIRS = [STATIC_DIR]
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"},
}

# Celery: see podium.core.tasks for the one way to define and to enqueue a task
QUEUE_DIR = DATA_DIR / "queue"
CELERY_BROKER_URL = REDIS_URL or "filesystem://localhost//"
CELERY_BROKER_TRANSPORT_OPTIONS: dict[str, Any] = (
    # a Redis that is silent is one that is away: nobody who sends a file waits for it
    {"visibility_timeout": 3600, "socket_timeout": 5, "socket_connect_timeout": 3}
    if REDIS_URL
    else {
        "data_folder_in": str(QUEUE_DIR / "messages"),
        "data_folder_out": str(QUEUE_DIR / "messages"),
        "control_folder": str(QUEUE_DIR / "control"),
        "polling_interval": 0.02,
    }
)
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = True
CELERY_TASK_DEFAULT_QUEUE = "score"
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_WORKER_REDIRECT_STDOUTS = False
CELERY_WORKER_SEND_TASK_EVENTS = False
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_WORKER_PROC_ALIVE_TIMEOUT = (
    90  # a pool process warms its scoring process first, which on a slow machine takes time
)
CELERY_TIMEZONE = "UTC"
CELERY_BEAT_SCHEDULE_FILENAME = str(QUEUE_DIR / "beat-schedule")
WEB_WORKERS, WEB_THREADS = env.int("PODIUM_WEB_WORKERS", 2), env.int("PODIUM_WEB_THREADS", 8)
WORKER_CONCURRENCY = env.int("PODIUM_WORKERS", 2)
WORKER_QUEUES = env.list("PODIUM_QUEUES", ["score", "code"])  # what workers of this machine may take
SANDBOX = env.str("PODIUM_SANDBOX", "")  # bubblewrap where it is empty
CODE_SLOTS = env.int("PODIUM_CODE_SLOTS", None)  # by cores and memory where it is not set: see podium.core.room
WARM = env.int("PODIUM_WARM", None)  # kinds of jobs for which an interpreter waits; by room where it is not set

ENVIRONMENTS_DIR = Path(env.str("PODIUM_ENVIRONMENTS", "") or DATA_DIR / "environments")  # what submitted code runs in


# The life of a submission: see podium.submissions
RUN_LEASE = timedelta(seconds=env.int("PODIUM_RUN_LEASE_SECONDS", 30))
RUN_HEARTBEAT = RUN_LEASE / 4
RUN_ATTEMPTS = 3
SCORING_WALL_SECONDS = env.int("PODIUM_SCORING_SECONDS", 120)
SCORING_MEMORY_MB = env.int("PODIUM_SCORING_MEMORY_MB", 2048)
HARDENED = env.str("PODIUM_HARDENED", "auto")  # read uploads in a sandbox: see podium.core.hardening
if HARDENED not in {"auto", "on", "off"}:
    raise ImproperlyConfigured(f"PODIUM_HARDENED is auto, on or off, not {HARDENED!r}.")

# What submitted code may use at most, whatever a phase asks for
PREDICT_MOST = {
    "wall_s": env.int("PODIUM_PREDICT_SECONDS", 6 * 3600),
    "cpus": env.int("PODIUM_PREDICT_CPUS", 4),
    "memory_mb": env.int("PODIUM_PREDICT_MEMORY_MB", 16 * 1024),
    "pids": 1024,
    "output_bytes": env.int("PODIUM_PREDICT_OUTPUT_MB", 1024) * 2**20,
}

# People
AUTH_USER_MODEL = "accounts.User"
AUTHENTICATION_BACKENDS = [
    "rules.permissions.ObjectPermissionBackend",
    "django.contrib.auth.backends.ModelBackend",
    "allauth.account.auth_backends.AuthenticationBackend",
]
PASSWORD_HASHERS = ["django.contrib.auth.hashers.Argon2PasswordHasher"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}"}
    for name in ("UserAttributeSimilarityValidator", "MinimumLengthValidator", "CommonPasswordValidator")
]
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "home"
ACCOUNT_LOGIN_METHODS = {"email", "username"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "username*", "password1*"]
ACCOUNT_EMAIL_VERIFICATION = "mandatory"
ACCOUNT_EMAIL_SUBJECT_PREFIX = ""
ACCOUNT_LOGOUT_REDIRECT_URL = "home"
ACCOUNT_ADAPTER = "podium.accounts.adapter.AccountAdapter"
ACCOUNT_FORMS = {
    name: f"podium.accounts.forms.{form}"
    for name, form in {
        "login": "LoginForm",
        "signup": "SignupForm",
        "add_email": "AddEmailForm",
        "change_password": "ChangePasswordForm",
        "set_password": "SetPasswordForm",
        "reset_password": "ResetPasswordForm",
        "reset_password_from_key": "ResetPasswordKeyForm",
        "reauthenticate": "ReauthenticateForm",
    }.items()
}
ACCOUNT_CHANGE_EMAIL = True  # one address a person; a new one replaces it when it is verified
ACCOUNT_EMAIL_NOTIFICATIONS = True  # a mail when password or address change
ACCOUNT_LOGIN_ON_EMAIL_CONFIRMATION = True  # in the browser that signed up: and on to where it was going
ACCOUNT_REAUTHENTICATION_REQUIRED = True
ALLAUTH_TRUSTED_PROXY_COUNT = 1 if env.bool("PODIUM_BEHIND_PROXY", False) else 0  # whose address is rate-limited
ACCOUNT_DEFAULT_HTTP_PROTOCOL = "https" if BEHIND_TLS else "http"
ACCOUNT_SESSION_REMEMBER = None  # the person decides: “stay signed in for 30 days”
SESSION_COOKIE_AGE = int(timedelta(days=30).total_seconds())

# Mail: shown by the demo, printed where nothing is set, sent by a server where one is named
DEFAULT_FROM_EMAIL = env.str("PODIUM_MAIL_FROM", "Podium <podium@localhost>")
SERVER_EMAIL = DEFAULT_FROM_EMAIL
MAIL_DIR = DATA_DIR / "mail"
EMAIL_URL = env.str("PODIUM_MAIL_URL", "")
if EMAIL_URL:
    _mail = env.dj_email_url("PODIUM_MAIL_URL")
    EMAIL_BACKEND = _mail["EMAIL_BACKEND"]
    EMAIL_HOST, EMAIL_PORT = _mail["EMAIL_HOST"], _mail["EMAIL_PORT"]
    EMAIL_HOST_USER, EMAIL_HOST_PASSWORD = _mail["EMAIL_HOST_USER"], _mail["EMAIL_HOST_PASSWORD"]
    EMAIL_USE_TLS, EMAIL_USE_SSL = _mail["EMAIL_USE_TLS"], _mail["EMAIL_USE_SSL"]
elif DEMO:
    EMAIL_BACKEND = "django.core.mail.backends.filebased.EmailBackend"
    EMAIL_FILE_PATH = MAIL_DIR
else:
    EMAIL_BACKEND = "django.core.mail.backends.console.EmailBackend"

# Words and times
LANGUAGE_CODE = "en"
USE_I18N = False
TIME_ZONE = "UTC"
USE_TZ = True

# Safety
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = BEHIND_TLS
SECURE_SSL_REDIRECT = False  # the proxy in front does it, and knows which addresses it serves
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if env.bool("PODIUM_BEHIND_PROXY", False) else None
SECURE_HSTS_SECONDS = 31_536_000 if BEHIND_TLS else 0
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
CONTENT_SECURITY_POLICY = {
    "EXCLUDE_URL_PREFIXES": [
        "/api/v1/docs"
    ],  # Swagger brings inline styles of its own; its view sets a policy that allows them
    "DIRECTIVES": {
        "default-src": [NONE],
        "script-src": [SELF],
        "style-src": [SELF],
        "img-src": [SELF],
        "font-src": [SELF],
        "connect-src": [SELF],
        "form-action": [SELF],
        "base-uri": [NONE],
        "frame-ancestors": [NONE],
    },
}

# REST
REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "podium.api.authentication.BearerToken",
        "podium.api.authentication.SignedIn",
    ],
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAuthenticated"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PAGINATION_CLASS": "podium.api.pagination.Cursor",
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
    "DEFAULT_THROTTLE_CLASSES": ["podium.api.throttles.Anonymous", "podium.api.throttles.Person"],
    "DEFAULT_THROTTLE_RATES": {"anon": "120/min", "user": "3000/min", "uploads": "120/min"},
    # whose address a visitor's is: the proxy's word is taken only where there is a proxy
    "NUM_PROXIES": 1 if SECURE_PROXY_SSL_HEADER else 0,
    "EXCEPTION_HANDLER": "podium.api.errors.answer",
    "PAGE_SIZE": 50,
}
SPECTACULAR_SETTINGS = {
    "TITLE": "Podium",
    "VERSION": "1",
    "DESCRIPTION": "Take part in machine-learning competitions from a program. Make a token on the page “Tokens” of "
    "your settings and send it along: `Authorization: Bearer …`.",
    "SCHEMA_PATH_PREFIX": "/api/v1/",
    "ENUM_NAME_OVERRIDES": {
        "ChallengeState": "podium.api.challenges.STATES",
        "SubmissionState": "podium.submissions.states.SubmissionState",
    },
    "SERVE_INCLUDE_SCHEMA": False,
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
    "SERVE_PERMISSIONS": ["rest_framework.permissions.AllowAny"],
}

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"format": "{asctime} {levelname} {name}: {message}", "style": "{"}},
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "line"}},
    "root": {"handlers": ["console"], "level": env.str("PODIUM_LOG_LEVEL", "INFO")},
    "loggers": {"numexpr": {"level": "WARNING"}},  # comes with pandas, and tells everybody how many threads it has
}
