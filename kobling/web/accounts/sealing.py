"""Secrets that signing in shares with a person's phone, encrypted at rest with a key made from the web key.

Not with the keys of the vault: these are rotated over connections, which pages' own tables know nothing of.
"""

from __future__ import annotations

from base64 import urlsafe_b64encode
from functools import cache

from cryptography.fernet import Fernet
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.conf import settings


def sealed(text: str) -> str:
    """The text, so that the database alone gives nothing away."""
    return _box(str(settings.SECRET_KEY)).encrypt(text.encode()).decode("ascii")


def opened(text: str) -> str:
    """The other way round. Raises cryptography.fernet.InvalidToken where the web key is another one."""
    return _box(str(settings.SECRET_KEY)).decrypt(text.encode("ascii")).decode()


@cache
def _box(key: str) -> Fernet:
    derived = HKDF(algorithm=SHA256(), length=32, salt=None, info=b"kobling: second factors").derive(key.encode())
    return Fernet(urlsafe_b64encode(derived))
