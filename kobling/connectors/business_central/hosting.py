"""Where a Business Central lives: read off the address that its users open in the browser.

Fidelity: known business_central §1 – Microsoft-hosted: businesscentral.dynamics.com and *.bc.dynamics.com
Fidelity: inferred – Finance & Operations at *.operations.dynamics.com and *.cloudax.dynamics.com, Sales at
*.crm*.dynamics.com
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import unquote, urlsplit

from kobling.records import N_, SettingsError

TITLE = "Business Central"
CLIENT_HOST, API_HOST = "businesscentral.dynamics.com", "api.businesscentral.dynamics.com"
HOSTS = (API_HOST, "*.api.bc.dynamics.com")
_FINANCE = re.compile(r"\.(operations|cloudax|operations\.[a-z]+)\.dynamics\.com$|\.ax\.dynamics\.com$")
_SALES = re.compile(r"\.crm\d*\.dynamics\.com$")


@dataclass(frozen=True, slots=True)
class Place:
    """One environment: the API's address, the tenant (id or domain; empty: the token's own), the environment's name."""

    api: str
    tenant: str
    environment: str

    @property
    def root(self) -> str:
        """The path that everything of this environment lies below."""
        return "/".join(["/v2.0", *filter(None, [self.tenant]), self.environment])


def place_of(settings: Mapping[str, str]) -> Place:
    """The environment that the settings name.

    ``address`` is the one in the browser; ``base_url``, ``tenant`` and ``environment`` go before what it says.
    Raises SettingsError for a system that is not hosted by Microsoft, or is another one, saying what to do.
    """
    told = read_address(settings["address"]) if settings.get("address", "").strip() else Place("", "", "")
    api = (settings.get("base_url") or "").strip().rstrip("/") or told.api or f"https://{API_HOST}"
    tenant = settings.get("tenant", "").strip() or told.tenant
    environment = settings.get("environment", "").strip() or told.environment
    if not environment:
        raise SettingsError(
            N_("Enter the address that you open Business Central at, or the name of the environment."),
            field="environment",
            code="missing",
        )
    return Place(api, tenant, environment)


def read_address(address: str) -> Place:
    """Read the address in the browser. Raises SettingsError for a host that is not supported, saying why."""
    split = urlsplit(address.strip() if "//" in address else f"https://{address.strip()}")
    host = (split.hostname or "").lower()
    parts = [unquote(each) for each in split.path.split("/") if each]
    if host == CLIENT_HOST:
        tenant = parts[0] if parts and _is_tenant(parts[0]) else ""
        rest = parts[1:] if tenant else parts
        return Place(f"https://{API_HOST}", tenant, rest[0] if rest else "Production")
    if host.endswith(".bc.dynamics.com"):
        app = host.removesuffix(".bc.dynamics.com").removesuffix(".api")
        tenant = parts[0] if parts and _is_tenant(parts[0]) else ""
        rest = parts[1:] if tenant else parts
        return Place(f"https://{app}.api.bc.dynamics.com", tenant, rest[0] if rest else "Production")
    raise _unsupported(host)


def _unsupported(host: str) -> SettingsError:
    if _FINANCE.search(host):
        return SettingsError(
            N_(
                "%(host)s is Dynamics 365 Finance & Operations, another product than Business Central. Kobling cannot "
                "work with it; ask your partner whether you have a Business Central as well."
            ),
            field="address",
            code="finance_and_operations",
            host=host,
        )
    if _SALES.search(host):
        return SettingsError(
            N_("%(host)s is Dynamics 365 Sales; connect it as “dataverse”. Here goes Business Central's own address."),
            field="address",
            code="sales",
            host=host,
        )
    return SettingsError(
        N_(
            "%(host)s is hosted by a partner or by yourself. Kobling supports Business Central that Microsoft hosts "
            "(businesscentral.dynamics.com). Ask your partner about moving to it, or use the file export."
        ),
        field="address",
        code="not_hosted_by_microsoft",
        host=host or "–",
    )


def _is_tenant(part: str) -> bool:
    return "." in part or re.fullmatch(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}", part) is not None
