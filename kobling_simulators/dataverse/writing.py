"""Creating, changing and deleting rows: the one way in for the API, for people and for the seed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from kobling_simulators.dataverse.bodies import Draft, read_body
from kobling_simulators.dataverse.context import Context
from kobling_simulators.dataverse.deleting import Deleting
from kobling_simulators.dataverse.duplicates import refuse_duplicates
from kobling_simulators.dataverse.errors import BAD_ARGUMENT, DISABLED_USER, NO_PRIVILEGE, ApiError, bad_request, no_row
from kobling_simulators.dataverse.facts import Column, Navigation, Table
from kobling_simulators.dataverse.keys import AlternateKeys
from kobling_simulators.dataverse.paths import KeyRef, key_of, reference
from kobling_simulators.dataverse.roles import Roles
from kobling_simulators.dataverse.rules import Rules, settle_status
from kobling_simulators.dataverse.settings import Settings
from kobling_simulators.dataverse.shelf import Row
from kobling_simulators.dataverse.store import Store
from kobling_simulators.dataverse.values import rounded

_VERBS = {"create": "Create", "read": "Read", "write": "Write", "delete": "Delete"}
_READ_ONLY = frozenset({"systemuser", "businessunit"})


class Writer:
    """Writes to one organization; `base_currency` and the like are set by whoever sets the organization up."""

    def __init__(self, store: Store, settings: Settings) -> None:
        self.store = store
        self.settings = settings
        self.keys = AlternateKeys(store)
        self.rules: dict[str, Rules] = {}
        self.organization = ""
        self.business_unit = ""
        self.base_currency = ""
        self.restricted = ""
        self.roles = Roles(store)
        self.unpublished: set[tuple[str, str, int]] = set()
        self._plain = Rules(self)
        self._deleting = Deleting(store, self.rules_of)

    def rules_of(self, logical: str) -> Rules:
        """The rules of a table."""
        return self.rules.get(logical, self._plain)

    def allow(self, logical: str, verb: str, context: Context) -> None:
        """Refuse what the user's roles do not allow. Raises ApiError.

        Fidelity: known dataverse §7 – a missing privilege is HTTP 403 with 0x80040220
        Fidelity: assumed dataverse §9 – users are made through Entra, so writing them needs a privilege nobody has
        """
        missing = verb in self.settings.missing_privileges.get(logical, ())
        if missing or (verb != "read" and logical in _READ_ONLY):
            raise ApiError(
                403,
                NO_PRIVILEGE,
                f"Principal user (Id={context.user}, type=8) is missing prv{_VERBS[verb]}{logical.capitalize()} "
                f"privilege on entity '{logical}'.",
            )
        self.roles.check(context.user, _VERBS[verb], logical)

    def may(self, row: Row, verb: str, user: str) -> bool:
        """Whether a user has a right on one row."""
        return user != self.restricted or verb not in self.settings.no_rights.get(row.id, ())

    def allow_row(self, row: Row, verb: str, context: Context) -> None:
        """Refuse a row on which the user lacks a right, others of its table being fine. Raises ApiError.

        Fidelity: inferred dataverse §7 – 0x80040220 for one record; the knob `no_rights` names rows of the app user
        """
        if not self.may(row, verb, context.user):
            text = f"SecLib::AccessCheckEx failed. ObjectID: {row.id}, PrincipalId: {context.user}"
            raise ApiError(403, NO_PRIVILEGE, f"{text}, the user lacks {_VERBS[verb]}Access to it.")

    def _check_owner(self, values: Mapping[str, Any], before: object) -> None:
        """Refuse to give a row to a disabled user; one that has it already keeps it. Raises ApiError.

        Fidelity: assumed dataverse §7 – a disabled owner is 403 with 0x80040225 for that row
        """
        owner = values.get("ownerid")
        found = None if owner in (None, before) else self.store.find("systemuser", str(owner))
        if found is not None and found.values.get("isdisabled"):
            text = f"The specified user(Id = {owner}) is disabled. Consider enabling this user."
            raise ApiError(403, DISABLED_USER, text)

    def locate(self, table: Table, key: str) -> Row:
        """The row of a key. Raises ApiError."""
        found = self.look(table, key_of(table, key))
        if found is None:
            raise no_row(table.logical, key)
        return found

    def look(self, table: Table, key: KeyRef) -> Row | None:
        """The row of a key, or None. Raises ApiError when the key is no key of the table."""
        if key.row_id is not None:
            return self.store.find(table.logical, key.row_id)
        return self.keys.find(table, key.values)

    def create(
        self,
        table: Table,
        body: Any,
        context: Context,
        key: KeyRef | None = None,
        fixed: Mapping[str, Any] | None = None,
    ) -> Row:
        """A new row and those nested in it, all or nothing; `fixed` are columns the address gives. Raises ApiError."""
        self.allow(table.logical, "create", context)
        draft = read_body(table, body, self.settings, creating=True)
        row_id = self._id_of(draft, key)
        with self.store.atomic():
            for column, value in key.values if key else ():
                if column in draft.values:
                    raise bad_request(f"The key column '{column}' stands in the address and cannot be in the body too.")
                draft.values[column] = value
            for navigation, nested in draft.singles:
                self._create_single(draft, navigation, nested, context)
            for navigation, value in draft.binds:
                self._bind(draft.values, navigation, value)
            draft.values.update(fixed or {})
            self._check_owner(draft.values, None)
            row = self.insert(
                table, {name: one for name, one in draft.values.items() if one is not None}, context, row_id
            )
            for logical, column, rows in draft.lists:
                for one in rows:
                    link = _link(self.store.table(logical).columns[column], table.logical, row.id)
                    self.create(self.store.table(logical), one, context, None, link)
        return row

    def _id_of(self, draft: Draft, key: KeyRef | None) -> str | None:
        if key is not None and key.row_id is not None:
            if draft.row_id not in (None, key.row_id):
                raise bad_request("The primary key in the body differs from the one in the address.")
            return key.row_id
        return draft.row_id

    def _create_single(self, draft: Draft, navigation: Navigation, body: Mapping[str, Any], context: Context) -> None:
        table = self.store.schema.tables.get(navigation.targets[0])
        if table is None:
            raise bad_request(f"'{navigation.name}' cannot be created along with this row.")
        made = self.create(table, body, context)
        draft.values.update(_pointing(navigation, table.logical, made.id))

    def _bind(self, values: dict[str, Any], navigation: Navigation, value: Any) -> None:
        column = navigation.column
        if value is None:
            values.update({column: None, f"{column}@type": None})
            return
        step = reference(value)[0]
        table = self.store.schema.sets.get(step.name)
        if table is None or table.logical not in navigation.targets:
            raise bad_request(f"'{value}' is no reference that '{navigation.name}' can take.")
        row = self.locate(table, step.key or "")
        values.update(_pointing(navigation, table.logical, row.id))

    def insert(self, table: Table, values: dict[str, Any], context: Context, row_id: str | None = None) -> Row:
        """A new row of checked values, completed by the table's rules. Raises ApiError."""
        with self.store.atomic():
            rules = self.rules_of(table.logical)
            if table.has_state:
                settle_status(table.logical, values, rules.first_state)
            rules.creating(values, context)
            self._complete(table, values, context)
            self._require(table, values)
            self._price(table, values, values)
            self.keys.check(table.logical, values, None)
            if context.detect_duplicates:
                refuse_duplicates(self.store, table.logical, values, None)
            values = {name: value for name, value in values.items() if value is not None}
            row = self.store.add(table.logical, row_id or self.store.new_id(), values)
            rules.created(row, context)
        return row

    def _complete(self, table: Table, values: dict[str, Any], context: Context) -> None:
        """What the server fills in."""
        now = self.store.now()
        columns = table.columns
        stamps: dict[str, Any] = {
            "createdon": values.get("overriddencreatedon", now),
            "modifiedon": now,
            "createdby": context.user,
            "modifiedby": context.user,
            "organizationid": self.organization,
        }
        values.update({name: value for name, value in stamps.items() if name in columns})
        if "ownerid" in columns and columns["ownerid"].access == "F" and values.get("ownerid") is None:
            values["ownerid"], values["ownerid@type"] = context.user, "systemuser"
        if "owningbusinessunit" in columns:
            values.setdefault("owningbusinessunit", self.business_unit)

    def _require(self, table: Table, values: dict[str, Any]) -> None:
        """Fidelity: known dataverse §10 – system-required columns must be there; read-only ones the server fills."""
        for column in table.columns.values():
            least = 1 if self.settings.require_recommended else 2
            needed = column.required >= least and column.access in ("F", "C") and column.name != table.key
            if needed and values.get(column.name) is None:
                raise bad_request(f"The required attribute '{column.name}' is missing.", BAD_ARGUMENT)

    def _price(self, table: Table, values: dict[str, Any], changes: dict[str, Any]) -> None:
        """Money in the organization's currency beside that of the row.

        Fidelity: known dataverse §4 – money has a {name}_base, by the exchange rate of the row's currency
        Fidelity: assumed dataverse §4 – without a currency a row with money takes the organization's
        """
        if "exchangerate" not in table.columns or table.logical == "transactioncurrency":
            return
        money = [name for name in changes if (name in table.columns and table.columns[name].type == "Money")]
        if not money and "transactioncurrencyid" not in changes:
            return
        currency = values.get("transactioncurrencyid") or self.base_currency
        changes["transactioncurrencyid"] = currency
        rate = self.store.row("transactioncurrency", currency).values["exchangerate"]
        changes["exchangerate"] = rate
        touched = money if values.get("exchangerate") in (None, rate) else [*table.columns]
        for name in touched:
            amount = changes.get(name, values.get(name))
            if f"{name}_base" in table.columns:
                changes[f"{name}_base"] = None if amount is None else rounded(amount / rate)

    def update(self, table: Table, row: Row, body: Any, context: Context) -> None:
        """Change the columns a body names. Raises ApiError."""
        self.allow(table.logical, "write", context)
        self.allow_row(row, "write", context)
        draft = read_body(table, body, self.settings, creating=False)
        if draft.row_id not in (None, row.id):
            raise bad_request("The primary key in the body differs from the one in the address.")
        changes = dict(draft.values)
        for navigation, value in draft.binds:
            self._bind(changes, navigation, value)
        self._check_owner(changes, row.values.get("ownerid"))
        self.change(table, row, changes, context)

    def change(self, table: Table, row: Row, changes: dict[str, Any], context: Context) -> None:
        """Change a row by checked values, completed by the table's rules. Raises ApiError."""
        with self.store.atomic():
            rules = self.rules_of(table.logical)
            if table.has_state and ("statecode" in changes or "statuscode" in changes):
                settle_status(table.logical, changes, row.values["statecode"])
            self._clear_required(table, changes)
            rules.changing(row, changes, context)
            self._price(table, {**row.values, **changes}, changes)
            merged = {**row.values, **changes}
            self.keys.check(table.logical, merged, row)
            if context.detect_duplicates:
                refuse_duplicates(self.store, table.logical, merged, row)
            for name, value in (("modifiedon", self.store.now()), ("modifiedby", context.user)):
                if name in table.columns:
                    changes[name] = value
            self.store.change(table.logical, row, changes)
            rules.changed(row, changes, context)

    def _clear_required(self, table: Table, changes: dict[str, Any]) -> None:
        for name, value in changes.items():
            if value is None and name in table.columns and table.columns[name].required == 2:
                raise bad_request(f"The required attribute '{name}' cannot be empty.", BAD_ARGUMENT)

    def delete(self, table: Table, row: Row, context: Context) -> None:
        """Delete a row and what belongs to it. Raises ApiError when something else needs it."""
        self.allow(table.logical, "delete", context)
        self.allow_row(row, "delete", context)
        with self.store.atomic():
            self._deleting.delete(table.logical, row, context)


def _link(column: Column, logical: str, row_id: str) -> dict[str, Any]:
    link: dict[str, Any] = {column.name: row_id}
    if len(column.targets) > 1:
        link[f"{column.name}@type"] = logical
    return link


def _pointing(navigation: Navigation, logical: str, row_id: str) -> dict[str, Any]:
    """A navigation property that is not called like its column leads to one of several tables."""
    values: dict[str, Any] = {navigation.column: row_id}
    if len(navigation.targets) > 1 or navigation.name != navigation.column:
        values[f"{navigation.column}@type"] = logical
    return values
