"""Single reports of people who do this job, each played once as it was told: what happened to them does not happen."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from tests.story.books import coupled, goods, invoice, kinds, order, theirs
from tests.story.dynamics import PAIR as SALES
from tests.story.dynamics import Dynamics
from tests.story.expenses import Expenses, ledger
from tests.story.world import PAIR as CRM
from tests.story.world import World

PLEO = "pleo-business-central"


def test_an_empty_country_moves_nothing(shop: World) -> None:
    (account,) = shop.control(shop.crm, "GET", "dump/Accounts")
    shop.control(shop.crm, "PATCH", f"records/Accounts/{account['id']}", {"bill_country": "Norge"})
    shop.kobling("sync", CRM, expect=None)
    shop.control(shop.crm, "PATCH", f"records/Accounts/{account['id']}", {"bill_country": ""})
    shop.kobling("sync", CRM, expect=None)
    (contact,) = shop.control(shop.dinero, "GET", "dump/contacts")
    assert contact["CountryKey"] == "NO"


def test_a_name_in_composed_and_decomposed_letters_is_one_customer(shop: World) -> None:
    shop.control(shop.crm, "POST", "records/Accounts", {"accountname": "Ågård Øl ApS"})
    shop.control(shop.dinero, "POST", "records/contacts", {"Name": "A\u030agård Øl ApS"})
    shop.kobling("sync", CRM, expect=None)
    assert kinds(shop, CRM) == ["maybe_same"], "asked about, and made on neither side"
    assert len(shop.control(shop.dinero, "GET", "dump/contacts")) == 2


def test_a_line_of_a_deleted_product_keeps_its_name_on_the_invoice(shop: World) -> None:
    invoice(shop, "Værktøj", "500")
    (product,) = shop.control(shop.crm, "GET", "dump/Products")
    shop.control(shop.crm, "DELETE", f"records/Products/{product['id']}")
    shop.kobling("sync", CRM, "--confirm", "side_empty", expect=None)
    told = theirs(shop)["Værktøj"]["ProductLines"]
    assert [each["Description"] for each in told] == ["Mursten"]


def test_one_way_is_one_way_for_roundings_too(shop: World) -> None:
    shop.kobling("pair", "set", CRM, "direction=crm_to_dinero", expect=None)
    invoice(shop, "Afrunding", "33.335", quantity="3")
    (before,) = shop.control(shop.crm, "GET", "dump/Invoice")
    for _ in range(2):
        shop.kobling("sync", CRM, expect=None)
    (after,) = shop.control(shop.crm, "GET", "dump/Invoice")
    unmoved = ("hdnGrandTotal", "txtAdjustment", "modifiedby")
    assert [before[name] for name in unmoved] == [after[name] for name in unmoved]


@pytest.mark.parametrize("shown", [True, False])
def test_an_invoice_that_dinero_shows_with_vat_comes_to_the_same(shop: World, shown: bool) -> None:
    guid = shop.control(shop.dinero, "GET", "dump/contacts")[0]["ContactGuid"]
    goods = shop.control(shop.dinero, "GET", "dump/products")[0]["ProductGuid"]
    line = {"ProductGuid": goods, "Quantity": 1, "BaseAmountValue": 125, "AccountNumber": 1000, "Discount": 0}
    told = {"ContactGuid": guid, "Date": "2026-11-02", "Description": "Stol", "ShowLinesInclVat": shown}
    shop.control(shop.dinero, "POST", "records/invoices", told | {"ProductLines": [line | {"Unit": "parts"}]})
    shop.kobling("sync", CRM, expect=None)
    (made,) = shop.control(shop.crm, "GET", "dump/Invoice")
    assert round(float(made["hdnGrandTotal"]), 2) == float(theirs(shop)["Stol"]["TotalInclVat"])


def posted(world: Dynamics, lines: list[dict[str, Any]], customer: str, **header: Any) -> dict[str, Any]:
    """Somebody makes and posts an invoice in Business Central."""
    wanted = {"customerId": customer, "salesInvoiceLines": lines, **header}
    made = world.control(world.central, "POST", "records/salesInvoices", wanted)
    world.control(world.central, "PATCH", f"records/salesInvoices/{made['id']}", {"Action": "post"})
    return next(each for each in world.dump(world.central, "salesInvoices") if each["id"] == made["id"])


def in_sales(world: Dynamics, number: str) -> list[tuple[float, float]]:
    """Its totals there, without and with VAT."""
    found = [each for each in world.dump(world.sales, "invoices") if each["invoicenumber"] == number]
    return [(float(each["totalamountlessfreight"]), float(each["totalamount"])) for each in found]


def test_a_line_of_a_resource_that_is_not_published_becomes_text_with_its_amount(trade: Dynamics) -> None:
    _, customer = coupled(trade)[0]
    resource = trade.dump(trade.central, "resources")[0]
    line = {"lineType": "Resource", "lineObjectNumber": resource["number"], "quantity": 2, "unitPrice": 900}
    made = posted(trade, [line], customer["id"])
    trade.kobling("sync", SALES, expect=None)
    wanted = (float(made["totalAmountExcludingTax"]), float(made["totalAmountIncludingTax"]))
    assert in_sales(trade, made["number"]) == [wanted]


def test_prices_with_vat_do_not_get_it_once_more(trade: Dynamics) -> None:
    _, customer = coupled(trade)[0]
    _, item = goods(trade)
    trade.control(trade.central, "POST", "config", {"prices_include_tax": [customer["number"]]})
    made = posted(trade, [{"itemId": item["id"], "quantity": 1, "unitPrice": 1250}] * 3, customer["id"])
    trade.control(trade.central, "POST", "config", {"prices_include_tax": []})
    assert made["pricesIncludeTax"]
    trade.kobling("sync", SALES, expect=None)
    wanted = (float(made["totalAmountExcludingTax"]), float(made["totalAmountIncludingTax"]))
    assert in_sales(trade, made["number"]) == [wanted]


def test_one_record_that_may_not_be_written_stops_no_other(trade: Dynamics) -> None:
    (barred, customer), (free, _) = coupled(trade)[:2]
    trade.control(trade.sales, "POST", "config", {"no_rights": {barred["accountid"]: ["write"]}})
    trade.control(trade.central, "PATCH", f"records/customers/{customer['id']}", {"phoneNumber": "75 55 00 11"})
    made = order(trade, free["accountid"], 500)
    trade.kobling("sync", SALES, expect=None)
    trade.control(trade.sales, "POST", "config", {"no_rights": {}})
    there = [each["externalDocumentNumber"] for each in trade.dump(trade.central, "salesOrders")]
    assert made["ordernumber"] in there
    told = trade.kobling("issues", SALES, "--kind", "refused", "--json", expect=None)
    assert barred["accountid"] in [each["left_id"] for each in told]


def test_reverse_charge_is_booked_and_told_as_done(taught: Expenses) -> None:
    world = taught
    world.kobling("pair", "set", PLEO, "posting=posted", expect=None)
    world.control(world.central, "POST", "config", {"reverse_charge": ["INDENL MOMS0"]})
    try:
        entry = world.spend(amount=100_000, tax="MOMS0", supplier="Annoncer Ltd")
        world.export(entry)
        world.sync()
        item = world.items()[entry["id"]]
        booked = ledger(world, item["externalId"])
    finally:
        world.control(world.central, "POST", "config", {"reverse_charge": []})
    assert (item["status"], item["failureReason"]) == ("successful", None)
    assert booked["4010"] == Decimal(1000) and sum(booked.values()) == 0


@pytest.mark.parametrize("by_hand", [False, True])
def test_a_voucher_that_gets_another_number_is_told_by_it_and_never_booked_twice(
    taught: Expenses, by_hand: bool
) -> None:
    world = taught
    world.kobling("pair", "set", PLEO, "posting=draft" if by_hand else "posting=posted", expect=None)
    world.control(world.central, "POST", "config", {"posting_series": {"STANDARD": "BOG-0099"}})
    try:
        entry = world.spend(amount=20_000, tax="MOMS25", supplier="Føtex")
        world.export(entry)
        world.sync()
        if by_hand:
            journal = next(each for each in world.dump(world.central, "journals") if each["code"] == "DAGLIG")
            world.control(world.central, "PATCH", f"records/journals/{journal['id']}", {"Action": "post"})
        job = world.export(entry)
        world.sync()
    finally:
        world.control(world.central, "POST", "config", {"posting_series": {}})
    item = world.items()[entry["id"]]
    assert (item["status"], item["externalId"], world.job(job)["status"]) == ("successful", "BOG-0099", "completed")
    numbers = {each["documentNumber"] for each in world.dump(world.central, "generalLedgerEntries")}
    assert len([each for each in numbers if each.startswith("BOG-")]) == 1
    assert kinds(world, PLEO) == []


def test_two_equal_expenses_of_a_day_are_each_told_by_their_own_number(taught: Expenses) -> None:
    world = taught
    world.kobling("pair", "set", PLEO, "posting=posted", expect=None)
    world.control(world.central, "POST", "config", {"posting_series": {"STANDARD": "BOG-0099"}})
    try:
        entries = [world.spend(amount=20_000, tax="MOMS25", supplier="Føtex") for _ in range(2)]
        world.export(*entries)
        world.sync()
    finally:
        world.control(world.central, "POST", "config", {"posting_series": {}})
    told = {world.items()[each["id"]]["externalId"] for each in entries}
    assert told == {"BOG-0099", "BOG-0100"}
