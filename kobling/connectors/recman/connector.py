"""RecMan as the hub knows it: one key, lists that are read whole, one request at a time.

Fidelity: assumed recman §2 – no limit is published: one request at a time
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping

from kobling.connectors.recman.faults import ERRORS, TITLE
from kobling.connectors.recman.lists import SCOPES, ScopeList
from kobling.connectors.recman.service import V1, V2, Service
from kobling.records import N_, KoblingError, NotOffered, NotThere, Refused, SettingsError
from kobling.sdk.context import ConnectorContext
from kobling.sdk.probe import asked
from kobling.sdk.protocols import ConnectorType, Finding, Health, Resource, Setting
from kobling.sdk.redaction import Redactor

HOSTS = ("api.recman.io", "api.recman.no")
_BASE_URL = "https://api.recman.io"
_AUTO = "auto"


class RecMan:
    """One installation, as far as its key reaches."""

    def __init__(self, service: Service) -> None:
        self.service = service
        self.lists = [ScopeList(service, scope) for scope in SCOPES]
        self.resources: Mapping[str, Resource] = {each.name: each for each in self.lists}

    async def check(self) -> Health:
        """Try the key on every scope: what it does not reach is named. Raises SettingsError when it reaches nothing."""
        missing, last = [], None
        for each in self.lists:
            try:
                await self.service.page(each.name, (each.scope.key,), 1)
            except (NotOffered, SettingsError) as error:
                missing.append(each.name)
                last = error
        if len(missing) == len(self.lists) and last is not None:
            raise last
        name, identity = await self._own_company()
        return Health(name or TITLE, self.service.generation, tuple(missing), identity=identity)

    async def _own_company(self) -> tuple[str, str]:
        """The companies that RecMan marks as the account's own: their names, and what tells them from others.

        Fidelity: assumed recman §3 – type “ownCompany” marks the company that uses RecMan; without one the account is
        told by the records that were read from it
        """
        try:
            told = await self.service.page("company", ("companyId", "name", "countryRegNumber", "type"), 1)
        except (NotOffered, SettingsError, Refused):
            return "", ""
        own = [(key, row) for key, row in told.rows.items() if row.get("type") == "ownCompany"]
        names = [str(row.get("name") or "") for _, row in own]
        return ", ".join(names)[:200], ",".join(sorted(str(key) for key, _ in own))

    async def probe(self) -> AsyncIterator[Finding]:
        """Read-only questions: which scopes and fields there are, since most are only assumed."""
        for each in self.lists:
            yield await asked(each.name, lambda each=each: _scope(self.service, each))  # type: ignore[misc]

    async def document(self, resource: str, external_id: str) -> bytes:
        """Raises NotThere: RecMan's interface gives no PDF."""
        raise NotThere(N_("There is no document for this record in RecMan."), detail=resource)


async def _scope(service: Service, each: ScopeList) -> Finding:
    refused = []
    for name in each.scope.fields:
        try:
            await service.page(each.name, (name,), 1)
        except KoblingError:
            refused.append(name)
    said = f"{len(each.scope.fields) - len(refused)} fields; refused {', '.join(refused) or 'none'}"
    return Finding(each.name, said, "names are partly assumed", not refused)


def _open(settings: Mapping[str, str], context: ConnectorContext) -> RecMan:
    key = settings.get("key", "").strip()
    if not key:
        raise SettingsError(N_("Fill in the key for RecMan."), field="key", code="missing")
    generation = settings.get("generation") or _AUTO
    redact = Redactor([key])
    api = context.api(
        settings.get("base_url") or _BASE_URL,
        vendor=TITLE,
        hosts=HOSTS,
        concurrency=1,
        errors=ERRORS,
        redact=redact,
        rate_pause=5.0,
    )
    return RecMan(Service(api, key, "" if generation == _AUTO else generation))


CONNECTOR = ConnectorType(
    name="recman",
    title=TITLE,
    settings=(
        Setting("key", N_("Key"), N_("Made by a system administrator, with access to a department."), secret=True),
        Setting("base_url", N_("Address of the API"), required=False, default=_BASE_URL),
        Setting(
            "generation",
            N_("Version of the API"),
            N_("auto finds out; v1 only where an installation has nothing else."),
            required=False,
            default=_AUTO,
            choices=(_AUTO, V2, V1),
        ),
    ),
    hosts=HOSTS,
    open=_open,
    concurrency=1,
)
