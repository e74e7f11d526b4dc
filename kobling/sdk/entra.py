"""Signing in with Microsoft Entra, which several systems share: as an app of its own, or as a person (code + PKCE).

Fidelity: known dataverse §2, business_central §2 – token endpoint, scopes, flows
Fidelity: assumed – the client's secret travels in the form (client_secret_post), as Microsoft's own pages show it
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from kobling.records import N_, SettingsError, SignInExpired
from kobling.sdk.auth import Grant, OAuthClient, TokenHolder, start_sign_in
from kobling.sdk.context import ConnectorContext, GrantData
from kobling.sdk.hosts import checked_base_url
from kobling.sdk.protocols import Setting, SignInStart
from kobling.sdk.redaction import Redactor

TITLE = "Microsoft Entra"
APP, PERSON = "app", "person"
HOSTS = ("login.microsoftonline.com",)
_AUTHORITY = "https://login.microsoftonline.com"


def settings(*, tenant_required: bool = True) -> tuple[Setting, ...]:
    """What a person enters to sign in."""
    tenant_help = N_("The directory's id or its domain, e.g. firma.onmicrosoft.com.")
    return (
        Setting(
            "sign_in",
            N_("Sign-in"),
            N_("“app” works by itself with a secret; “person” sends you to Microsoft's sign-in page."),
            default=APP,
            choices=(APP, PERSON),
        ),
        Setting("tenant", N_("Tenant"), tenant_help, required=tenant_required),
        Setting("client_id", N_("Client id"), N_("The application id of the app registration in Microsoft Entra.")),
        Setting("client_secret", N_("Client secret"), secret=True, required=False),
        Setting("authority", N_("Address of the sign-in"), required=False, default=_AUTHORITY),
    )


def filled(settings: Mapping[str, str], name: str, title: str) -> str:
    """A setting that must be filled in. Raises SettingsError naming it."""
    value = settings.get(name, "").strip()
    if not value:
        raise SettingsError(N_("Fill in %(setting)s."), field=name, setting=name, code="missing", vendor=title)
    return value


@dataclass(frozen=True, slots=True)
class EntraSignIn:
    """Signing in for one system. ``app_scope`` and ``person_scope`` make its scopes from the settings."""

    title: str
    app_scope: Callable[[Mapping[str, str]], str]
    person_scope: Callable[[Mapping[str, str]], str]

    def needed(self, settings: Mapping[str, str]) -> bool:
        """Only when a person signs in."""
        return settings.get("sign_in") == PERSON

    def start(self, settings: Mapping[str, str], redirect_uri: str) -> SignInStart:
        """Where to send the person."""
        url = f"{_authority(settings)}/{self._tenant(settings)}/oauth2/v2.0/authorize"
        client_id = filled(settings, "client_id", self.title)
        scope = f"{self.person_scope(settings)} offline_access"
        return start_sign_in(url, client_id=client_id, redirect_uri=redirect_uri, scope=scope, response_mode="query")

    async def finish(
        self, settings: Mapping[str, str], context: Any, code: str, verifier: str, redirect_uri: str
    ) -> GrantData:
        """The grant to store."""
        client = self._client(settings, context, Redactor([code, verifier]))
        return (await client.exchange(code, verifier, redirect_uri)).data()

    def token_holder(self, settings: Mapping[str, str], context: ConnectorContext, redact: Redactor) -> TokenHolder:
        """What keeps the token fresh."""
        client = self._client(settings, context, redact)

        async def obtain(grant: Grant | None) -> Grant:
            if settings.get("sign_in") != PERSON:
                return await client.client_credentials(self.app_scope(settings))
            if grant is None or not grant.refresh_token:
                raise SignInExpired(N_("Sign in to %(vendor)s with Microsoft."), vendor=self.title, code="no_grant")
            return await client.refresh(grant.refresh_token, scope=f"{self.person_scope(settings)} offline_access")

        return TokenHolder(obtain, clock=context.clock, redact=redact, load=context.load_grant, save=context.save_grant)

    def _tenant(self, settings: Mapping[str, str]) -> str:
        """A person may sign in without saying where they belong; an app may not."""
        if settings.get("sign_in") == PERSON and not settings.get("tenant", "").strip():
            return "organizations"
        return filled(settings, "tenant", self.title)

    def _client(self, settings: Mapping[str, str], context: ConnectorContext, redact: Redactor) -> OAuthClient:
        person = settings.get("sign_in") == PERSON
        secret = settings.get("client_secret", "").strip() if person else filled(settings, "client_secret", self.title)
        address = checked_base_url(
            _authority(settings), vendor=TITLE, hosts=HOSTS, allow_hosts=context.allow_hosts, setting="authority"
        )
        return OAuthClient(
            context.transport,
            f"{address}/{self._tenant(settings)}/oauth2/v2.0/token",
            vendor=TITLE,
            client_id=filled(settings, "client_id", self.title),
            client_secret=secret,
            redact=redact,
            in_form=True,
        )


def _authority(settings: Mapping[str, str]) -> str:
    return (settings.get("authority") or _AUTHORITY).strip().rstrip("/")
