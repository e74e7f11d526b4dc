"""Rules of customers, products, projects and departments."""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from kobling_simulators.unimicro.books import Books
from kobling_simulators.unimicro.errors import ApiError, RuleBroken
from kobling_simulators.unimicro.graphs import Batch, Draft
from kobling_simulators.unimicro.table import Row

ACTIVE, INACTIVE, BLOCKED = 30001, 50001, 70001
PRODUCT_ACTIVE, PRODUCT_DISCARDED, PRODUCT_DELETED = 35001, 35002, 35003
CUSTOMER_SERIES, PRODUCT_SERIES, PROJECT_SERIES = "Customer number", "Product number", "Project number"
_PHONES = (None, 150101, 150102, 150103)
_ACTIONS = {"activate": ACTIVE, "deactivate": INACTIVE, "block": BLOCKED}
_MOST_DAYS = 10_000
_CENT = Decimal("0.01")


def rounded(value: Decimal | int) -> Decimal:
    """To two decimals, halves away from zero."""
    return Decimal(value).quantize(_CENT, ROUND_HALF_UP)


def unique(batch: Batch, draft: Draft, field: str) -> None:
    """No two live rows say the same in a field. Raises RuleBroken.

    Fidelity: assumed unimicro §7 – numbers of customers, products, projects and departments are unique; a number
        that is taken is 400
    """
    value = draft.final(field)
    if value is None:
        return
    name = draft.entity.name
    stored = (row["ID"] for row in batch.books.tables[name].found(field, value))
    changed = {each.key: each.final(field) for each in batch.of(name)}
    if any(key != draft.key and changed.get(key, value) == value for key in stored) or any(
        key != draft.key and other == value for key, other in changed.items()
    ):
        raise RuleBroken(f"{name}: {field} {value} is in use already", name, field, draft.key)


def _named(batch: Batch, draft: Draft) -> None:
    if not str(draft.final("Name") or "").strip():
        batch.wrong(draft, "Name", "is required")


def check_customer(batch: Batch, draft: Draft) -> None:
    """Fidelity: known unimicro §7 – a customer needs Info with a Name
    Fidelity: assumed unimicro §7 – a free CustomerNumber of one's own is taken; OrgNumber is not checked; CreditDays
        has at most four digits
    """
    if not draft.final("BusinessRelationID"):
        batch.wrong(draft, "Info", "is required")
    number = draft.values.get("CustomerNumber")
    if number is None:
        draft.values.pop("CustomerNumber", None)
    elif number <= 0:
        batch.wrong(draft, "CustomerNumber", "must be positive")
    else:
        unique(batch, draft, "CustomerNumber")
    if not 0 <= (draft.final("CreditDays") or 0) < _MOST_DAYS:
        batch.wrong(draft, "CreditDays", "is no number of days")
    if draft.new:
        draft.values["StatusCode"] = ACTIVE


def finish_customer(batch: Batch, draft: Draft) -> None:
    """A number of the series for a new customer without one."""
    if draft.row is None or not draft.new or "CustomerNumber" in draft.row:
        return
    table = batch.books.tables["Customer"]
    number = batch.books.next_number(CUSTOMER_SERIES, lambda each: bool(table.keys("CustomerNumber", each)))
    table.change(draft.row, {"CustomerNumber": number})


def check_relation(batch: Batch, draft: Draft) -> None:
    """A business relation needs a name."""
    _named(batch, draft)


def check_phone(batch: Batch, draft: Draft) -> None:
    """Fidelity: known unimicro §7 – 150101 phone, 150102 mobile, 150103 fax."""
    if draft.final("Type") not in _PHONES:
        batch.wrong(draft, "Type", "is no kind of phone")


def customer_action(books: Books, row: Row, action: str) -> Row:
    """PUT customers?action=…&ID=. Raises ApiError.

    Fidelity: known unimicro §4 – customers are not deleted but blocked, activated and deactivated
    Fidelity: assumed unimicro §4 – StatusCode is then 70001, 30001 and 50001
    """
    if action not in _ACTIONS:
        raise ApiError(f"Unknown action '{action}'")
    books.change("Customer", row, {"StatusCode": _ACTIONS[action]})
    return row


def check_product(batch: Batch, draft: Draft) -> None:
    """Fidelity: assumed unimicro §7 – a product needs a Name; PartName comes from a series when it is missing
    Fidelity: assumed unimicro §7 – PriceIncVat follows from PriceExVat and the VAT type, which is 25 % when not given
    """
    _named(batch, draft)
    if not draft.values.get("PartName"):
        draft.values.pop("PartName", None)
    unique(batch, draft, "PartName")
    if draft.new:
        draft.values["StatusCode"] = PRODUCT_ACTIVE
        draft.values.setdefault("Type", 3)
    if draft.final("Type") not in (None, 1, 2, 3):
        batch.wrong(draft, "Type", "is no kind of product")
    if draft.final("VatTypeID") is None:
        usual = batch.books.tables["VatType"].first("VatCode", "3")
        draft.values["VatTypeID"] = usual["ID"] if usual else None
    kind = batch.books.get("VatType", draft.final("VatTypeID"))
    factor = 1 + Decimal(kind["VatPercent"] if kind else 0) / 100
    net, gross = draft.values.get("PriceExVat"), draft.values.get("PriceIncVat")
    if net is not None:
        draft.values["PriceIncVat"] = rounded(net * factor)
    elif gross is not None:
        draft.values["PriceExVat"] = rounded(gross / factor)


def finish_product(batch: Batch, draft: Draft) -> None:
    """A number of the series for a product without one."""
    _from_series(batch, draft, "PartName", PRODUCT_SERIES)


def check_project(batch: Batch, draft: Draft) -> None:
    """Fidelity: assumed unimicro §7 – a project needs a Name; ProjectNumber comes from a series when it is missing."""
    _named(batch, draft)
    if not draft.values.get("ProjectNumber"):
        draft.values.pop("ProjectNumber", None)
    unique(batch, draft, "ProjectNumber")
    if draft.new:
        draft.values["StatusCode"] = ACTIVE
    number = str(draft.values.get("ProjectNumber") or "")
    if number.isascii() and number.isdigit() and len(number) < 10:
        draft.values["ProjectNumberNumeric"] = int(number)


def finish_project(batch: Batch, draft: Draft) -> None:
    """A number of the series for a project without one."""
    _from_series(batch, draft, "ProjectNumber", PROJECT_SERIES)


def _from_series(batch: Batch, draft: Draft, field: str, series: str) -> None:
    if draft.row is None or draft.row.get(field):
        return
    table = batch.books.tables[draft.entity.name]
    number = batch.books.next_number(series, lambda each: bool(table.keys(field, str(each))))
    table.change(draft.row, {field: str(number)})


def check_department(batch: Batch, draft: Draft) -> None:
    """A department needs a name; its number is unique."""
    _named(batch, draft)
    unique(batch, draft, "DepartmentNumber")


def check_named(batch: Batch, draft: Draft) -> None:
    """Whatever only needs a name."""
    _named(batch, draft)


def product_transition(books: Books, row: Row, action: str) -> Row:
    """POST products/{id}?action=…. Raises ApiError.

    Fidelity: known unimicro §5 – Discard, Delete, Reactivate
    Fidelity: assumed unimicro §7 – a product that is on an invoice cannot be deleted
    """
    moves = {"discard": (PRODUCT_ACTIVE, PRODUCT_DISCARDED), "reactivate": (PRODUCT_DISCARDED, PRODUCT_ACTIVE)}
    if action.lower() == "delete":
        if books.tables["CustomerInvoiceItem"].first("ProductID", row["ID"]) is not None:
            raise RuleBroken("The product is in use", "Product", key=row["ID"])
        books.change("Product", row, {"StatusCode": PRODUCT_DELETED, "Deleted": True})
        return row
    if action.lower() not in moves:
        raise ApiError(f"Unknown action '{action}'")
    before, after = moves[action.lower()]
    if row.get("StatusCode") != before:
        raise RuleBroken(f"'{action}' is not possible now", "Product", "StatusCode", row["ID"])
    books.change("Product", row, {"StatusCode": after})
    return row


def nothing(_batch: Batch, _draft: Draft) -> None:
    """No more to do."""


def need_unused(books: Books, entity: str, row: Row) -> None:
    """Rows that others refer to stay. Raises RuleBroken.

    Fidelity: assumed unimicro §5 – what is in use cannot be deleted
    """
    uses: dict[str, tuple[tuple[str, str], ...]] = {
        "Customer": (("CustomerInvoice", "CustomerID"), ("CustomerOrder", "CustomerID")),
        "Project": (("Dimensions", "ProjectID"),),
        "Department": (("Dimensions", "DepartmentID"),),
        "Product": (("CustomerInvoiceItem", "ProductID"),),
        "BusinessRelation": (("Customer", "BusinessRelationID"),),
        "Dimensions": (("CustomerInvoiceItem", "DimensionsID"), ("CustomerInvoice", "DefaultDimensionsID")),
    }
    for other, field in uses.get(entity, ()):
        if books.tables[other].first(field, row["ID"]) is not None:
            raise RuleBroken(f"{entity} {row['ID']} is in use", entity, key=row["ID"])


def value_or(row: Row | None, name: str, instead: Any = None) -> Any:
    """A field of a row that may not be there."""
    found = None if row is None else row.get(name)
    return instead if found is None else found
