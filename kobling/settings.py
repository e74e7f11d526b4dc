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
