"""Pleo as the hub knows it: settings, sign-in, resources, health.

Fidelity: known pleo §1 – OAuth code + PKCE with Basic client authentication; an API key as the user name of Basic
Fidelity: assumed pleo §2 – no limit is published: 5 requests a second
"""

from __future__ import annotations

import base64
from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Any

from kobling.connectors.pleo import figures
from kobling.connectors.pleo.catalogue import KINDS, TAGS, VENDORS, Catalogue, Tags, Vendors
from kobling.connectors.pleo.expenses import NO_CENTS, Expenses
from kobling.connectors.pleo.faults import ERRORS
from kobling.connectors.pleo.service import Service
from kobling.records import N_, NotThere, SettingsError, SignInExpired
from kobling.sdk.auth import Grant, OAuthClient, TokenHolder, start_sign_in
from kobling.sdk.context import ConnectorContext, GrantData
from kobling.sdk.figures import Figure
from kobling.sdk.hosts import checked_base_url
from kobling.sdk.http import Api, Auth
from kobling.sdk.probe import asked
from kobling.sdk.protocols import ConnectorType, Finding, Health, Resource, Setting, SignInStart
from kobling.sdk.redaction import Redactor

TITLE = "Pleo"
KEY, PERSON = "key", "person"
HOSTS = ("*.pleo.io",)
_BASE_URL, _AUTH_URL = "https://external.pleo.io", "https://auth.pleo.io/oauth"
_CONCURRENCY = 4
_BUDGET, _WINDOW = 5, 1.0
SCOPES = (
    "companies:read employees:read export-items:read export-jobs:read export-jobs:write chart-of-accounts:read "
    "chart-of-accounts:write tag-groups:read tag-groups:write tax-codes:read tax-codes:write vendors:read "
    "vendors:write accounting-entries:read"
)
WHOLE = "whole"
_OPEN_API_URL = "https://openapi.pleo.io/v1"


class Pleo:
    """One company, signed in."""

    def __init__(self, api: Api, settings: Mapping[str, str], context: ConnectorContext) -> None:
        self._api = api
        self._wanted = settings.get("company", "").strip()
        self._old = (settings.get("open_api_url") or _OPEN_API_URL, settings.get("open_api_token", ""))
        self._hosts = context.allow_hosts
        self._clock = context.clock
        self._whole = NO_CENTS if settings.get("zero_decimals") == WHOLE else frozenset[str]()
        self.service = service = Service(api, settings.get("company_id", ""))
        offered: list[Resource] = [Catalogue(service, kind, concurrency=_CONCURRENCY) for kind in KINDS]
        offered += [
            Tags(service, TAGS, concurrency=_CONCURRENCY),
            Vendors(service, VENDORS, concurrency=_CONCURRENCY),
            Expenses(
                service,
                whole=settings.get("zero_decimals") == WHOLE,
                allow_hosts=context.allow_hosts,
                hosts=(*HOSTS, "*.amazonaws.com"),
            ),
        ]
        self.resources: Mapping[str, Resource] = {each.name: each for each in offered}

    async def check(self) -> Health:
        """Name the company. Raises SettingsError listing those that the sign-in reaches."""
        reached = [row async for row in self.service.all("/v1/companies")]
        wanted = self._wanted.casefold()
        for row in reached:
            if (not wanted and len(reached) == 1) or wanted in (str(row["id"]), str(row.get("name") or "").casefold()):
                self.service.company = str(row["id"])
                company = self.service.company
                return Health(str(row.get("name") or ""), "API", settings={"company_id": company}, identity=company)
        raise SettingsError(
            N_("The sign-in does not open that company. It opens: %(names)s."),
            field="company",
            code="wrong_company",
            names=", ".join(str(row.get("name")) for row in reached) or "–",
        )

    async def figures(self) -> Sequence[Figure]:
        """Missing receipts, what waits to be exported, and the wallet where a token of the old API was given."""
        found = await figures.of_entries(self.service, whole=self._whole, today=self._clock.now().date())
        url, token = self._old
        if token:
            address = checked_base_url(url, vendor=TITLE, hosts=HOSTS, allow_hosts=self._hosts, setting="open_api_url")
            found.append(await figures.of_wallet(self.service, address, token))
        return found

    async def probe(self) -> AsyncIterator[Finding]:
        """Read-only questions: what the credential may do, and whether every list has its envelope."""
        yield await asked("sign-in", self._who)
        for name, resource in self.resources.items():
            yield await asked(name, lambda resource=resource: _listed(resource))  # type: ignore[misc]

    async def _who(self) -> Finding:
        told = await self.service.one("/v1/introspect")
        missing = sorted(set(SCOPES.split()) - set(str(told.get("scope") or "").split()))
        said = f"{told.get('authMethod')}; missing {', '.join(missing) or 'none'}"
        return Finding("sign-in", said, "scope names are partly assumed", None if missing else True)

    async def document(self, resource: str, external_id: str) -> bytes:
        """Raises NotThere: receipts travel with their expense."""
        raise NotThere(N_("There is no document for this record in Pleo."), detail=resource)


async def _listed(resource: Resource) -> Finding:
    page = await resource.read(None)
    return Finding(resource.name, f"{len(page.records)} in the first page", "an envelope with pagination", True)


class KeyAuth:
    """An API key as the user name of HTTP Basic, with an empty password."""

    def __init__(self, key: str, redact: Redactor) -> None:
        pair = base64.b64encode(f"{key}:".encode()).decode()
        redact.hide(pair)
        self._headers = {"Authorization": f"Basic {pair}"}

    async def headers(self) -> Mapping[str, str]:
        """The header."""
        return self._headers

    async def rejected(self, used: Mapping[str, str]) -> None:
        """A key that is refused stays refused. Raises SignInExpired."""
        raise SignInExpired(N_("%(vendor)s no longer accepts the API key."), vendor=TITLE, code="key_refused")


class PleoSignIn:
    """Authorization code with PKCE."""

    def needed(self, settings: Mapping[str, str]) -> bool:
        """Only when a person signs in."""
        return settings.get("sign_in") == PERSON

    def start(self, settings: Mapping[str, str], redirect_uri: str) -> SignInStart:
        """Where to send the person."""
        url = f"{_auth_url(settings)}/authorize"
        scope = settings.get("scopes") or SCOPES
        return start_sign_in(url, client_id=_filled(settings, "client_id"), redirect_uri=redirect_uri, scope=scope)

    async def finish(
        self, settings: Mapping[str, str], context: Any, code: str, verifier: str, redirect_uri: str
    ) -> GrantData:
        """The grant to store."""
        client = _client(settings, context, Redactor([code, verifier]))
        return (await client.exchange(code, verifier, redirect_uri)).data()


def _auth_url(settings: Mapping[str, str]) -> str:
    return (settings.get("auth_url") or _AUTH_URL).strip().rstrip("/")


def _filled(settings: Mapping[str, str], name: str) -> str:
    value = settings.get(name, "").strip()
    if not value:
        raise SettingsError(N_("Fill in %(setting)s for Pleo."), field=name, setting=name, code="missing")
    return value


def _client(settings: Mapping[str, str], context: ConnectorContext, redact: Redactor) -> OAuthClient:
    address = checked_base_url(
        _auth_url(settings), vendor=TITLE, hosts=HOSTS, allow_hosts=context.allow_hosts, setting="auth_url"
    )
    return OAuthClient(
        context.transport,
        f"{address}/token",
        vendor=TITLE,
        client_id=_filled(settings, "client_id"),
        client_secret=_filled(settings, "client_secret"),
        redact=redact,
    )


def _auth(settings: Mapping[str, str], context: ConnectorContext, redact: Redactor) -> Auth:
    if settings.get("sign_in") != PERSON:
        return KeyAuth(_filled(settings, "api_key"), redact)
    client = _client(settings, context, redact)

    async def obtain(grant: Grant | None) -> Grant:
        if grant is None or not grant.refresh_token:
            raise SignInExpired(N_("Sign in to Pleo."), code="no_grant")
        return await client.refresh(grant.refresh_token)

    return TokenHolder(obtain, clock=context.clock, redact=redact, load=context.load_grant, save=context.save_grant)


def _open(settings: Mapping[str, str], context: ConnectorContext) -> Pleo:
    redact = Redactor([settings.get(name, "") for name in ("client_secret", "api_key", "open_api_token")])
    api = context.api(
        settings.get("base_url") or _BASE_URL,
        vendor=TITLE,
        hosts=HOSTS,
        concurrency=_CONCURRENCY,
        errors=ERRORS,
        redact=redact,
        auth=_auth(settings, context, redact),
        rate_pause=2.0,
    )
    return Pleo(api, settings, context)


CONNECTOR = ConnectorType(
    name="pleo",
    title=TITLE,
    settings=(
        Setting(
            "sign_in",
            N_("Sign-in"),
            N_("“key” uses an API key of your company; “person” sends you to Pleo's sign-in page."),
            default=KEY,
            choices=(KEY, PERSON),
        ),
        Setting("api_key", N_("API key"), N_("Made in Pleo under Settings, API keys."), secret=True, required=False),
        Setting("client_id", N_("Client id"), required=False),
        Setting("client_secret", N_("Client secret"), secret=True, required=False),
        Setting("company", N_("Company"), N_("Its name or id, where the sign-in reaches several."), required=False),
        Setting(
            "zero_decimals",
            N_("Currencies without hundredths"),
            N_("How Pleo counts e.g. ISK: “hundredths” like every other currency, or “whole”."),
            required=False,
            default="hundredths",
            choices=("hundredths", WHOLE),
        ),
        Setting(
            "open_api_token",
            N_("Token of the old API"),
            N_("Only for the wallet's balance: made in Pleo under Settings, Open API."),
            secret=True,
            required=False,
        ),
        Setting("open_api_url", N_("Address of the old API"), required=False, default=_OPEN_API_URL),
        Setting("scopes", N_("Rights to ask for"), N_("Only where Pleo names them differently."), required=False),
        Setting("base_url", N_("Address of the API"), required=False, default=_BASE_URL),
        Setting("auth_url", N_("Address of the sign-in"), required=False, default=_AUTH_URL),
    ),
    hosts=HOSTS,
    open=_open,
    budget=_BUDGET,
    budget_window=_WINDOW,
    concurrency=_CONCURRENCY,
    sign_in=PleoSignIn(),
    group=100,
)
