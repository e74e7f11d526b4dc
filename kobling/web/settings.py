"""What pages need beside the core's settings: accounts, security, templates. All from the environment."""

from __future__ import annotations

import os
from datetime import timedelta
from pathlib import Path
from urllib.parse import urlsplit

from kobling.settings import *  # noqa: F403 - the core's settings are these as well
from kobling.settings import INSTALLED_APPS as CORE
from kobling.settings import PUBLIC_URL

WEB = Path(__file__).parent
_ADDRESS = urlsplit(PUBLIC_URL)
ENCRYPTED = _ADDRESS.scheme == "https"
DEVELOPING = os.environ.get("KOBLING_DEVELOPING") == "1"
"""Shows the page of components; nothing else depends on it."""
DEBUG = False

INSTALLED_APPS = [
    *CORE,
    "kobling.web",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.humanize",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "allauth.usersessions",
    "allauth.socialaccount",
    "allauth.socialaccount.providers.microsoft",
    "axes",
    "csp",
    "django_htmx",
]
MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "csp.middleware.CSPMiddleware",
    "kobling.web.ground.files.OurFiles",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.contrib.auth.middleware.LoginRequiredMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "kobling.web.accounts.seen.note_where",
    "django_htmx.middleware.HtmxMiddleware",
    "kobling.web.ground.middleware.as_the_person_likes",
    "kobling.web.ground.middleware.tell_errors",
    "kobling.web.people.demanding.second_factor_first",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "axes.middleware.AxesMiddleware",
]
ROOT_URLCONF = "kobling.web.urls"
ASGI_APPLICATION = "kobling.web.asgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [WEB / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "kobling.web.ground.frame.frame",
            ],
            "builtins": ["kobling.web.ground.templatetags.kobling"],
        },
    }
]
FORM_RENDERER = "kobling.web.ground.forms.Renderer"

# ---- addresses and cookies ----
ALLOWED_HOSTS = [host for host in {_ADDRESS.hostname or "", "127.0.0.1", "localhost", "[::1]"} if host]
CSRF_TRUSTED_ORIGINS = [PUBLIC_URL] if ENCRYPTED else []
CSRF_COOKIE_SAMESITE = "Strict"
CSRF_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
"""Not strict: who comes back from Microsoft's or a vendor's sign-in, or from a link in a mail, is still signed in."""
SESSION_COOKIE_NAME = "__Host-kobling" if ENCRYPTED else "kobling"
CSRF_COOKIE_NAME = "__Host-kobling-csrf" if ENCRYPTED else "kobling-csrf"
LANGUAGE_COOKIE_NAME = "kobling-language"
LANGUAGE_COOKIE_SAMESITE = "Strict"
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = LANGUAGE_COOKIE_SECURE = ENCRYPTED
SESSION_COOKIE_AGE = int(timedelta(days=14).total_seconds())
SECURE_HSTS_SECONDS = int(timedelta(days=365).total_seconds()) if ENCRYPTED else 0
SECURE_REFERRER_POLICY = "same-origin"
SECURE_CROSS_ORIGIN_OPENER_POLICY = "same-origin"
if os.environ.get("KOBLING_BEHIND_PROXY") == "1":
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
    USE_X_FORWARDED_HOST = True
X_FRAME_OPTIONS = "DENY"
DATA_UPLOAD_MAX_MEMORY_SIZE = 5 * 1024 * 1024
DATA_UPLOAD_MAX_NUMBER_FIELDS = 12_000
DATA_UPLOAD_MAX_NUMBER_FILES = 10

MICROSOFT = os.environ.get("KOBLING_MICROSOFT_CLIENT_ID", "")
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": ["'none'"],
        "script-src": ["'self'"],
        "style-src": ["'self'"],
        "img-src": ["'self'", "data:"],
        "connect-src": ["'self'"],
        "form-action": ["'self'", *(["https://login.microsoftonline.com"] if MICROSOFT else [])],
        "frame-ancestors": ["'none'"],
        "base-uri": ["'none'"],
        "manifest-src": ["'self'"],
    }
}

# ---- accounts ----
AUTHENTICATION_BACKENDS = [
    "axes.backends.AxesStandaloneBackend",
    "allauth.account.auth_backends.AuthenticationBackend",
]
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "home"
ACCOUNT_ADAPTER = "kobling.web.accounts.adapter.Accounts"
SOCIALACCOUNT_ADAPTER = "kobling.web.accounts.adapter.Elsewhere"
MFA_ADAPTER = "kobling.web.accounts.adapter.SecondFactor"
ACCOUNT_FORMS = {"login": "kobling.web.accounts.forms.SignInForm"}
ACCOUNT_SESSION_REMEMBER = True
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*"]
ACCOUNT_EMAIL_VERIFICATION = "none"
"""An address is proved by the invitation that went to it."""
ACCOUNT_EMAIL_UNKNOWN_ACCOUNTS = False
"""Whoever asks for a new password for an address that nobody has sends a mail to no stranger."""
ACCOUNT_PREVENT_ENUMERATION = True
ACCOUNT_REAUTHENTICATION_TIMEOUT = 900
ACCOUNT_USER_MODEL_USERNAME_FIELD = "username"
ACCOUNT_RATE_LIMITS = {"login_failed": False}
"""Guessing is django-axes' to stop, for all ways of signing in at once."""
ACCOUNT_DEFAULT_HTTP_PROTOCOL = "https" if ENCRYPTED else "http"
MFA_SUPPORTED_TYPES = ["totp", "webauthn", "recovery_codes"]
MFA_PASSKEY_LOGIN_ENABLED = True
MFA_WEBAUTHN_ALLOW_INSECURE_ORIGIN = not ENCRYPTED
MFA_TOTP_ISSUER = "Kobling"
SOCIALACCOUNT_PROVIDERS = (
    {
        "microsoft": {
            "APPS": [
                {
                    "client_id": MICROSOFT,
                    "secret": os.environ.get("KOBLING_MICROSOFT_CLIENT_SECRET", ""),
                    "settings": {"tenant": os.environ.get("KOBLING_MICROSOFT_TENANT", "organizations")},
                }
            ]
        }
    }
    if MICROSOFT
    else {}
)
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 12}},
    {
        "NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator",
        "OPTIONS": {"user_attributes": ("first_name", "last_name", "email")},
    },
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
AXES_FAILURE_LIMIT = 5
AXES_COOLOFF_TIME = timedelta(minutes=15)
AXES_LOCKOUT_PARAMETERS = [["username", "ip_address"]]
AXES_USERNAME_FORM_FIELD = "login"
AXES_LOCKOUT_CALLABLE = "kobling.web.accounts.lockout.locked_out"
AXES_RESET_ON_SUCCESS = True
AXES_ENABLE_ACCESS_FAILURE_LOG = False
AXES_VERBOSE = False

CACHES = {"default": {"BACKEND": "django.core.cache.backends.db.DatabaseCache", "LOCATION": "web_cache"}}

# ---- files ----
STATIC_URL = "/static/"
WHITENOISE_USE_FINDERS = True
WHITENOISE_MAX_AGE = 3600
