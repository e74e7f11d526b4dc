"""Security roles: what they allow, who has them, and giving them to people.

Fidelity: assumed dataverse §2 – “a custom security role” is a row of `roles`; its calls are the public ones
"""

from __future__ import annotations

from typing import Any
from uuid import NAMESPACE_URL, uuid5

from kobling_simulators.dataverse.context import Context
from kobling_simulators.dataverse.errors import NO_PRIVILEGE, ApiError, bad_request, no_segment
from kobling_simulators.dataverse.facts import Table
from kobling_simulators.dataverse.paths import Segment, reference
from kobling_simulators.dataverse.shelf import Row
from kobling_simulators.dataverse.store import Store
from kobling_simulators.dataverse.values import guid

ASSOCIATION = "systemuserroles_association"
ADMINISTRATOR, CUSTOMIZER = "System Administrator", "System Customizer"
STANDARD = (ADMINISTRATOR, CUSTOMIZER, "Salesperson", "Sales Manager")
_TYPES = ("Create", "Read", "Write", "Delete", "Append", "AppendTo")
_DEPTHS = ("Basic", "Local", "Deep", "Global")
NO_ROLE = "0x80042f09"


def privileges(table: Table) -> list[dict[str, Any]]:
    """The privileges of a table as its definition lists them.

    Fidelity: assumed dataverse §1 – EntityDefinitions carry Privileges with Name, PrivilegeId and PrivilegeType
    """
    return [
        {
            "Name": _name(kind, table.logical),
            "PrivilegeId": str(uuid5(NAMESPACE_URL, f"privilege/{kind}/{table.logical}")),
            "PrivilegeType": kind,
            "CanBeGlobal": True,
        }
        for kind in _TYPES
    ]


def _name(kind: str, logical: str) -> str:
    return f"prv{kind}{logical.capitalize()}"


class Roles:
    """Who has which role. People of the seed may do everything; users put under `restrict` only what roles allow."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._held: dict[str, set[str]] = {}
        self._allowed: dict[str, set[str]] = {}
        self._restricted: set[str] = set()
        self._names = {
            one["PrivilegeId"]: one["Name"] for table in store.schema.tables.values() for one in privileges(table)
        }

    def restrict(self, user: str, *, restricted: bool) -> None:
        """Let a user do only what the roles given to it allow, or everything again."""
        (self._restricted.add if restricted else self._restricted.discard)(user)

    def give(self, user: str, name: str) -> None:
        """Give a user the role of a name."""
        role = self._store.where("role", "name", name)[0]
        self._held.setdefault(user, set()).add(role.id)

    def require_any(self, user: str) -> None:
        """Refuse a restricted user without any role. Raises ApiError.

        Fidelity: assumed dataverse §7 – every request then gets 403 and 0x80042f09
        """
        if user in self._restricted and not self._held.get(user):
            raise ApiError(403, NO_ROLE, f"The user with id {user} has not been assigned any roles.")

    def check(self, user: str, verb: str, logical: str) -> None:
        """Refuse what a restricted user's roles do not allow. Raises ApiError."""
        if user not in self._restricted:
            return
        held, wanted = self._held.get(user, set()), _name(verb, logical)
        if not any(wanted in self._allowed.get(role, ()) for role in held):
            raise ApiError(
                403,
                NO_PRIVILEGE,
                f"Principal user (Id={user}, type=8, roleCount={len(held)}) is missing {wanted} privilege on entity "
                f"'{logical}'.",
            )

    def require_admin(self, context: Context, *names: str) -> None:
        """Refuse whoever has none of these roles. Raises ApiError."""
        held = {self._store.row("role", role).values["name"] for role in self._held.get(context.user, ())}
        if held.isdisjoint(names):
            raise ApiError(403, NO_PRIVILEGE, f"Principal user (Id={context.user}, type=8) is missing prvAssignRole.")

    def of(self, user: str) -> list[Row]:
        """The roles of a user."""
        return [self._store.row("role", role) for role in sorted(self._held.get(user, ()))]

    def associate(self, user: Row, body: Any, context: Context) -> None:
        """POST systemusers(…)/systemuserroles_association/$ref. Raises ApiError.

        Fidelity: assumed dataverse §2 – giving it twice changes nothing
        """
        self.require_admin(context, ADMINISTRATOR)
        step = reference(body.get("@odata.id") if isinstance(body, dict) else None)[0]
        self._held.setdefault(user.id, set()).add(self._role(step).id)

    def disassociate(self, user: Row, step: Segment, context: Context) -> None:
        """DELETE of one association. Raises ApiError."""
        self.require_admin(context, ADMINISTRATOR)
        self._held.get(user.id, set()).discard(self._role(step).id)

    def _role(self, step: Segment) -> Row:
        if step.name not in ("roles", ""):
            raise bad_request(f"'{ASSOCIATION}' holds rows of 'roles'.")
        return self._store.row("role", guid(step.key or "") or "")

    def add_privileges(self, role: Row, name: str, body: Any, context: Context) -> None:
        """The bound action AddPrivilegesRole. Raises ApiError."""
        if name != "AddPrivilegesRole":
            raise no_segment(f"Microsoft.Dynamics.CRM.{name}")
        self.require_admin(context, ADMINISTRATOR, CUSTOMIZER)
        given = body.get("Privileges") if isinstance(body, dict) else None
        if not isinstance(given, list) or not given:
            raise bad_request("The parameter 'Privileges' is missing.")
        for one in given:
            if not isinstance(one, dict) or one.get("Depth") not in _DEPTHS:
                raise bad_request(f"Depth must be one of {', '.join(_DEPTHS)}.")
            if one.get("PrivilegeId") not in self._names:
                raise bad_request(f"The privilege '{one.get('PrivilegeId')}' does not exist.")
        self._allowed.setdefault(role.id, set()).update(self._names[one["PrivilegeId"]] for one in given)
