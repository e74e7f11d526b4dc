"""Stock that documents take and give back; no product is saved by it, so no modifiedtime moves."""

from __future__ import annotations

from collections.abc import Iterable

from kobling_simulators.simply_crm.store import Line, Row, Store
from kobling_simulators.simply_crm.values import fixed, to_decimal

_CANCELLED = "Cancel"


def move(store: Store, lines: Iterable[Line], sign: int) -> None:
    """Take the quantities of product lines from stock (-1) or put them back (+1)."""
    for line in lines:
        parts, row = store.split(line.product), store.find_any(line.product)
        if parts is not None and parts[0] == "Products" and row is not None:
            stock = to_decimal(row.values.get("qtyinstock")) + sign * to_decimal(line.quantity)
            row.values["qtyinstock"] = fixed(stock, 3)


def take(store: Store, row: Row) -> None:
    """Take the lines of a document from stock, unless it is cancelled."""
    if row.values.get("invoicestatus") != _CANCELLED:
        _take_lines(store, row)


def give_back(store: Store, lines: Iterable[Line]) -> None:
    """Put back what these lines took."""
    move(store, [line for line in lines if line.on_stock], +1)


def replaced(store: Store, row: Row, old: list[Line], status_before: str) -> None:
    """The stock after a web service write replaced the lines of a document.

    Fidelity: known simply_crm §10.3 – recording 96: the old quantities are put back twice, the new taken once
    Fidelity: inferred simply_crm §10.3 – code of updateInventoryProductRel: what a changed status does then
    """
    give_back(store, old)
    take(store, row)
    give_back(store, old)
    status = row.values.get("invoicestatus", "")
    if status != status_before and _CANCELLED in (status, status_before):
        if status == _CANCELLED and not any(line.on_stock for line in old):
            move(store, row.lines, +1)
        elif status_before == _CANCELLED:
            move(store, row.lines, -1)


def status_changed(store: Store, row: Row, status_before: str) -> None:
    """The stock after a write without lines.

    Fidelity: known simply_crm §10.3 – Cancel gives the quantities back
    Fidelity: inferred simply_crm §10.3 – code of updateInventoryProductRel: any other status after Cancel takes
    """
    status = row.values.get("invoicestatus", "")
    if status == status_before:
        return
    if status == _CANCELLED:
        move(store, row.lines, +1)
        for line in row.lines:
            line.on_stock = False
    elif status_before == _CANCELLED:
        _take_lines(store, row)


def binned_on_screen(store: Store, row: Row) -> None:
    """Put back the quantities of a document that a person deletes, unless it is cancelled."""
    if row.values.get("invoicestatus") != _CANCELLED:
        move(store, row.lines, +1)


def _take_lines(store: Store, row: Row) -> None:
    move(store, row.lines, -1)
    for line in row.lines:
        line.on_stock = True
