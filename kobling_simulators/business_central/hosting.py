"""Where this Business Central runs, as the list of environments tells it."""

from __future__ import annotations

import re

from kobling_simulators.business_central.errors import no_segment, not_allowed
from kobling_simulators.business_central.settings import Settings
from kobling_simulators.wire import Call, Reply, json_reply

ENVIRONMENT = "Production"
INSTANCE = "BC290"
_LISTS = ("/environments/v1.1", "/environments/v1.2")
_ADMIN = re.compile(r"^/admin/v2\.\d+/applications/(?:(\w+)/)?environments$")


def environments(call: Call, url: str, tenant: str, settings: Settings) -> Reply:
    """The environments of the caller's tenant.

    Fidelity: known business_central §1 – GET /environments/v1.2 with a user's token: aadTenantId, applicationFamily, …
    Fidelity: known business_central §1 – the older /environments/v1.1 still answers
    Fidelity: inferred business_central §1 – an embed app has its own applicationFamily and webServiceUrl
    """
    if call.path.rstrip("/") not in _LISTS:
        raise no_segment("environments")
    if call.method != "GET":
        raise not_allowed(call.method, "environments")
    rows = [] if settings.environments == "empty" else [_environment(url, tenant, settings)]
    return json_reply({"value": rows})


def _environment(url: str, tenant: str, settings: Settings) -> dict[str, object]:
    embed = settings.hosting == "embed"
    return {
        "aadTenantId": tenant,
        "applicationFamily": "Holdet360" if embed else "BusinessCentral",
        "type": "production",
        "name": ENVIRONMENT,
        "countryCode": "DK",
        "webServiceUrl": url,
        "webClientLoginUrl": f"{url}/{tenant}/{ENVIRONMENT}",
        "ringName": "PROD",
    }


def admin_environments(call: Call, url: str, tenant: str, settings: Settings) -> Reply:
    """The admin centre's list, with status and version.

    Fidelity: known business_central §1 – /admin/{version}/applications/environments tells status and versionDetails
    Fidelity: assumed business_central §1 – the admin's consent was given, to users and to the app
    """
    match = _ADMIN.match(call.path.rstrip("/"))
    if match is None:
        raise no_segment("admin")
    if call.method != "GET":
        raise not_allowed(call.method, "environments")
    rows = []
    if settings.environments != "empty":
        found = _environment(url, tenant, settings)
        version = {"version": "29.0.48810.0", "gracePeriodStartDate": "2027-05-01T00:00:00Z"}
        rows.append({**found, "status": settings.environment_status, "versionDetails": version})
    return json_reply({"value": rows})
