"""Signing in to Unimicro: as an application with a certificate, or as a person who picks a company.

Fidelity: known unimicro §2 – client_credentials with an RS256 client assertion, or code with secret and PKCE; a refresh
token only with offline_access and when the client owns it; the token's AppFramework claim names the API's address
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any
from uuid import uuid4

import msgspec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.hazmat.primitives.serialization.pkcs12 import load_pkcs12
from joserfc import jwt
from joserfc.jwk import RSAKey

from kobling.connectors.unimicro.faults import TITLE
from kobling.records import N_, SettingsError, SignInExpired, Unreachable
from kobling.sdk.auth import Grant, OAuthClient, TokenHolder, start_sign_in
from kobling.sdk.context import ConnectorContext, GrantData
from kobling.sdk.hosts import checked_base_url
from kobling.sdk.protocols import Setting, SignInStart
from kobling.sdk.redaction import Redactor

CERTIFICATE, PERSON = "certificate", "person"
HOSTS = ("*.unimicro.no", "*.unieconomy.no", "*.softrig.com")
IDENTITY = "https://login.unimicro.no"
_SCOPE = "AppFramework"
_PERSON_SCOPE = "openid profile offline_access AppFramework"
_ASSERTION = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
_LIFE = timedelta(minutes=2)

SETTINGS = (
    Setting(
        "sign_in",
        N_("Sign-in"),
        N_("“person” sends you to Unimicro's sign-in page; “certificate” is for an application without a user."),
        default=PERSON,
        choices=(PERSON, CERTIFICATE),
    ),
    Setting("client_id", N_("Client id"), N_("The id of the application, from Unimicro's developer portal.")),
    Setting("client_secret", N_("Client secret"), secret=True, required=False),
    Setting("certificate", N_("Certificate"), N_("The PKCS#12 file of the application, as base64."), True, False),
    Setting("certificate_password", N_("Password of the certificate"), secret=True, required=False),
    Setting("identity_url", N_("Address of the sign-in"), required=False, default=IDENTITY),
)


def filled(settings: Mapping[str, str], name: str) -> str:
    """A setting that must be filled in. Raises SettingsError naming it."""
    value = settings.get(name, "").strip()
    if not value:
        raise SettingsError(N_("Fill in %(setting)s for Unimicro."), field=name, setting=name, code="missing")
    return value


def identity(settings: Mapping[str, str], context: ConnectorContext) -> str:
    """The address of the sign-in service. Raises SettingsError for one that we may not talk to."""
    address = (settings.get("identity_url") or IDENTITY).strip().rstrip("/")
    return checked_base_url(address, vendor=TITLE, hosts=HOSTS, allow_hosts=context.allow_hosts, setting="identity_url")


async def their_time(settings: Mapping[str, str], context: ConnectorContext) -> datetime:
    """What time it is at the sign-in service: a statement that is good for two minutes must not hang on our clock."""
    url = f"{identity(settings, context)}/.well-known/openid-configuration"
    try:
        answer = await context.transport.send("GET", url, None, {}, vendor=TITLE)
        return parsedate_to_datetime(answer.headers.get("Date", "")).astimezone(UTC)
    except (Unreachable, ValueError, TypeError):
        return context.clock.now()


def assertion(settings: Mapping[str, str], token_url: str, now: datetime) -> str:
    """A signed statement of who the application is, good for two minutes and once. Raises SettingsError."""
    password = settings.get("certificate_password", "").encode() or None
    try:
        held = load_pkcs12(base64.b64decode(filled(settings, "certificate"), validate=True), password)
        if held.key is None:
            raise ValueError("no private key")
        key = RSAKey.import_key(held.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    except (ValueError, binascii.Error):
        raise SettingsError(
            N_("The certificate cannot be opened with that password."), field="certificate", code="certificate"
        ) from None
    client = filled(settings, "client_id")
    claims: dict[str, Any] = {"iss": client, "sub": client, "aud": token_url, "jti": str(uuid4())}
    claims |= {"iat": int(now.timestamp()), "nbf": int(now.timestamp()), "exp": int((now + _LIFE).timestamp())}
    return jwt.encode({"alg": "RS256", "typ": "JWT"}, claims, key)


class UnimicroSignIn:
    """Authorization code with secret and PKCE."""

    def needed(self, settings: Mapping[str, str]) -> bool:
        """Only when a person signs in."""
        return (settings.get("sign_in") or PERSON) == PERSON

    def start(self, settings: Mapping[str, str], redirect_uri: str) -> SignInStart:
        """Where to send the person."""
        url = f"{(settings.get('identity_url') or IDENTITY).strip().rstrip('/')}/connect/authorize"
        client = filled(settings, "client_id")
        return start_sign_in(url, client_id=client, redirect_uri=redirect_uri, scope=_PERSON_SCOPE)

    async def finish(
        self, settings: Mapping[str, str], context: Any, code: str, verifier: str, redirect_uri: str
    ) -> GrantData:
        """The grant to store. Raises SettingsError when no refresh token came, since it would end within the hour."""
        client = _client(settings, context, Redactor([code, verifier]))
        grant = await client.exchange(code, verifier, redirect_uri)
        if not grant.refresh_token:
            raise SettingsError(
                N_("Unimicro gave no lasting sign-in: the application must own the scope offline_access."),
                field="client_id",
                code="no_offline_access",
            )
        return grant.data()


def token_holder(settings: Mapping[str, str], context: ConnectorContext, redact: Redactor) -> TokenHolder:
    """What keeps the token fresh."""
    client = _client(settings, context, redact)
    token_url = f"{identity(settings, context)}/connect/token"

    async def obtain(grant: Grant | None) -> Grant:
        if settings.get("sign_in") == CERTIFICATE:
            signed = assertion(settings, token_url, await their_time(settings, context))
            redact.hide(signed)
            more = {"client_id": filled(settings, "client_id"), "client_assertion_type": _ASSERTION}
            return await client.client_credentials(_SCOPE, **more, client_assertion=signed)
        if grant is None or not grant.refresh_token:
            raise SignInExpired(N_("Sign in to Unimicro."), code="no_grant")
        return await client.refresh(grant.refresh_token)

    return TokenHolder(obtain, clock=context.clock, redact=redact, load=context.load_grant, save=context.save_grant)


def _client(settings: Mapping[str, str], context: ConnectorContext, redact: Redactor) -> OAuthClient:
    secret = "" if settings.get("sign_in") == CERTIFICATE else settings.get("client_secret", "").strip()
    return OAuthClient(
        context.transport,
        f"{identity(settings, context)}/connect/token",
        vendor=TITLE,
        client_id=filled(settings, "client_id"),
        client_secret=secret,
        redact=redact,
        in_form=True,
    )


def claims_of(token: str) -> Mapping[str, Any]:
    """What an access token says, unverified: only to see which address it is for; empty for one that is no JWT."""
    parts = token.split(".")
    try:
        told = msgspec.json.decode(base64.urlsafe_b64decode(parts[1] + "=" * (-len(parts[1]) % 4)))
    except (IndexError, ValueError, binascii.Error, msgspec.DecodeError):
        return {}
    return told if isinstance(told, dict) else {}
