"""Dynamics 365 Sales as the hub knows it: settings, resources, health.

Fidelity: known dataverse §8 – 6,000 requests and 1,200 s of work in 5 minutes, 52 at once, for each user and server
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from urllib.parse import urlsplit
from uuid import uuid4

from kobling.connectors.dataverse import probe as questions
from kobling.connectors.dataverse.about import About, Choices
from kobling.connectors.dataverse.documents import DataDocuments
from kobling.connectors.dataverse.faults import ERRORS
from kobling.connectors.dataverse.products import PRICE_LIST, Products
from kobling.connectors.dataverse.roles import give_role
from kobling.connectors.dataverse.rows import DataRows
from kobling.connectors.dataverse.tables import CHOICES, TABLES
from kobling.records import N_, KoblingError, NotThere, SettingsError
from kobling.sdk import entra
from kobling.sdk.context import ConnectorContext
from kobling.sdk.hosts import checked_base_url
from kobling.sdk.http import Answer, Api
from kobling.sdk.odata.batch import Part, multipart_batch, read_multipart_batch, tells_of_parts
from kobling.sdk.odata.service import Service
from kobling.sdk.protocols import ConnectorType, Finding, Health, Resource, Setting
from kobling.sdk.redaction import Redactor

TITLE = "Dynamics 365 Sales"
_HOSTS = ("*.dynamics.com",)
_ROOT = "/api/data/v9.2"
_CONCURRENCY = 8
_BUDGET, _WINDOW = 5900, 300.0
_GROUP = 500
_UPSERT_MULTIPLE = "upsert_multiple"
_DISCOVERY = "https://globaldisco.crm.dynamics.com"
_HEADERS = {"OData-MaxVersion": "4.0", "OData-Version": "4.0", "If-None-Match": "null"}


def _org(settings: Mapping[str, str]) -> str:
    return settings.get("base_url", "").strip().rstrip("/")


SIGN_IN = entra.EntraSignIn(
    TITLE,
    app_scope=lambda settings: f"{_org(settings)}/.default",
    person_scope=lambda settings: f"{_org(settings)}/user_impersonation",
)


class Dataverse:
    """One organisation's environment, signed in."""

    def __init__(self, api: Api, settings: Mapping[str, str], context: ConnectorContext) -> None:
        self._api = api
        self._settings = settings
        self._context = context
        self.service = service = Service(api, _ROOT, _HEADERS)
        self._about = about = About(service)
        offered: list[Resource] = [Choices(about, *each) for each in CHOICES]
        for spec in TABLES:
            more = {"concurrency": _CONCURRENCY, "seed": context.seed}
            if spec.lines:
                offered.append(DataDocuments(service, spec, self._batch, self._change_set, about, **more))  # type: ignore[arg-type]
            else:
                kind = Products if spec.name == "products" else DataRows
                offered.append(kind(service, spec, self._batch, about, **more))  # type: ignore[arg-type]
        self.resources: Mapping[str, Resource] = {each.name: each for each in offered}
        if settings.get("bulk") == _UPSERT_MULTIPLE:
            for each in offered:
                if isinstance(each, DataRows) and not isinstance(each, DataDocuments):
                    each.use_bulk()

    async def check(self) -> Health:
        """Sign in and name the organisation. Raises SettingsError listing the environments a person reaches."""
        try:
            me = await self.service.get("/WhoAmI")
        except NotThere:
            raise SettingsError(
                N_("There is no Dynamics 365 at that address. Yours: %(names)s."),
                field="base_url",
                code="no_organisation",
                names=await self._reached(),
            ) from None
        name = str(me.get("OrganizationId") or "")
        try:
            told = await self.service.rows("/organizations", select="name")
            name = str(told.rows[0].get("name") or name) if told.rows else name
        except KoblingError:
            # Not every role may read the organisation's row; its id is name enough then.
            pass
        return Health(name, "Web API v9.2", identity=str(me.get("OrganizationId") or ""))

    async def prepare(self, user: str = "") -> Sequence[str]:
        """Make our price list, see that every table can be read, and give ``user`` the security role for all that.

        Raises NotOffered naming the first table that cannot be read, SettingsError for an unknown user.
        """
        made = [await give_role(self.service, user)] if user else []
        for spec in TABLES:
            await self.service.rows(spec.path, select=spec.key, top=1)
        products = self.resources["products"]
        assert isinstance(products, Products)
        await products.prepare()
        return [f"{len(TABLES)} tables", f"pricelevels: {PRICE_LIST}", *made]

    async def _reached(self) -> str:
        """Environments of a person by discovery; an app cannot ask.

        Fidelity: known dataverse §1 – discovery takes a person's token only
        """
        if self._settings.get("sign_in") != entra.PERSON:
            return "–"
        address = self._settings.get("discovery_url", "").strip() or _DISCOVERY
        base = checked_base_url(
            address, vendor=TITLE, hosts=_HOSTS, allow_hosts=self._context.allow_hosts, setting="discovery_url"
        )
        holder = entra.EntraSignIn(TITLE, lambda _s: f"{base}/.default", lambda _s: f"{base}/user_impersonation")
        auth = holder.token_holder(self._settings, self._context, self._api.redact)
        try:
            told = await Service(self._api.signed_otherwise(base, auth=auth), "/api/discovery/v2.0", {}).rows(
                "/Instances", select="FriendlyName,Url"
            )
        except KoblingError:
            return "–"
        return ", ".join(f"{each.get('FriendlyName')} ({each.get('Url')})" for each in told.rows) or "–"

    async def probe(self) -> AsyncIterator[Finding]:
        """Read-only questions; see ``probe.py``."""
        async for finding in questions.probe(self._api, self.service, self._about):
            yield finding

    async def document(self, resource: str, external_id: str) -> bytes:
        """Raises NotThere: Dataverse makes PDFs only from templates of its own."""
        raise NotThere(N_("There is no document for this record in Dynamics 365 Sales."), detail=resource)

    async def _batch(self, parts: Sequence[Part]) -> Sequence[Answer | None]:
        return await self._send(parts, together=False)

    async def _change_set(self, parts: Sequence[Part]) -> Sequence[Answer | None]:
        return await self._send(parts, together=True)

    async def _send(self, parts: Sequence[Part], *, together: bool) -> Sequence[Answer | None]:
        """One multipart batch: every part by itself, going on after a refused one, or all in one change set."""
        boundary = f"batch_{uuid4()}"
        prefer = {} if together else {"Prefer": "odata.continue-on-error"}
        headers = {**_HEADERS, **prefer, "Content-Type": f'multipart/mixed; boundary="{boundary}"'}
        root = f"{urlsplit(self._api.base_url).path}{_ROOT}"
        body = multipart_batch(parts, root, boundary, together=together)
        path = f"{_ROOT}/$batch"
        answer = await self._api.request("POST", path, raw=body, headers=headers, wanted=tells_of_parts)
        return read_multipart_batch(answer.headers.get("Content-Type", ""), answer.body, len(parts))


def _open(settings: Mapping[str, str], context: ConnectorContext) -> Dataverse:
    redact = Redactor([settings.get("client_secret", "")])
    api = context.api(
        entra.filled(settings, "base_url", TITLE),
        vendor=TITLE,
        hosts=_HOSTS,
        concurrency=_CONCURRENCY,
        errors=ERRORS,
        redact=redact,
        auth=SIGN_IN.token_holder(settings, context, redact),
        rate_pause=10.0,
    )
    return Dataverse(api, settings, context)


CONNECTOR = ConnectorType(
    name="dataverse",
    title=TITLE,
    settings=(
        Setting("base_url", N_("Address"), N_("The address of Dynamics 365, e.g. https://firma.crm4.dynamics.com")),
        *entra.settings(),
        Setting(
            "bulk",
            N_("How many new records are written"),
            N_("“batch” tells about each record; “upsert_multiple” costs less of the allowed execution time."),
            required=False,
            default="batch",
            choices=("batch", _UPSERT_MULTIPLE),
        ),
        Setting("discovery_url", N_("Address of the discovery service"), required=False),
    ),
    hosts=_HOSTS,
    open=_open,
    budget=_BUDGET,
    budget_window=_WINDOW,
    concurrency=_CONCURRENCY,
    sign_in=SIGN_IN,
    group=_GROUP,
)
