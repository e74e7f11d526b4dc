"""Dinero as the hub knows it: settings, resources, health.

Fidelity: inferred dinero §5 – 100 a minute are told, 60 seen for personal keys: 55 for each organization
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping

from kobling.connectors.dinero import probe as questions
from kobling.connectors.dinero.books import Books
from kobling.connectors.dinero.faults import ERRORS
from kobling.connectors.dinero.masterdata import Contacts, Products
from kobling.connectors.dinero.payments import Payments
from kobling.connectors.dinero.reference import references
from kobling.connectors.dinero.signin import HOSTS, PERSONAL, TITLE, VISMA, VismaConnect, required, token_holder
from kobling.connectors.dinero.vouchers import CreditNotes, Invoices
from kobling.records import N_, NotThere, SettingsError
from kobling.sdk.context import ConnectorContext
from kobling.sdk.http import Api
from kobling.sdk.protocols import ConnectorType, Finding, Health, Resource, Setting
from kobling.sdk.redaction import Redactor

_BASE_URL = "https://api.dinero.dk"
_CONCURRENCY = 4
_PER_MINUTE = 55
_PDFS = {"invoices": "invoices/{}", "creditnotes": "sales/creditnotes/{}/pdf"}


class Dinero:
    """One organization, signed in."""

    def __init__(self, api: Api, organization: str, seed: str) -> None:
        self._api = api
        self._organization = organization
        self._books = books = Books(api, organization, seed)
        offered: list[Resource] = [
            Contacts(books, _CONCURRENCY),
            Products(books, _CONCURRENCY),
            Invoices(books, _CONCURRENCY),
            CreditNotes(books, _CONCURRENCY),
            Payments(books),
            *references(books),
        ]
        self.resources: Mapping[str, Resource] = {each.name: each for each in offered}

    async def check(self) -> Health:
        """Sign in and name the organization. Raises SettingsError naming those the key reaches, by name alone."""
        reached = await self._api.json("GET", "/v1.1/organizations")
        for each in reached:
            if str(each.get("Id")) == self._organization:
                # Listing organizations needs no plan; only a call into the organization shows that it has API access.
                await self._api.json("GET", f"/v1/{self._organization}/accountingyears")
                return Health(str(each.get("Name") or ""), version="API v1.1", identity=self._organization)
        raise SettingsError(
            N_("The key does not open that organization. It opens: %(names)s."),
            field="organization_id",
            code="wrong_organization",
            names=", ".join(str(each.get("Name")) for each in reached) or "–",
        )

    async def probe(self) -> AsyncIterator[Finding]:
        """Read-only questions; see ``probe.py``."""
        async for finding in questions.probe(self._api, self._books, self._organization):
            yield finding

    async def document(self, resource: str, external_id: str) -> bytes:
        """The PDF of a booked invoice or credit note. Raises NotThere for anything else, drafts included."""
        if resource not in _PDFS:
            raise NotThere(N_("There is no document for this record in Dinero."), detail=resource)
        content = await self._books.file(_PDFS[resource].format(external_id))
        if not content.startswith(b"%PDF"):
            raise NotThere(N_("Dinero makes the PDF when the voucher is booked."), detail=resource)
        return content


def _open(settings: Mapping[str, str], context: ConnectorContext) -> Dinero:
    organization = required(settings, "organization_id")
    if not organization.isdigit():
        raise SettingsError(N_("The organization id is a number."), field="organization_id", code="not_a_number")
    base_url = settings.get("base_url") or _BASE_URL
    redact = Redactor([settings.get("client_secret", ""), settings.get("api_key", "")])
    api = context.api(
        base_url,
        vendor=TITLE,
        hosts=HOSTS,
        concurrency=_CONCURRENCY,
        errors=ERRORS,
        redact=redact,
        auth=token_holder(settings, context, redact),
        rate_pause=CONNECTOR.budget_window,
    )
    return Dinero(api, organization, context.seed)


CONNECTOR = ConnectorType(
    name="dinero",
    title=TITLE,
    settings=(
        Setting("sign_in", N_("Sign-in"), default=PERSONAL, choices=(PERSONAL, VISMA)),
        Setting("organization_id", N_("Organization id"), N_("The number at the bottom left in Dinero.")),
        Setting("client_id", N_("Client id"), N_("From Dinero, or from the Visma developer portal.")),
        Setting("client_secret", N_("Client secret"), secret=True),
        Setting(
            "api_key",
            N_("API key"),
            N_("Made in Dinero under Integrations; needs Pro or Total. Not used with Visma Connect."),
            secret=True,
            required=False,
        ),
        Setting("base_url", N_("Address"), required=False, default=_BASE_URL),
        Setting("token_url", N_("Address of the sign-in"), required=False),
        Setting("authorize_url", N_("Address of the sign-in page"), required=False),
    ),
    hosts=HOSTS,
    open=_open,
    budget=_PER_MINUTE,
    budget_window=60.0,
    concurrency=_CONCURRENCY,
    sign_in=VismaConnect(),
)
