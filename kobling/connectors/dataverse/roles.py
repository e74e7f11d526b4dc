"""The security role of the synchronisation user: made and given by an administrator, once.

Fidelity: assumed dataverse §2 – an application user needs a custom security role; how it is made is Microsoft's public
Web API: `roles`, the action AddPrivilegesRole, and the association systemuserroles_association
Fidelity: assumed dataverse §1 – a table's definition lists its privileges
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from kobling.connectors.dataverse.tables import LINES, TABLES
from kobling.records import N_, SettingsError
from kobling.sdk.odata.query import equals
from kobling.sdk.odata.service import Service

ROLE = "Kobling"
"""The name of the role that the preparation makes."""
_SEEN, _POINTED_AT = ("Read",), ("Read", "AppendTo")
_ALL = ("Create", "Read", "Write", "Delete", "Append", "AppendTo")
_ONLY: Mapping[str, Sequence[str]] = {"systemuser": _POINTED_AT, "organization": _SEEN, "businessunit": _POINTED_AT}


async def give_role(service: Service, user: str) -> str:
    """Make our role where it is missing, let it do what the tables need, and give it to a user. Returns its name.

    ``user`` is an application's client id or a person's e-mail address. Needs an administrator (System Administrator);
    doing it again changes nothing. Raises SettingsError for an unknown user, and as ``Service`` does.
    """
    found = await _user(service, user)
    role = await _role(service)
    wanted = {**{spec.logical: _ALL for spec in (*TABLES, *LINES.values())}, **_ONLY}
    privileges = [each for logical, kinds in wanted.items() for each in await _privileges(service, logical, kinds)]
    await service.send("POST", f"/roles({role})/Microsoft.Dynamics.CRM.AddPrivilegesRole", {"Privileges": privileges})
    place = {"@odata.id": f"{service.api.base_url}{service.root}/roles({role})"}
    await service.send("POST", f"/systemusers({found})/systemuserroles_association/$ref", place)
    return ROLE


async def _user(service: Service, user: str) -> str:
    try:
        wanted = equals("applicationid", UUID(user))
    except ValueError:
        wanted = equals("internalemailaddress", user)
    told = await service.rows("/systemusers", select="systemuserid", filter=wanted)
    if not told.rows:
        raise SettingsError(
            N_("There is no user “%(user)s” in Dynamics 365. Add it there first; it needs no role."),
            field="synchronisation_user",
            code="no_user",
            user=user,
        )
    return str(told.rows[0]["systemuserid"])


async def _role(service: Service) -> str:
    told = await service.rows("/roles", select="roleid", filter=equals("name", ROLE))
    if not told.rows:
        unit = (await service.get("/WhoAmI"))["BusinessUnitId"]
        await service.send("POST", "/roles", {"name": ROLE, "businessunitid@odata.bind": f"/businessunits({unit})"})
        told = await service.rows("/roles", select="roleid", filter=equals("name", ROLE))
    return str(told.rows[0]["roleid"])


async def _privileges(service: Service, logical: str, kinds: Sequence[str]) -> list[dict[str, Any]]:
    told = await service.get(f"/EntityDefinitions(LogicalName='{logical}')", select="LogicalName,Privileges")
    return [
        {"PrivilegeId": each["PrivilegeId"], "Depth": "Global"}
        for each in told.get("Privileges") or ()
        if each.get("PrivilegeType") in kinds
    ]
