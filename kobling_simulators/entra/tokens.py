"""Access tokens: signed by the sign-in service, verified by the resources without a call."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal
from uuid import UUID

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.hashes import SHA256

from kobling_simulators.entra.keys import decode, encode, key_id, signing_key
from kobling_simulators.wire import from_json, to_json

Kind = Literal["user", "app"]


class TokenProblem(Exception):
    """The token is none, was not signed here, is for someone else, or is over; the message says which."""


@dataclass(frozen=True, slots=True)
class Claims:
    """What a verified token says: for which resource and tenant, who calls through which app, and until when."""

    audience: str
    tenant: str
    kind: Kind
    app_id: str
    object_id: str
    name: str
    scopes: frozenset[str]
    issued: int
    expires: int
    token_id: str


def issue(
    seed: int,
    *,
    audience: str,
    tenant: str,
    kind: Kind,
    app_id: str,
    object_id: str,
    name: str,
    now: float,
    life: int,
    token_id: str,
    scopes: frozenset[str] = frozenset(),
) -> str:
    """A signed token (a JWT) of the service with this seed.

    Fidelity: inferred dataverse §2 – one token per resource: `aud` is the resource's URL as it stood in the scope
    Fidelity: assumed dataverse §2 – version 1 claims: appid, oid, tid, upn, scp; an app's token says idtyp app
    """
    begin = int(now)
    claims: dict[str, object] = {
        "aud": audience,
        "iss": f"https://sts.windows.net/{tenant}/",
        "iat": begin,
        "nbf": begin,
        "exp": begin + life,
        "appid": app_id,
        "oid": object_id,
        "sub": object_id,
        "tid": tenant,
        "uti": token_id,
        "ver": "1.0",
    }
    if kind == "app":
        claims |= {"idtyp": "app", "roles": sorted(scopes)}
    else:
        claims |= {"upn": name, "unique_name": name, "scp": " ".join(sorted(scopes))}
    return sign(seed, claims)


def sign(seed: int, claims: Mapping[str, object]) -> str:
    """A JWT of any claims, RS256."""
    header = {"typ": "JWT", "alg": "RS256", "kid": key_id(seed)}
    text = f"{encode(to_json(header))}.{encode(to_json(claims))}"
    return f"{text}.{encode(signing_key(seed).sign(text.encode(), PKCS1v15(), SHA256()))}"


def verify(token: str, audience: str, now: float, *, seed: int, tenant: str = "") -> Claims:
    """The claims of a token in force now for this audience and, when given, this tenant. Raises TokenProblem."""
    claims = read(token, seed)
    if _plain(claims.audience) != _plain(audience):
        raise TokenProblem(f"the audience is {claims.audience}, not {audience}")
    if tenant and claims.tenant != tenant:
        raise TokenProblem("the token is of another tenant")
    if now < claims.issued - 300:
        raise TokenProblem("the token is not valid yet")
    if now >= claims.expires:
        raise TokenProblem("the token has expired")
    return claims


def read(token: str, seed: int) -> Claims:
    """The claims of a token whose signature is right, in force or not. Raises TokenProblem."""
    try:
        header, body, signature = token.split(".")
        if from_json(decode(header)).get("alg") != "RS256":
            raise TokenProblem("the token is not signed with RS256")
        key = signing_key(seed).public_key()
        key.verify(decode(signature), f"{header}.{body}".encode(), PKCS1v15(), SHA256())
        return _claims(from_json(decode(body)))
    except InvalidSignature:
        raise TokenProblem("the signature is wrong") from None
    except (ValueError, AttributeError, KeyError, TypeError):
        raise TokenProblem("the token cannot be read") from None


def _claims(found: Mapping[str, Any]) -> Claims:
    app = found.get("idtyp") == "app"
    return Claims(
        audience=found["aud"],
        tenant=str(UUID(found["tid"])),
        kind="app" if app else "user",
        app_id=found["appid"],
        object_id=found["oid"],
        name="" if app else found["upn"],
        scopes=frozenset(found["roles"] if app else found["scp"].split()),
        issued=found["iat"],
        expires=found["exp"],
        token_id=found["uti"],
    )


def _plain(url: str) -> str:
    """A resource is the same whether a proxy before it speaks TLS or not."""
    return url.rstrip("/").lower().replace("http://", "https://", 1)
