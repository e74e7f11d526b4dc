"""Django's settings, all from the environment. ``KOBLING_DATA`` is the one folder that holds everything."""

from __future__ import annotations

import os
from pathlib import Path

from kobling.storage import database_settings, first_start_key

DATA_DIR = Path(os.environ.get("KOBLING_DATA", "data")).absolute()
"""Database, key file and files; the only folder to back up (together with the key inside it)."""

DATABASE_URL = os.environ.get("KOBLING_DATABASE_URL", "")
DATABASES = {"default": database_settings(DATABASE_URL, DATA_DIR)}
SECRET_KEY = first_start_key(DATA_DIR, "web.key")
INSTALLED_APPS = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "kobling.access",
    "kobling.hub",
]
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
USE_TZ = True
TIME_ZONE = "UTC"
USE_I18N = True
LANGUAGE_CODE = os.environ.get("KOBLING_LANGUAGE", "en")
LANGUAGES = [("en", "English"), ("da", "dansk"), ("sv", "svenska"), ("nb", "norsk bokmål")]
LOCALE_PATHS = [str(Path(__file__).parent / "locale")]
AUTH_USER_MODEL = "access.Person"
LOGGING_CONFIG = None
