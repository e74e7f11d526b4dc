"""Functions and actions: who am I, counting, closing documents, publishing products."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from kobling_simulators.dataverse.choices import ChoiceOptions
from kobling_simulators.dataverse.context import Context
from kobling_simulators.dataverse.documents import KINDS
from kobling_simulators.dataverse.errors import bad_request, no_segment, rule
from kobling_simulators.dataverse.facts import Table
from kobling_simulators.dataverse.merging import Merging
from kobling_simulators.dataverse.paths import Segment, reference
from kobling_simulators.dataverse.reading import answer, options_of
from kobling_simulators.dataverse.rendering import View
from kobling_simulators.dataverse.shelf import Row
from kobling_simulators.dataverse.single import json_body, no_content
from kobling_simulators.dataverse.values import guid
from kobling_simulators.dataverse.writing import Writer
from kobling_simulators.odata.expressions import FilterProblem, literal
from kobling_simulators.wire import Call, Reply, from_json

# Action: what is closed, the parameter that names it, the state it goes to.
_CLOSING = {
    "WinOpportunity": ("opportunity", "OpportunityClose", "opportunityid", 1),
    "LoseOpportunity": ("opportunity", "OpportunityClose", "opportunityid", 2),
    "WinQuote": ("quote", "QuoteClose", "quoteid", 2),
    "CloseQuote": ("quote", "QuoteClose", "quoteid", 3),
    "FulfillSalesOrder": ("salesorder", "OrderClose", "salesorderid", 3),
    "CancelSalesOrder": ("salesorder", "OrderClose", "salesorderid", 2),
}
_LOCKING = {
    "LockSalesOrderPricing": ("salesorder", "SalesOrderId", True),
    "UnlockSalesOrderPricing": ("salesorder", "SalesOrderId", False),
    "LockInvoicePricing": ("invoice", "InvoiceId", True),
    "UnlockInvoicePricing": ("invoice", "InvoiceId", False),
}
_VERSION = "9.2.25104.00169"
_LEFT_BEHIND = frozenset({"createdon", "modifiedon", "versionnumber", "statecode", "statuscode", "overriddencreatedon"})


class Actions:
    """Operations that are no plain reads and writes.

    Fidelity: known dataverse §1 – WhoAmI gives BusinessUnitId, UserId, OrganizationId
    Fidelity: known dataverse §4 – RetrieveTotalRecordCount(EntityNames=[…]) gives exact sizes
    Fidelity: assumed dataverse §6 – parameters of the closing actions are the public ones, from memory
    """

    def __init__(self, writer: Writer) -> None:
        self._writer = writer
        self._store = writer.store
        self._choices = ChoiceOptions(writer)
        self._merging = Merging(writer)

    def unbound(self, call: Call, steps: list[Segment], context: Context) -> Reply:
        """A function or action at the service root. Raises ApiError."""
        name, key = steps[0].name, steps[0].key
        functions: Mapping[str, Callable[[], dict[str, Any]]] = {
            "WhoAmI": lambda: self._who(context),
            "RetrieveVersion": lambda: {"Version": _VERSION},
            "RetrieveTotalRecordCount": lambda: self._sizes(call, key or ""),
            "RetrieveAvailableLanguages": lambda: {"LocaleIds": [1033, 1030]},
            "RetrieveProvisionedLanguages": lambda: {"RetrieveProvisionedLanguages": [1033, 1030]},
            "RetrieveCurrentOrganization": lambda: {"Detail": self._organization(context)},
        }
        if len(steps) == 1 and call.method == "GET" and name in functions:
            kind = f"{context.root}/$metadata#Microsoft.Dynamics.CRM.{name}Response"
            return answer({"@odata.context": kind, **functions[name]()}, context)
        if len(steps) == 1 and call.method == "POST" and key is None:
            if name in _CLOSING:
                return self._close(name, json_body(call), context)
            if name in _LOCKING:
                return self._lock(name, json_body(call), context)
            if name == "InsertOptionValue":
                return answer(self._choices.insert(json_body(call), context), context)
            if name == "Merge":
                self._merging.merge(json_body(call), context)
                return no_content()
            if name == "BulkDelete":
                return answer({"JobId": self._bulk_delete(json_body(call), context)}, context)
            if name in ("PublishXml", "PublishAllXml"):
                self._choices.publish(json_body(call), context)
                return no_content()
            if name == "ConvertSalesOrderToInvoice":
                return self._invoice(json_body(call), context)
        raise no_segment(name)

    def bound(self, table: Table, row: Row, name: str, call: Call, context: Context) -> Reply:
        """An action on one row. Raises ApiError."""
        if table.logical == "role":
            self._writer.roles.add_privileges(row, name, json_body(call), context)
            return no_content()
        if (table.logical, name) != ("product", "PublishProductHierarchy"):
            raise no_segment(f"Microsoft.Dynamics.CRM.{name}")
        self._writer.allow("product", "write", context)
        self._publish(table, row, context)
        return no_content()

    def _publish(self, table: Table, row: Row, context: Context) -> None:
        """Fidelity: inferred dataverse §9 – a family is published with all drafts below it, or nothing is."""
        if row.values["statecode"] != 0:
            self._writer.change(table, row, {"statecode": 0, "statuscode": 1}, context)
        for child in self._store.where("product", "parentproductid", row.id):
            self._publish(table, child, context)

    def roles(self, table: Table, steps: list[Segment], call: Call, context: Context) -> Reply:
        """systemusers(…)/systemuserroles_association: the roles of a user, giving one, taking one. Raises ApiError."""
        if table.logical != "systemuser" or steps[0].key is None:
            raise no_segment(steps[1].name)
        user, roles = self._writer.locate(table, steps[0].key), self._writer.roles
        if call.method == "GET" and len(steps) == 2:
            view = View(self._store, self._store.table("role"), options_of(call.query), context)
            shown = [view.shown(role) for role in roles.of(user.id)]
            return answer({"@odata.context": f"{context.root}/$metadata#roles", "value": shown}, context)
        if len(steps) != 3 or steps[2].name != "$ref":
            raise no_segment(steps[-1].name)
        if call.method == "POST":
            roles.associate(user, json_body(call), context)
        elif steps[1].key:
            roles.disassociate(user, Segment("", steps[1].key), context)
        else:
            roles.disassociate(user, reference(call.query.get("$id"))[0], context)
        return no_content()

    def _organization(self, context: Context) -> dict[str, Any]:
        return {
            "OrganizationId": self._writer.organization,
            "FriendlyName": self._store.row("organization", self._writer.organization).values["name"],
            "OrganizationVersion": _VERSION,
            "UrlName": "koblingproeve",
            "UniqueName": "koblingproeve",
            "State": "Enabled",
        }

    def _bulk_delete(self, body: Any, context: Context) -> str:
        """Fidelity: assumed dataverse §6 – BulkDelete finds rows by QuerySet conditions; here it deletes at once."""
        sets = body.get("QuerySet") if isinstance(body, dict) else None
        if not isinstance(sets, list) or not sets:
            raise bad_request("The parameter 'QuerySet' is missing.")
        for one in sets:
            table = self._store.schema.tables.get(str(one.get("EntityName")) if isinstance(one, dict) else "")
            if table is None:
                raise bad_request("Every query of 'QuerySet' needs an EntityName.")
            for value in _wanted(one, table.key):
                row = self._store.find(table.logical, guid(value) or "")
                if row is not None:
                    self._writer.delete(table, row, context)
        return self._store.new_id()

    def _who(self, context: Context) -> dict[str, Any]:
        return {
            "BusinessUnitId": self._writer.business_unit,
            "UserId": context.user,
            "OrganizationId": self._writer.organization,
        }

    def _sizes(self, call: Call, arguments: str) -> dict[str, Any]:
        name, _, text = arguments.partition("=")
        if name.strip() != "EntityNames":
            raise bad_request("RetrieveTotalRecordCount takes EntityNames.")
        text = text.strip()
        names = _names(call.query.get(text, "") if text.startswith("@") else text)
        for one in names:
            if one not in self._store.shelves:
                raise bad_request(f"The entity with a name = '{one}' was not found in the MetadataCache.")
        sizes = [len(self._store.shelves[one]) for one in names]
        told = {"Count": len(names), "IsReadOnly": False, "Keys": names, "Values": sizes}
        return {"EntityRecordCountCollection": told}

    def _row_of(self, body: Any, parameter: str, column: str, logical: str) -> tuple[Table, Row]:
        """The row that a closing parameter names, by bind or by its id."""
        table = self._store.table(logical)
        given = body.get(parameter) if isinstance(body, dict) else None
        if not isinstance(given, dict):
            raise bad_request(f"The parameter '{parameter}' is missing.")
        bound = given.get(f"{column}@odata.bind")
        if bound is not None:
            step = reference(bound)[0]
            if step.name != table.set_name:
                raise bad_request(f"'{bound}' is no row of '{table.set_name}'.")
            return table, self._writer.locate(table, step.key or "")
        nested = given.get(column)
        row_id = guid(nested.get(column)) if isinstance(nested, dict) else None
        if row_id is None:
            raise bad_request(f"'{parameter}' must name its row through '{column}@odata.bind'.")
        return table, self._store.row(logical, row_id)

    def _close(self, name: str, body: Any, context: Context) -> Reply:
        logical, parameter, column, state = _CLOSING[name]
        table, row = self._row_of(body, parameter, column, logical)
        self._writer.allow(logical, "write", context)
        if row.values["statecode"] not in (0, 1) or row.values["statecode"] == state:
            raise rule(f"The {logical} is closed already.")
        changes: dict[str, Any] = {"statecode": state}
        status = body.get("Status", -1)
        if isinstance(status, int) and status != -1:
            changes["statuscode"] = status
        if logical == "opportunity":
            changes["actualvalue"] = row.values.get("actualvalue", row.values.get("estimatedvalue"))
            changes["actualclosedate"] = self._store.now()[:10]
        by_action = Context(context.user, context.root, context.prefer, by_action=True)
        self._writer.change(table, row, changes, by_action)
        return no_content()

    def _lock(self, name: str, body: Any, context: Context) -> Reply:
        logical, parameter, locked = _LOCKING[name]
        row_id = guid(body.get(parameter)) if isinstance(body, dict) else None
        if row_id is None:
            raise bad_request(f"The parameter '{parameter}' is missing.")
        self._writer.allow(logical, "write", context)
        row = self._store.row(logical, row_id)
        self._writer.change(self._store.table(logical), row, {"ispricelocked": locked}, context)
        return no_content()

    def _invoice(self, body: Any, context: Context) -> Reply:
        """ConvertSalesOrderToInvoice: an invoice with the order's columns and lines; its prices are locked."""
        order_id = guid(body.get("SalesOrderId")) if isinstance(body, dict) else None
        if order_id is None:
            raise bad_request("The parameter 'SalesOrderId' is missing.")
        self._writer.allow("invoice", "create", context)
        order = self._store.row("salesorder", order_id)
        table, line_table = self._store.table("invoice"), self._store.table("invoicedetail")
        with self._store.atomic():
            values = _shared(order, table) | {"salesorderid": order.id}
            invoice = self._writer.insert(table, values, context)
            for line in self._store.where("salesorderdetail", "salesorderid", order.id):
                copied = _shared(line, line_table) | {"invoiceid": invoice.id}
                self._writer.insert(line_table, copied, context)
            self._writer.change(table, invoice, {"ispricelocked": True}, context)
        view = View(self._store, table, options_of({}), context)
        root = f"{context.root}/$metadata#invoices/$entity"
        return answer({"@odata.context": root, **view.shown(invoice)}, context)


def _shared(row: Row, table: Table) -> dict[str, Any]:
    """The columns of a row that another table has too and a copy takes over."""
    numbers = {kind.number for kind in KINDS} | {"ispricelocked"}
    return {
        name: value
        for name, value in row.values.items()
        if name.removesuffix("@type") in table.columns and name not in _LEFT_BEHIND | numbers | {table.key}
    }


def _names(text: str) -> list[str]:
    """A list of texts as OData or as JSON writes it. Raises ApiError."""
    try:
        found = from_json(text) if '"' in text else literal(text).value
    except (ValueError, FilterProblem):
        found = None
    if not isinstance(found, list | tuple) or not all(isinstance(one, str) for one in found):
        raise bad_request("EntityNames must be a list of table names.")
    return [str(one) for one in found]


def _wanted(query: dict[str, Any], key: str) -> list[object]:
    """The ids that a query's condition on the primary key names. Raises ApiError."""
    criteria = query.get("Criteria")
    conditions = criteria.get("Conditions") if isinstance(criteria, dict) else None
    for one in conditions if isinstance(conditions, list) else ():
        if isinstance(one, dict) and one.get("AttributeName") == key and one.get("Operator") in ("In", "Equal"):
            values = one.get("Values") or []
            return [each.get("Value") if isinstance(each, dict) else each for each in values]
    raise bad_request(f"Only conditions on '{key}' are simulated.")
