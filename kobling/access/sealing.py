"""Secrets that are no vendor's, encrypted at rest with keys made from the web key, one for each use.

Not with the keys of the vault: these are rotated over connections, which the rooms that seal here know nothing of.
"""

from __future__ import annotations

from base64 import urlsafe_b64encode
from enum import StrEnum
from functools import cache

from cryptography.fernet import Fernet
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.conf import settings


class Use(StrEnum):
    """What is sealed; what one use's key closed no other use's key opens."""

    SECOND_FACTORS = "second factors"
    MAIL = "mail"


def sealed(text: str, use: Use) -> str:
    """The text, so that the database alone gives nothing away."""
    return _box(str(settings.SECRET_KEY), use).encrypt(text.encode()).decode("ascii")


def opened(text: str, use: Use) -> str:
    """The other way round. Raises cryptography.fernet.InvalidToken where the web key is another one."""
    return _box(str(settings.SECRET_KEY), use).decrypt(text.encode("ascii")).decode()


@cache
def _box(key: str, use: Use) -> Fernet:
    derived = HKDF(algorithm=SHA256(), length=32, salt=None, info=f"kobling: {use.value}".encode()).derive(key.encode())
    return Fernet(urlsafe_b64encode(derived))
