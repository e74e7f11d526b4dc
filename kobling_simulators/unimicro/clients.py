"""Registered apps and their certificate."""

from __future__ import annotations

import base64
import random
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import BestAvailableEncryption, pkcs12
from cryptography.x509.oid import NameOID

from kobling_simulators.entra.keys import signing_key

_OURS, _THEIRS = 1_000_003, 2_000_003


def platform_key(seed: int) -> int:
    """The seed of the key that signs tokens."""
    return seed * 7 + _OURS


@cache
def client_key(seed: int) -> RSAPrivateKey:
    """The private key of the server application's certificate."""
    return signing_key(seed * 7 + _THEIRS)


@cache
def certificate(seed: int, client_id: str, password: str) -> str:
    """A PKCS#12 in base64; its key is that of the seed, its encryption new in every process."""
    key = client_key(seed)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, client_id)])
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(seed % 1_000_000 + 1)
        .not_valid_before(datetime(2020, 1, 1, tzinfo=UTC))
        .not_valid_after(datetime(2050, 1, 1, tzinfo=UTC))
        .sign(key, SHA256())
    )
    encryption = BestAvailableEncryption(password.encode())
    return base64.b64encode(pkcs12.serialize_key_and_certificates(b"kobling", key, made, None, encryption)).decode()


@dataclass(frozen=True, slots=True)
class Client:
    """A registered app: `kind` is web (secret), spa (PKCE) or server (certificate).

    Fidelity: known unimicro §2 – these three kinds of app and their flows
    """

    client_id: str
    kind: str
    secret: str = ""


@dataclass(frozen=True, slots=True)
class Directory:
    """Apps, and the one person."""

    seed: int
    web: Client
    spa: Client
    server: Client
    username: str
    password: str
    user_id: str
    certificate_password: str

    def find(self, client_id: str) -> Client | None:
        """An app by its id."""
        return next((each for each in (self.web, self.spa, self.server) if each.client_id == client_id), None)


def directory(seed: int, user_id: str) -> Directory:
    """The apps of a seed."""
    source = random.Random(f"unimicro clients {seed}")

    def text(bits: int) -> str:
        return f"{source.getrandbits(bits):0{bits // 4}x}"

    web = Client(f"kobling-web-{text(32)}", "web", text(160))
    spa, server = Client(f"kobling-spa-{text(32)}", "spa"), Client(f"kobling-server-{text(32)}", "server")
    return Directory(seed, web, spa, server, "regnskap@bemanning.example", text(48), user_id, text(64))
