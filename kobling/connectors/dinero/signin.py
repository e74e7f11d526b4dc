"""Signing in to Dinero: a personal key for one's own company, or Visma Connect for a product with many customers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from kobling.records import N_, SettingsError, SignInExpired
from kobling.sdk.auth import Grant, OAuthClient, TokenHolder, start_sign_in
from kobling.sdk.context import ConnectorContext, GrantData
from kobling.sdk.hosts import checked_base_url
from kobling.sdk.protocols import SignInStart
from kobling.sdk.redaction import Redactor

TITLE = "Dinero"
PERSONAL, VISMA = "personal", "visma_connect"
HOSTS = ("api.dinero.dk", "authz.dinero.dk", "connect.visma.com")
TOKEN_URLS = {
    PERSONAL: "https://authz.dinero.dk/dineroapi/oauth/token",
    VISMA: "https://connect.visma.com/connect/token",
}
_AUTHORIZE_URL = "https://connect.visma.com/connect/authorize"
_SCOPE = "dineropublicapi:read dineropublicapi:write offline_access"


def way(settings: Mapping[str, str]) -> str:
    """Which sign-in the settings choose. Raises SettingsError."""
    chosen = settings.get("sign_in") or PERSONAL
    if chosen not in TOKEN_URLS:
        raise SettingsError(N_("Choose how to sign in to Dinero."), field="sign_in", code="missing")
    return chosen


def required(settings: Mapping[str, str], name: str) -> str:
    """A setting that must be filled in. Raises SettingsError naming it."""
    value = settings.get(name, "").strip()
    if not value:
        raise SettingsError(N_("Fill in %(setting)s for Dinero."), field=name, setting=name, code="missing")
    return value


def token_holder(settings: Mapping[str, str], context: ConnectorContext, redact: Redactor) -> TokenHolder:
    """What keeps the token fresh.

    Fidelity: known dinero §1 – personal: a password grant whose user name and password are both the API key
    Fidelity: known dinero §1 – no refresh token there: a token of about an hour is fetched again
    """
    client = _client(settings, context, redact)
    if way(settings) == VISMA:

        async def obtain(grant: Grant | None) -> Grant:
            if grant is None or not grant.refresh_token:
                raise SignInExpired(N_("Sign in to Dinero with Visma Connect."), code="no_grant")
            return await client.refresh(grant.refresh_token)
    else:
        api_key = required(settings, "api_key")

        async def obtain(grant: Grant | None) -> Grant:
            return await client.password(api_key, api_key, "read write")

    return TokenHolder(obtain, clock=context.clock, redact=redact, load=context.load_grant, save=context.save_grant)


class VismaConnect:
    """Authorization code with PKCE at Visma Connect.

    Fidelity: known dinero §1 – scopes, endpoints; the refresh token comes through offline_access
    """

    def needed(self, settings: Mapping[str, str]) -> bool:
        """Only for the Visma Connect way."""
        return way(settings) == VISMA

    def start(self, settings: Mapping[str, str], redirect_uri: str) -> SignInStart:
        """Where to send the person."""
        url = settings.get("authorize_url") or _AUTHORIZE_URL
        return start_sign_in(url, client_id=required(settings, "client_id"), redirect_uri=redirect_uri, scope=_SCOPE)

    async def finish(
        self, settings: Mapping[str, str], context: Any, code: str, verifier: str, redirect_uri: str
    ) -> GrantData:
        """The grant to store."""
        client = _client(settings, context, Redactor([code, verifier]))
        return (await client.exchange(code, verifier, redirect_uri)).data()


def _client(settings: Mapping[str, str], context: ConnectorContext, redact: Redactor) -> OAuthClient:
    url = settings.get("token_url") or TOKEN_URLS[way(settings)]
    return OAuthClient(
        context.transport,
        checked_base_url(url, vendor=TITLE, hosts=HOSTS, allow_hosts=context.allow_hosts, setting="token_url"),
        vendor=TITLE,
        client_id=required(settings, "client_id"),
        client_secret=required(settings, "client_secret"),
        redact=redact,
    )
