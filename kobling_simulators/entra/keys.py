"""The signing key of a simulated sign-in service, the same for every process that knows the seed."""

from __future__ import annotations

import base64
import hashlib
import random
from functools import cache
from math import gcd, prod

from cryptography.hazmat.primitives.asymmetric.rsa import (
    RSAPrivateKey,
    RSAPrivateNumbers,
    RSAPublicNumbers,
    rsa_crt_dmp1,
    rsa_crt_dmq1,
    rsa_crt_iqmp,
)

_EXPONENT = 65_537
_HALF = 1_024
_SMALL = 5_000


@cache
def signing_key(seed: int) -> RSAPrivateKey:
    """An RSA key of 2,048 bits; equal seeds give equal keys, so that who verifies needs no call to who signs."""
    source = random.Random(f"entra key {seed}")
    p, q = _prime(source), _prime(source)
    while p == q:
        q = _prime(source)
    d = pow(_EXPONENT, -1, (p - 1) * (q - 1))
    public = RSAPublicNumbers(_EXPONENT, p * q)
    numbers = RSAPrivateNumbers(p, q, d, rsa_crt_dmp1(d, p), rsa_crt_dmq1(d, q), rsa_crt_iqmp(p, q), public)
    return numbers.private_key()


def key_id(seed: int) -> str:
    """The `kid` of the key."""
    return encode(hashlib.sha1(_number(signing_key(seed).public_key().public_numbers().n)).digest())


def public_jwk(seed: int) -> dict[str, object]:
    """The key as the discovery page shows it."""
    numbers = signing_key(seed).public_key().public_numbers()
    name = key_id(seed)
    return {
        "kty": "RSA",
        "use": "sig",
        "alg": "RS256",
        "kid": name,
        "x5t": name,
        "n": encode(_number(numbers.n)),
        "e": encode(_number(numbers.e)),
    }


def encode(data: bytes) -> str:
    """base64url without padding."""
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def decode(text: str) -> bytes:
    """Undo `encode`. Raises ValueError."""
    return base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)


def _number(value: int) -> bytes:
    return value.to_bytes((value.bit_length() + 7) // 8, "big")


@cache
def _small_primes() -> int:
    return prod(
        number for number in range(3, _SMALL, 2) if all(number % by for by in range(3, int(number**0.5) + 1, 2))
    )


def _prime(source: random.Random) -> int:
    """A number that passes two Fermat tests: as prime as a key that guards nothing has to be."""
    while True:
        candidate = source.getrandbits(_HALF) | (3 << (_HALF - 2)) | 1
        if gcd(candidate, _small_primes()) != 1 or gcd(candidate - 1, _EXPONENT) != 1:
            continue
        if pow(2, candidate - 1, candidate) == 1 and pow(3, candidate - 1, candidate) == 1:
            return candidate
