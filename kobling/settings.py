"""Django's settings, all from the environment. ``KOBLING_DATA`` is the one folder that holds everything."""

from __future__ import annotations

import os
from pathlib import Path

from django.utils.functional import SimpleLazyObject

from kobling import storage

HOME = storage.Home.of(os.environ)
DATA_DIR = HOME.folder
"""Database, key file and files; the only folder to back up (together with the key inside it)."""

storage.keep_private()
DATABASE_URL = os.environ.get("KOBLING_DATABASE_URL", "")
DATABASES = {"default": storage.database_settings(DATABASE_URL, DATA_DIR)}
SECRET_KEY = SimpleLazyObject(lambda: storage.web_key(DATA_DIR))
INSTALLED_APPS = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "kobling.access",
    "kobling.hub",
    "kobling.portal",
    "kobling.mail",
    "kobling.jobs",
]
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
USE_TZ = True
TIME_ZONE = "UTC"
USE_I18N = True
LANGUAGE_CODE = os.environ.get("KOBLING_LANGUAGE", "en")
LANGUAGES = [("en", "English"), ("da", "Dansk"), ("sv", "Svenska"), ("nb", "Norsk bokmål")]
LOCALE_PATHS = [str(Path(__file__).parent / "locale")]
AUTH_USER_MODEL = "access.Person"
LOGGING_CONFIG = None
PUBLIC_URL = os.environ.get("KOBLING_URL", "").rstrip("/")
"""The address people use (``https://kobling.example``), for cookies and for links in mails; without it, this machine
alone."""

# ---- mail ----
EMAIL_BACKEND = "kobling.mail.backend.IntoTheOutbox"
EMAIL_HOST = os.environ.get("KOBLING_MAIL_HOST", "")
EMAIL_PORT = int(os.environ.get("KOBLING_MAIL_PORT", "587"))
EMAIL_HOST_USER = os.environ.get("KOBLING_MAIL_USER", "")
EMAIL_HOST_PASSWORD = os.environ.get("KOBLING_MAIL_PASSWORD", "")
EMAIL_USE_TLS = os.environ.get("KOBLING_MAIL_TLS", "1") == "1"
EMAIL_TIMEOUT = 30
DEFAULT_FROM_EMAIL = os.environ.get("KOBLING_MAIL_FROM", "Kobling <kobling@localhost>")
MAIL_FOLDER = os.environ.get("KOBLING_MAIL_FOLDER", "")
"""Mail is put into this folder instead of being sent: to try things out."""
