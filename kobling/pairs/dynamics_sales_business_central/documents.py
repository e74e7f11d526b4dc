"""Sales orders and posted invoices, with lines; opportunities."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from kobling.mapping import (
    Codec,
    Condition,
    DeletionPolicy,
    Direction,
    Evidence,
    FieldMapping,
    LivesOn,
    MatchRule,
    Resolver,
    TableMapping,
    end,
)
from kobling.mapping.codecs import DAY, NUMBER, Values, number_with_decimals, text_up_to
from kobling.mapping.references import KEEP, reference
from kobling.pairs.dynamics_sales_business_central.codecs import (
    OWNER,
    SALES_CURRENCY,
    SALESPERSON,
    by_code,
    central_currency,
)
from kobling.pairs.dynamics_sales_business_central.delivery import ship_to, terms
from kobling.pairs.dynamics_sales_business_central.lines import central_lines, sales_lines
from kobling.pairs.dynamics_sales_business_central.options import rules
from kobling.pairs.dynamics_sales_business_central.sums import CENTRAL_DISCOUNT, SALES_DISCOUNT, SALES_SUMS
from kobling.records import N_, exact

SUBMITTED = 1
_DELIVERED = (3, 4)
"""statecode of an order that was fulfilled or invoiced."""
_WON_OR_LOST = (1, 2)
_POSTED = ("Open", "Paid", "Canceled", "Corrective")
_ORE = number_with_decimals(2)
_REFERRED = ("customers", "units", "currencies", "price_groups", "items", "resources")
_ACTIVE_BILLED, _PAID_COMPLETE, _PAID_PARTIAL, _CANCELED = (0, 4), (2, 100001), (2, 100002), (3, 100003)
"""statecode and statuscode of an invoice (dataverse §10, bc_crm_rules §4)."""


def orders(options: Mapping[str, Any]) -> TableMapping:
    """Submitted orders ↔ orders. The order's number travels as the external document number and finds it again.

    An order that was posted disappears in Business Central: its coupling ends, its invoice goes its own way.
    """
    direction = Direction.BOTH if options["orders"] == "both" else Direction.TO_RIGHT
    return TableMapping(
        name="orders",
        label=N_("Sales orders"),
        left="salesorders",
        right="salesOrders",
        title_key="reference",
        fields=(
            _REFERENCE,
            _customer(),
            *_money(options),
            _DELIVERY,
            ship_to(options),
            *terms(),
            _lines(options, tax=False),
            _proof("total_excl_vat", "totalamountlessfreight", "totalAmountExcludingTax", N_("Total excluding VAT")),
        ),
        match=(MatchRule(("reference",), Evidence.AGREEING, ("customer", "currency", "total_excl_vat")),),
        depends_on=(*_REFERRED, "payment_terms", "shipment_methods", "opportunities"),
        left_filter=(
            Condition("statecode", "equals", SUBMITTED, over=_DELIVERED, kept=(0,)),
            *_from_day(options, "createdon"),
        ),
        right_filter=_from_day(options, "orderDate"),
        right_constants={"pricesIncludeTax": False},
        lives_on=LivesOn("salesInvoices", "externalDocumentNumber", "reference", "number"),
        deletion=DeletionPolicy.UNCOUPLE,
        **rules(options, direction) | {"only_coupled": False},
    )


_REFERENCE = FieldMapping(
    "reference",
    end("ordernumber"),
    end("externalDocumentNumber", codec=text_up_to(35)),
    Direction.TO_RIGHT,
    frozen=True,
    label=N_("Order number"),
)


def _from_day(options: Mapping[str, Any], path: str) -> tuple[Condition, ...]:
    """History that stays out, unless it was asked for."""
    since = options["invoices_from"]
    return () if since in ("", "all") else (Condition(path, "at_least", since),)


_DELIVERY = FieldMapping(
    "delivery",
    end("requestdeliveryby", codec=DAY),
    end("requestedDeliveryDate", codec=DAY),
    clear=False,
    label=N_("Requested delivery"),
    light=True,
)


def invoices(options: Mapping[str, Any]) -> TableMapping:
    """Posted invoices → invoices, with number, amounts and whether they are paid. Nothing posted is ever written to."""
    return TableMapping(
        name="invoices",
        label=N_("Invoices"),
        left="invoices",
        right="salesInvoices",
        title_key="number",
        fields=(
            FieldMapping("number", end("invoicenumber", "name", codec=_NUMBER_AND_NAME), end("number"), frozen=True),
            _customer(),
            *_money(options),
            FieldMapping(
                "due", end("duedate", codec=DAY), end("dueDate", codec=DAY), clear=False, label=N_("Due date")
            ),
            ship_to(options),
            _lines(options, tax=True),
            _proof("total_excl_vat", "totalamountlessfreight", "totalAmountExcludingTax", N_("Total excluding VAT")),
            _proof("total_incl_vat", "totalamount", "totalAmountIncludingTax", N_("Total including VAT")),
            FieldMapping(
                "status",
                end("statecode", "statuscode", codec=SALES_STATUS),
                end("status", "remainingAmount", "totalAmountIncludingTax", codec=CENTRAL_STATUS),
                clear=False,
                after_proof=True,
                label=N_("Status"),
            ),
        ),
        match=(MatchRule(("number",), Evidence.AGREEING, ("customer", "currency", "total_incl_vat")),),
        depends_on=(*_REFERRED, "orders"),
        right_filter=(Condition("status", "in", _POSTED), *_from_day(options, "invoiceDate")),
        deletion=DeletionPolicy.ASK,
        create_right=False,
        **rules(options, Direction.TO_LEFT) | {"only_coupled": False},
    )


def opportunities(options: Mapping[str, Any]) -> TableMapping:
    """Opportunities: the text both ways, value and closing date from Business Central."""
    return TableMapping(
        name="opportunities",
        label=N_("Opportunities"),
        left="opportunities",
        right="opportunities",
        fields=(
            FieldMapping("name", end("name"), end("description", codec=text_up_to(100)), clear=False, label=N_("Name")),
            FieldMapping(
                "contact",
                end("parentcontactid", codec=reference("contacts")),
                end("contactNumber", codec=by_code("contacts", "contacts", "number")),
                clear=False,
                scopes=True,
                label=N_("Contact"),
            ),
            FieldMapping(
                "value",
                end("estimatedvalue", codec=NUMBER),
                end("estimatedValue", codec=NUMBER),
                Direction.TO_LEFT,
                clear=False,
                label=N_("Estimated value"),
            ),
            FieldMapping(
                "closing",
                end("estimatedclosedate", codec=DAY),
                end("estimatedClosingDate", codec=DAY),
                Direction.TO_LEFT,
                clear=False,
                label=N_("Estimated closing date"),
            ),
        ),
        match=(MatchRule(("name", "contact")),),
        depends_on=("contacts",),
        left_filter=(Condition("statecode", "equals", 0, over=_WON_OR_LOST), Condition("parentcontactid", "filled")),
        right_filter=(Condition("status", "in", ("Not Started", "In Progress"), over=("Won", "Lost")),),
        **rules(options),
    )


def _customer() -> FieldMapping:
    return FieldMapping(
        "customer",
        end("customerid_account", codec=reference("customers")),
        end("customerId", codec=reference("customers")),
        clear=False,
        needed=True,
        label=N_("Customer"),
    )


def _money(options: Mapping[str, Any]) -> tuple[FieldMapping, ...]:
    owner = FieldMapping(
        "salesperson",
        end("ownerid_systemuser", codec=OWNER),
        end("salesperson", codec=SALESPERSON),
        Direction.TO_LEFT,
        clear=False,
        label=N_("Salesperson"),
    )
    return (
        FieldMapping(
            "currency",
            end("transactioncurrencyid", codec=SALES_CURRENCY),
            end("currencyCode", codec=central_currency(options["base_currency"], named=True)),
            clear=False,
            frozen=True,
            label=N_("Currency"),
        ),
        FieldMapping(
            "in_currency",
            end("transactioncurrencyid", codec=SALES_CURRENCY),
            end("currencyCode", codec=central_currency(options["base_currency"])),
            proof=True,
            label=N_("Currency"),
        ),
        *((owner,) if options["ownership"] == "person" else ()),
        FieldMapping(
            "discount",
            end("discountamount", "discountpercentage", "totallineitemamount", codec=SALES_DISCOUNT),
            end("discountAmount", "pricesIncludeTax", "lines", "totalAmountExcludingTax", codec=CENTRAL_DISCOUNT),
            label=N_("Discount"),
        ),
    )


def _lines(options: Mapping[str, Any], *, tax: bool) -> FieldMapping:
    right = central_lines(options["write_in_item"], tax=tax)
    left = end("lines", *SALES_SUMS, codec=sales_lines(tax=tax))
    right_end = end("lines", "pricesIncludeTax", codec=right)
    return FieldMapping("lines", left, right_end, needed=True, label=N_("Lines"))


def _proof(key: str, left: str, right: str, label: str) -> FieldMapping:
    return FieldMapping(key, end(left, codec=_ORE), end(right, codec=_ORE), proof=True, label=label)


_NUMBER_AND_NAME = Codec(
    "number_and_name",
    lambda values, _side, _resolver: values[0] or None,
    lambda value, _side, _resolver: (value, value),
)


def _read_central_status(values: Values, _side: str, _resolver: Resolver | None) -> Any:
    status, remaining, total = values
    if status in ("Canceled", "Corrective"):
        return "canceled"
    left, whole = (exact(each) if each is not None else Decimal(0) for each in (remaining, total))
    if status == "Paid" or (left == 0 and whole != 0):
        return "paid"
    return "partly_paid" if left < whole else "billed"


CENTRAL_STATUS = Codec("central_status", _read_central_status, lambda _value, _side, _resolver: (KEEP, KEEP, KEEP))
_BY_STATUS = {"billed": _ACTIVE_BILLED, "paid": _PAID_COMPLETE, "partly_paid": _PAID_PARTIAL, "canceled": _CANCELED}
_BACK = {state: word for word, state in _BY_STATUS.items()}


def _read_sales_status(values: Values, _side: str, _resolver: Resolver | None) -> Any:
    state, status = (None if each is None else int(each) for each in values)
    if state is None:
        return None
    return _BACK.get((state, status or 0), "new" if state == 0 else "canceled" if state == 3 else "paid")


SALES_STATUS = Codec("sales_status", _read_sales_status, lambda value, _side, _resolver: _BY_STATUS[value])
