"""Global discovery: which organizations a user can reach."""

from __future__ import annotations

from typing import Any
from uuid import NAMESPACE_URL, uuid5

from kobling_simulators.dataverse.errors import bad_request, no_property
from kobling_simulators.dataverse.set_up import NAME
from kobling_simulators.odata.expressions import Field, FilterProblem, matches, walk
from kobling_simulators.odata.options import OptionProblem, parse_options
from kobling_simulators.wire import Call, Reply, to_json

PATH = "/api/discovery/v2.0/Instances"
AUDIENCE = "https://globaldisco.crm.dynamics.com"


def instances(call: Call, url: str, organization: str, tenant: str, count: int) -> Reply:
    """The organizations: this one, and `count` minus one that answer nowhere. Raises ApiError.

    Fidelity: known dataverse §1 – FriendlyName, ApiUrl, Url, UniqueName, TenantId, State; user tokens only
    Fidelity: assumed dataverse §1 – the other properties, and Type 0 for organizations of the ordinary kind
    """
    rows = [_instance(number, url, organization, tenant) for number in range(count)]
    try:
        options = parse_options(call.query)
        if options.filter is not None:
            node = options.filter
            for one in walk(node):
                if isinstance(one, Field) and one.path not in _instance(0, url, organization, tenant):
                    raise no_property(one.path, "Instance")
            rows = [row for row in rows if matches(node, row.get)]
    except (OptionProblem, FilterProblem) as problem:
        raise bad_request(str(problem)) from None
    if options.select is not None:
        for name in options.select:
            if name not in _instance(0, url, organization, tenant):
                raise no_property(name, "Instance")
        rows = [{name: row[name] for name in options.select} for row in rows]
    body = {"@odata.context": f"{url}/api/discovery/v2.0/$metadata#Instances", "value": rows}
    return Reply(200, to_json(body), "application/json; odata.metadata=minimal", {"OData-Version": "4.0"})


def _instance(number: int, url: str, organization: str, tenant: str) -> dict[str, Any]:
    other = f"org{number + 1}"
    return {
        "Id": organization if number == 0 else str(uuid5(NAMESPACE_URL, f"{organization}/{number}")),
        "UniqueName": "koblingproeve" if number == 0 else other,
        "UrlName": "koblingproeve" if number == 0 else other,
        "FriendlyName": NAME if number == 0 else f"{NAME} – test {number}",
        "Url": url if number == 0 else f"https://{other}.crm4.dynamics.example",
        "ApiUrl": url if number == 0 else f"https://{other}.api.crm4.dynamics.example",
        "Version": "9.2.25104.00169",
        "State": 0,
        "Type": 0,
        "StatusMessage": 0,
        "TenantId": tenant,
        "EnvironmentId": str(uuid5(NAMESPACE_URL, f"environment/{organization}/{number}")),
        "Region": "EMEA",
        "Purpose": "",
    }
