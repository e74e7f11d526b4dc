"""Simply CRM as the hub knows it: settings, resources, health.

Fidelity: assumed simply_crm §1 – installations live below the names in HOSTS; others need the operator's word
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping

from kobling.connectors.simply_crm import faults
from kobling.connectors.simply_crm import probe as questions
from kobling.connectors.simply_crm.invoices import Invoices
from kobling.connectors.simply_crm.modules import Goods, Module
from kobling.connectors.simply_crm.reference import Reference
from kobling.connectors.simply_crm.service import PATH, Service
from kobling.records import N_, KoblingError, NotThere, SettingsError
from kobling.sdk.context import ConnectorContext
from kobling.sdk.http import Api
from kobling.sdk.protocols import ConnectorType, Finding, Health, Resource, Setting
from kobling.sdk.redaction import Redactor
from kobling.sdk.status import ErrorTable

_TITLE = "Simply CRM"
_CONCURRENCY = 4
_HOSTS = ("*.simply-crm.com", "*.simply-crm.dk", "*.simplycrm.com", "*.simplycrm.dk")
_REFERENCES = {
    "Currency": (
        "currency_name",
        "currency_code",
        "currency_symbol",
        "conversion_rate",
        "currency_status",
        "defaultid",
    ),
    "Users": ("user_name", "first_name", "last_name", "email1", "status", "is_admin"),
    "Tax": ("taxname", "taxlabel", "percentage", "deleted"),
}


class SimplyCrm:
    """One signed-in user's view of one installation.

    Fidelity: known simply_crm §6 – sync shows only the caller's own records and crashes on current PHP: it is not used
    """

    def __init__(self, api: Api, username: str, access_key: str) -> None:
        self._service = Service(api, username, access_key)
        kinds: dict[str, type[Module]] = dict.fromkeys(("Accounts", "Contacts"), Module)
        kinds |= dict.fromkeys(("Products", "Services"), Goods)
        self._modules: dict[str, Module] = {
            name: kind(self._service, name, concurrency=_CONCURRENCY, now=api.clock.now)
            for name, kind in {**kinds, "Invoice": Invoices}.items()
        }
        references = {name: Reference(self._service, name, columns) for name, columns in _REFERENCES.items()}
        self.resources: Mapping[str, Resource] = {**self._modules, **references}

    async def check(self) -> Health:
        """Sign in and name the company. Raises SignInExpired, SettingsError, Unreachable."""
        await self._service.sign_in()
        try:
            rows = await self._service.query("select organizationname from CompanyDetails;")
        except KoblingError:
            rows = []
        name = rows[0].get("organizationname") if rows else ""
        version = f"vTiger {self._service.version}".strip()
        return Health(name or self._service.user_id, version, identity=self._service.address)

    async def probe(self) -> AsyncIterator[Finding]:
        """Read-only questions; see ``probe.py``."""
        async for finding in questions.probe(self._service, self._modules):
            yield finding

    async def document(self, resource: str, external_id: str) -> bytes:
        """Raises NotThere: webservice.php makes no PDFs."""
        raise NotThere(N_("Simply CRM gives no documents to other programs."), detail=f"{resource} {external_id}")


def _open(settings: Mapping[str, str], context: ConnectorContext) -> SimplyCrm:
    for name in ("base_url", "username", "access_key"):
        if not settings.get(name, "").strip():
            raise SettingsError(N_("Fill in %(setting)s for Simply CRM."), field=name, setting=name, code="missing")
    address = settings["base_url"].strip().rstrip("/").removesuffix(PATH)
    access_key = settings["access_key"].strip()
    api = context.api(
        address,
        vendor=_TITLE,
        hosts=_HOSTS,
        concurrency=_CONCURRENCY,
        errors=ErrorTable(words=faults.http_words),
        redact=Redactor([access_key]),
    )
    return SimplyCrm(api, settings["username"].strip(), access_key)


CONNECTOR = ConnectorType(
    name="simply_crm",
    title=_TITLE,
    settings=(
        Setting("base_url", N_("Address"), N_("The address you use Simply CRM at, e.g. https://firma.simply-crm.com")),
        Setting("username", N_("User name"), N_("A user who may see and change the records that are kept in step.")),
        Setting("access_key", N_("Access key"), N_("In Simply CRM under My Preferences."), secret=True),
    ),
    hosts=_HOSTS,
    open=_open,
    concurrency=_CONCURRENCY,
)
