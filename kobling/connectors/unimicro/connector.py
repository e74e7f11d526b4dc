"""Unimicro as the hub knows it: settings, sign-in, resources, health.

Fidelity: known unimicro §1 – issuer and API of one environment belong together; the token names the API's address
Fidelity: assumed unimicro §6 – no limit is published: 4 requests at once
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from urllib.parse import urlsplit

from kobling.connectors.unimicro.entities import ENTITIES, Entities
from kobling.connectors.unimicro.faults import ERRORS, TITLE
from kobling.connectors.unimicro.invoices import Invoices
from kobling.connectors.unimicro.service import Service
from kobling.connectors.unimicro.sign_in import HOSTS, SETTINGS, UnimicroSignIn, claims_of, token_holder
from kobling.records import N_, NotThere, SettingsError
from kobling.sdk.auth import TokenHolder
from kobling.sdk.context import ConnectorContext
from kobling.sdk.http import Api
from kobling.sdk.probe import asked
from kobling.sdk.protocols import ConnectorType, Finding, Health, Resource, Setting
from kobling.sdk.redaction import Redactor

_BASE_URL = "https://app.unimicro.no"
_CONCURRENCY = 4


class Unimicro:
    """One company, signed in."""

    def __init__(self, api: Api, holder: TokenHolder, settings: Mapping[str, str], seed: str) -> None:
        self._holder = holder
        self._api = api
        self._wanted = settings.get("company", "").strip()
        self.service = service = Service(api, settings.get("company_key", ""), seed)
        offered: list[Resource] = [Entities(service, each, concurrency=_CONCURRENCY) for each in ENTITIES]
        offered.append(Invoices(service, concurrency=_CONCURRENCY))
        self.resources: Mapping[str, Resource] = {each.name: each for each in offered}

    async def check(self) -> Health:
        """Sign in and find the company. Raises SettingsError listing those there are, or naming the right address."""
        await self._check_address()
        reached = await self.service.companies()
        wanted = self._wanted.casefold()
        for key, name in reached.items():
            if (not wanted and len(reached) == 1) or (wanted and wanted in (key.casefold(), name.casefold())):
                self.service.company_key = key
                await self.service.rows("customers", select="ID", top="1")
                return Health(name, "Softrig API", settings={"company_key": key}, identity=key)
        names = ", ".join(reached.values())
        raise SettingsError(
            N_("There is no company “%(name)s”. There are: %(names)s."),
            field="company",
            code="no_company",
            name=self._wanted or "–",
            names=names or "–",
        )

    async def _check_address(self) -> None:
        """A sign-in of the test environment opens nothing in production, and the other way round."""
        header = (await self._holder.headers()).get("Authorization", "")
        meant = str(claims_of(header.removeprefix("Bearer ")).get("AppFramework") or "")
        if meant and urlsplit(meant).netloc != urlsplit(self._api.base_url).netloc:
            raise SettingsError(
                N_("This sign-in is for %(address)s. Enter that as the address of the API."),
                field="base_url",
                code="other_environment",
                address=meant,
            )

    async def probe(self) -> AsyncIterator[Finding]:
        """Read-only questions: whether every entity is there with its fields."""
        for name, resource in self.resources.items():
            yield await asked(name, lambda resource=resource: _read(resource))  # type: ignore[misc]

    async def document(self, resource: str, external_id: str) -> bytes:
        """Raises NotThere: Unimicro's files are not fetched."""
        raise NotThere(N_("There is no document for this record in Unimicro."), detail=resource)


async def _read(resource: Resource) -> Finding:
    page = await resource.read(None)
    return Finding(resource.name, f"{len(page.records)} in the first page", "a bare array", True)


def _open(settings: Mapping[str, str], context: ConnectorContext) -> Unimicro:
    secrets = ("client_secret", "certificate", "certificate_password")
    redact = Redactor([settings.get(name, "") for name in secrets])
    holder = token_holder(settings, context, redact)
    api = context.api(
        settings.get("base_url") or _BASE_URL,
        vendor=TITLE,
        hosts=HOSTS,
        concurrency=_CONCURRENCY,
        errors=ERRORS,
        redact=redact,
        auth=holder,
        rate_pause=5.0,
    )
    return Unimicro(api, holder, settings, context.seed)


CONNECTOR = ConnectorType(
    name="unimicro",
    title=TITLE,
    settings=(
        *SETTINGS,
        Setting("company", N_("Company"), N_("Its name or key, where the sign-in reaches several."), required=False),
        Setting("base_url", N_("Address of the API"), required=False, default=_BASE_URL),
    ),
    hosts=HOSTS,
    open=_open,
    concurrency=_CONCURRENCY,
    sign_in=UnimicroSignIn(),
)
