"""Business Central as the hub knows it: settings, resources, health.

Fidelity: known business_central §8 – 6,000 requests in 5 minutes for each user, 5 carried out at a time
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Any

from kobling.connectors.business_central import custom, hosting
from kobling.connectors.business_central import probe as questions
from kobling.connectors.business_central.currencies import Currencies
from kobling.connectors.business_central.documents import Documents
from kobling.connectors.business_central.faults import ERRORS
from kobling.connectors.business_central.hosting import HOSTS, TITLE
from kobling.connectors.business_central.journals import SETTINGS as JOURNAL_SETTINGS
from kobling.connectors.business_central.journals import Journals
from kobling.connectors.business_central.records import Records
from kobling.connectors.business_central.sets import LINES, SETS
from kobling.connectors.business_central.stock import stock
from kobling.connectors.business_central.vouchers import Vouchers
from kobling.records import N_, NotThere, SettingsError
from kobling.sdk import entra
from kobling.sdk.context import ConnectorContext
from kobling.sdk.http import Answer, Api
from kobling.sdk.odata.batch import Part, json_batch, read_json_batch, tells_of_parts
from kobling.sdk.odata.metadata import Metadata
from kobling.sdk.odata.service import Service
from kobling.sdk.protocols import ConnectorType, Finding, Health, InStock, Resource, Setting
from kobling.sdk.redaction import Redactor

_CONCURRENCY = 5
_BUDGET, _WINDOW = 5900, 300.0
"""A little under the limit: both sides' windows slide, and ours begins when a request leaves."""
_GROUP = 500
_RESOURCE = "https://api.businesscentral.dynamics.com"
_HEADERS = {"Accept-Language": "en-US"}

SIGN_IN = entra.EntraSignIn(
    TITLE,
    app_scope=lambda _settings: f"{_RESOURCE}/.default",
    person_scope=lambda _settings: f"{_RESOURCE}/Financials.ReadWrite.All",
)


class BusinessCentral:
    """One company of one environment. ``company`` is its id, found by the test where only its name was given."""

    def __init__(self, api: Api, place: hosting.Place, settings: Mapping[str, str], context: ConnectorContext) -> None:
        self._api = api
        self._place = place
        self._wanted = settings.get("company", "").strip()
        self._by_person = settings.get("sign_in") == entra.PERSON
        self.environment = Service(api, f"{place.root}/api/v2.0", _HEADERS)
        self.company = Service(api, "", _HEADERS)
        self._extra = custom.offer(api, place, settings, _HEADERS)
        self._enter(settings.get("company_id", ""), settings.get("company_name", ""))
        metadata = Metadata(self.environment, f"{place.root}/api/v2.0/$metadata")
        offered: list[Resource] = []
        for spec in SETS:
            if spec.name in LINES:
                offered.append(
                    Documents(self.company, spec, self._batch, self._together, metadata, concurrency=_CONCURRENCY)
                )
            else:
                kind = Currencies if spec.name == "currencies" else Records
                offered.append(kind(self.company, spec, self._batch, metadata, concurrency=_CONCURRENCY))
        if self._extra is not None:
            offered += self._extra[2]
        journals = Journals(self.company, settings.get("journal_template", ""), settings.get("journal_batch", ""))
        self.vouchers = Vouchers(self.company, self._batch, self._together, journals)
        offered.append(self.vouchers)
        self.metadata = metadata
        self.stock = stock(api, place, settings, context, _HEADERS)
        self.resources: Mapping[str, Resource] = {each.name: each for each in offered}

    def _enter(self, company_id: str, name: str) -> None:
        self.company.root = f"{self._place.root}/api/v2.0/companies({company_id})"
        if self._extra is not None:
            service, root, _ = self._extra
            service.root = root(company_id, name)

    async def check(self) -> Health:
        """Sign in, find the environment and the company, and name what a customised system lacks.

        Raises SettingsError listing the environments or companies there are.
        """
        if self._by_person:
            await self._find_environment()
        company = await self._find_company()
        self._enter(str(company["id"]), str(company.get("name") or ""))
        notes = [note async for note in self._missing()]
        if self.vouchers.journals.batch:
            await self.vouchers.journals.chosen()
        settings = {"company_id": str(company["id"]), "company_name": str(company.get("name") or "")}
        name = str(company.get("displayName") or company.get("name"))
        return Health(name, "API v2.0", tuple(notes), settings, identity=str(company["id"]))

    async def _find_environment(self) -> None:
        told = await self._api.json("GET", "/environments/v1.2")
        there = [str(each.get("name")) for each in told.get("value", ())]
        if not there:
            raise SettingsError(
                N_("Microsoft hosts no Business Central for this organisation: a partner or you yourself do."),
                field="address",
                code="not_hosted_by_microsoft",
            )
        if self._place.environment.casefold() not in {each.casefold() for each in there}:
            raise SettingsError(
                N_("There is no environment “%(name)s”. There are: %(names)s."),
                field="environment",
                code="no_environment",
                name=self._place.environment,
                names=", ".join(there),
            )

    async def _find_company(self) -> dict[str, Any]:
        try:
            told = await self.environment.rows("/companies", select="id,name,displayName")
        except NotThere:
            raise SettingsError(
                N_("There is no environment “%(name)s”, or the user may not see it."),
                field="environment",
                code="no_environment",
                name=self._place.environment,
            ) from None
        wanted = self._wanted.casefold()
        for each in told.rows:
            if wanted in {str(each.get(name) or "").casefold() for name in ("id", "name", "displayName")}:
                return each
        raise SettingsError(
            N_("There is no company “%(name)s”. There are: %(names)s."),
            field="company",
            code="no_company",
            name=self._wanted,
            names=", ".join(str(each.get("displayName") or each.get("name")) for each in told.rows) or "–",
        )

    async def _missing(self) -> AsyncIterator[str]:
        there = await self.metadata.sets()
        for spec in SETS:
            have = there.get(spec.path.lstrip("/"))
            if have is None:
                yield spec.name
                continue
            for name in spec.columns:
                if name not in have:
                    yield f"{spec.name}.{name}"

    async def probe(self) -> AsyncIterator[Finding]:
        """Read-only questions; see ``probe.py``."""
        async for finding in questions.probe(self._api, self.environment, self.company, self.metadata):
            yield finding

    async def document(self, resource: str, external_id: str) -> bytes:
        """The PDF of an order or invoice. Raises NotThere for anything else."""
        found = self.resources.get(resource)
        if not isinstance(found, Documents):
            raise NotThere(N_("There is no document for this record in Business Central."), detail=resource)
        return await found.pdf(external_id)

    async def in_stock(self, numbers: Sequence[str]) -> Mapping[str, InStock]:
        """What is in stock right now, by item number."""
        return await self.stock.ask(numbers)

    async def _batch(self, parts: Sequence[Part]) -> Sequence[Answer | None]:
        return await send_batch(self.company, parts)

    async def _together(self, parts: Sequence[Part]) -> Sequence[Answer | None]:
        return await send_batch(self.company, parts, together=True)


async def send_batch(company: Service, parts: Sequence[Part], *, together: bool = False) -> Sequence[Answer | None]:
    """Send parts in one request: each by itself, or ``together`` in one transaction that one failure undoes.

    Fidelity: known business_central §6 – JSON format, at most 100 parts, Isolation: snapshot
    """
    api_root, _, company_part = company.root.partition("/companies(")
    rooted = [Part(each.method, f"companies({company_part}{each.path}", each.body, each.headers) for each in parts]
    headers = company.headers(Isolation="snapshot") if together else company.headers()
    path = f"{api_root}/$batch"
    answer = await company.api.request("POST", path, json=json_batch(rooted), headers=headers, wanted=tells_of_parts)
    try:
        return read_json_batch(company.decoded(answer), len(parts))
    except (ValueError, KeyError, TypeError):
        raise company.api.not_json("POST", path, answer, safe=False) from None


def _open(settings: Mapping[str, str], context: ConnectorContext) -> BusinessCentral:
    place = hosting.place_of(settings)
    settings = {**settings, "tenant": place.tenant}
    redact = Redactor([settings.get("client_secret", ""), settings.get("availability_key", "")])
    api = context.api(
        place.api,
        vendor=TITLE,
        hosts=HOSTS,
        concurrency=_CONCURRENCY,
        errors=ERRORS,
        redact=redact,
        auth=SIGN_IN.token_holder(settings, context, redact),
        rate_pause=10.0,
    )
    return BusinessCentral(api, place, settings, context)


CONNECTOR = ConnectorType(
    name="business_central",
    title=TITLE,
    settings=(
        Setting("address", N_("Address"), N_("The address that you open Business Central at."), required=False),
        Setting("company", N_("Company"), N_("The company's name, as it stands in Business Central.")),
        *entra.settings(tenant_required=False),
        Setting("environment", N_("Environment"), N_("Only where the address does not name it."), required=False),
        Setting("base_url", N_("Address of the API"), required=False),
        *JOURNAL_SETTINGS,
        *custom.SETTINGS,
    ),
    hosts=HOSTS,
    open=_open,
    budget=_BUDGET,
    budget_window=_WINDOW,
    concurrency=_CONCURRENCY,
    sign_in=SIGN_IN,
    group=_GROUP,
)
