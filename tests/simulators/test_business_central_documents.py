"""Quotes, orders, invoices and credit memos of Business Central: totals, posting, corrections."""

from __future__ import annotations

from collections.abc import AsyncIterator
from decimal import Decimal
from typing import Any

import pytest

from tests.simulators.central import Central, central


@pytest.fixture
async def bc() -> AsyncIterator[Central]:
    async with central() as client:
        client.customer = await client.make("customers", displayName="Bøgh", country="DK", email="a@b.example")  # type: ignore[attr-defined]
        client.item = await client.make("items", displayName="Skrue", unitPrice=12.5, number="SK-1")  # type: ignore[attr-defined]
        yield client


async def document(bc: Any, kind: str, *lines: dict[str, Any], **values: Any) -> dict[str, Any]:
    """A draft with lines, by default one of two screws."""
    given = [{"itemId": bc.item["id"], "quantity": 2}] if not lines else list(lines)
    name = f"{kind.removesuffix('s')}Lines"
    row: dict[str, Any] = await bc.make(kind, **{"customerId": bc.customer["id"], name: given, **values})
    return row


async def posted(bc: Any, *lines: dict[str, Any], **values: Any) -> dict[str, Any]:
    row = await document(bc, "salesInvoices", *lines, **values)
    answer = await bc.act(f"salesInvoices({row['id']})", "post")
    assert answer.status == 204, answer.content
    read: dict[str, Any] = await bc.one(f"salesInvoices({row['id']})")
    return read


def sums(row: dict[str, Any]) -> tuple[Any, Any, Any]:
    return row["totalAmountExcludingTax"], row["totalTaxAmount"], row["totalAmountIncludingTax"]


async def test_a_document_takes_over_what_the_customer_says(bc: Any) -> None:
    terms = await bc.one("paymentTerms?$filter=code eq '30D'")
    await bc.patch(
        f"customers({bc.customer['id']})",
        {"addressLine1": "Nørregade 1", "paymentTermsId": terms["id"], "salespersonCode": "ML", "currencyCode": "EUR"},
    )
    row = await document(bc, "salesInvoices", invoiceDate="2026-01-10")
    assert (row["customerName"], row["customerNumber"]) == ("Bøgh", bc.customer["number"])
    assert (row["sellToAddressLine1"], row["billToAddressLine1"], row["shipToName"]) == (
        "Nørregade 1",
        "Nørregade 1",
        "Bøgh",
    )
    assert (row["dueDate"], row["salesperson"], row["currencyCode"]) == ("2026-02-09", "ML", "EUR")
    assert (row["status"], row["postingDate"]) == ("Draft", "2026-01-10")


async def test_a_document_without_a_customer_is_refused(bc: Any) -> None:
    for body in ({}, {"customerId": "00000000-0000-0000-0000-000000000000"}):
        refused = await bc.post("salesInvoices", body)
        assert (refused.status, refused.code) == (400, "BadRequest_RequiredParamNotProvided")
    wrong = await bc.post("salesInvoices", {"customerNumber": "NOBODY"})
    assert wrong.code == "Internal_InvalidTableRelation"


async def test_totals_are_made_of_lines_discounts_and_tax(bc: Any) -> None:
    row = await document(
        bc,
        "salesOrders",
        {"itemId": bc.item["id"], "quantity": 3, "unitPrice": 33.33, "discountPercent": 10},
        {"lineType": "Item", "lineObjectNumber": "sk-1", "quantity": 1.5},
        {"lineType": "Account", "lineObjectNumber": "1010", "quantity": 1, "unitPrice": 100, "taxCode": "MOMS0"},
        {"lineType": "Comment", "description": "Tak 😀"},
    )
    assert sums(row) == (Decimal("208.74"), Decimal("27.19"), Decimal("235.93"))
    lines = await bc.rows(f"salesOrders({row['id']})/salesOrderLines")
    assert [line["sequence"] for line in lines] == [10000, 20000, 30000, 40000]
    assert [line["discountAmount"] for line in lines] == [10, 0, 0, 0]
    assert [line["taxPercent"] for line in lines] == [25, 25, 0, 0]


async def test_totals_follow_every_change_of_a_line_and_of_the_discount(bc: Any) -> None:
    row = await document(bc, "salesInvoices")
    path = f"salesInvoices({row['id']})"
    (line,) = await bc.rows(f"{path}/salesInvoiceLines")
    await bc.patch(f"{path}/salesInvoiceLines({line['id']})", {"quantity": 4})
    assert sums(await bc.one(path)) == (50, Decimal("12.5"), Decimal("62.5"))
    more = await bc.make(f"{path}/salesInvoiceLines", itemId=bc.item["id"], quantity=4)
    assert sums(await bc.one(path)) == (100, 25, 125)
    await bc.patch(path, {"discountAmount": 10})
    assert sums(await bc.one(path)) == (90, Decimal("22.5"), Decimal("112.5"))
    assert [one["invoiceDiscountAllocation"] for one in await bc.rows(f"{path}/salesInvoiceLines")] == [5, 5]
    await bc.patch(path, {"discountAmount": 0})
    await bc.delete(f"salesInvoiceLines({more['id']})")
    assert sums(await bc.one(path)) == (50, Decimal("12.5"), Decimal("62.5"))
    assert (await bc.patch(path, {"discountAmount": 51})).status == 400


async def test_prices_with_tax_give_the_same_total(bc: Any) -> None:
    row = await document(
        bc, "salesOrders", {"itemId": bc.item["id"], "quantity": 1, "unitPrice": 125}, pricesIncludeTax=True
    )
    assert sums(row) == (100, 25, 125)


async def test_customers_abroad_pay_no_tax_and_a_currency_has_its_own_smallest_unit(bc: Any) -> None:
    german = await bc.make("customers", displayName="Müller", country="DE", currencyCode="JPY")
    row = await document(
        bc, "salesInvoices", {"itemId": bc.item["id"], "quantity": 3, "unitPrice": 33.5}, customerId=german["id"]
    )
    assert sums(row) == (101, 0, 101)


@pytest.mark.parametrize(
    "line",
    [
        {"quantity": 1, "lineType": "Item"},
        {"quantity": 1},
        {"lineType": "Comment", "quantity": 1, "description": "x"},
        {"lineType": "Item", "lineObjectNumber": "NONE", "quantity": 1},
        {"lineType": "Fixed Asset", "lineObjectNumber": "FA1", "quantity": 1},
        {"lineType": "Account", "lineObjectNumber": "5410", "quantity": 1},
        {"lineType": "Account", "lineObjectNumber": "4090", "quantity": 1},
        {"lineType": "Account", "lineObjectNumber": "1000", "quantity": 1},
        {"lineType": "Item", "lineObjectNumber": "SK-1", "quantity": 1, "taxCode": "NONE"},
        {"lineType": "Item", "lineObjectNumber": "SK-1", "quantity": 1, "discountPercent": 101},
        {"lineType": "Item", "lineObjectNumber": "SK-1", "quantity": 1, "description": "x" * 101},
        {"lineType": "Item", "lineObjectNumber": "SK-1", "quantity": 1, "taxPercent": 25},
        {"lineType": "Item", "lineObjectNumber": "SK-1", "quantity": 1, "nothing": 25},
    ],
)
async def test_one_wrong_line_refuses_the_whole_document(bc: Any, line: dict[str, Any]) -> None:
    good = {"itemId": bc.item["id"], "quantity": 1}
    body = {"customerId": bc.customer["id"], "salesOrderLines": [good, line]}
    refused = await bc.post("salesOrders", body)
    assert refused.status == 400, refused.content
    assert await bc.rows("salesOrders") == []
    assert (await document(bc, "salesOrders"))["number"] == "S-OR101001"


async def test_a_line_is_about_an_item_or_an_account_not_both(bc: Any) -> None:
    account = await bc.one("accounts?$filter=number eq '1010'")
    row = await document(bc, "salesOrders")
    refused = await bc.post(
        f"salesOrders({row['id']})/salesOrderLines",
        {"itemId": bc.item["id"], "accountId": account["id"], "quantity": 1},
    )
    assert refused.status == 400 and "both" in refused.message


async def test_sequence_document_and_object_of_a_line_never_change(bc: Any) -> None:
    row = await document(bc, "salesOrders")
    (line,) = await bc.rows(f"salesOrders({row['id']})/salesOrderLines")
    for body in ({"sequence": 5}, {"documentId": bc.item["id"]}, {"lineObjectNumber": "X"}):
        assert (await bc.patch(f"salesOrderLines({line['id']})", body)).status == 400
    assert (await bc.patch(f"salesOrderLines({line['id']})", {"sequence": 10000, "quantity": 5})).status == 200


async def test_lines_go_in_by_the_document_id_too_but_not_into_another_parent(bc: Any) -> None:
    row, other = await document(bc, "salesOrders"), await document(bc, "salesOrders")
    made = await bc.make("salesOrderLines", documentId=row["id"], itemId=bc.item["id"], quantity=1)
    assert made["documentId"] == row["id"]
    assert (await bc.get(f"salesOrders({other['id']})/salesOrderLines({made['id']})")).status == 404
    body = {"documentId": row["id"], "itemId": bc.item["id"], "quantity": 1}
    assert (await bc.post(f"salesOrders({other['id']})/salesOrderLines", body)).status == 400
    assert (await bc.post("salesOrderLines", {"itemId": bc.item["id"]})).status == 400


async def test_a_deep_patch_is_refused(bc: Any) -> None:
    row = await document(bc, "salesOrders")
    assert (await bc.patch(f"salesOrders({row['id']})", {"salesOrderLines": []})).status == 400


@pytest.mark.parametrize(
    ("blocked", "kind", "status"),
    [
        ("All", "salesCreditMemos", 400),
        ("Invoice", "salesInvoices", 400),
        ("Invoice", "salesCreditMemos", 201),
        ("Ship", "salesOrders", 400),
        ("Ship", "salesInvoices", 201),
    ],
)
async def test_blocked_customers_get_no_new_documents(bc: Any, blocked: str, kind: str, status: int) -> None:
    await bc.patch(f"customers({bc.customer['id']})", {"blocked": blocked})
    assert (await bc.post(kind, {"customerId": bc.customer["id"]})).status == status


async def test_blocked_items_go_on_no_line(bc: Any) -> None:
    await bc.patch(f"items({bc.item['id']})", {"blocked": True})
    body = {"customerId": bc.customer["id"], "salesOrderLines": [{"itemId": bc.item["id"], "quantity": 1}]}
    assert (await bc.post("salesOrders", body)).status == 400


async def test_posting_keeps_the_id_changes_the_number_and_balances_the_ledger(bc: Any) -> None:
    draft = await document(bc, "salesInvoices")
    answer = await bc.act(f"salesInvoices({draft['id']})", "post")
    assert (answer.status, answer.content) == (204, b"")
    row = await bc.one(f"salesInvoices({draft['id']})")
    assert (row["status"], row["remainingAmount"]) == ("Open", Decimal("31.25"))
    assert row["number"] != draft["number"]
    entries = await bc.rows(f"generalLedgerEntries?$filter=documentNumber eq '{row['number']}'")
    assert {one["accountNumber"]: one["debitAmount"] - one["creditAmount"] for one in entries} == {
        "1010": -25,
        "5610": Decimal("-6.25"),
        "5410": Decimal("31.25"),
    }
    details = await bc.one(f"customers({bc.customer['id']})/customerFinancialDetails")
    assert (details["balance"], details["totalSalesExcludingTax"]) == (Decimal("31.25"), 25)
    assert (await bc.one(f"items({bc.item['id']})"))["inventory"] == -2


async def test_a_posted_invoice_never_changes_or_goes(bc: Any) -> None:
    row = await posted(bc)
    path = f"salesInvoices({row['id']})"
    (line,) = await bc.rows(f"{path}/salesInvoiceLines")
    refused = [
        await bc.patch(path, {"externalDocumentNumber": "X"}),
        await bc.patch(f"salesInvoiceLines({line['id']})", {"quantity": 1}),
        await bc.post(f"{path}/salesInvoiceLines", {"itemId": bc.item["id"], "quantity": 1}),
        await bc.delete(path),
        await bc.delete(f"salesInvoiceLines({line['id']})"),
        await bc.act(path, "post"),
    ]
    assert [one.status for one in refused] == [400] * 6
    assert (await bc.patch(path, {"promisedPayDate": "2027-01-01"})).status == 200
    assert (await bc.delete(f"customers({bc.customer['id']})")).status == 400


async def test_an_empty_invoice_and_a_locked_period_cannot_be_posted(bc: Any) -> None:
    empty = await document(bc, "salesInvoices", {"lineType": "Comment", "description": "x"})
    assert "nothing to post" in (await bc.act(f"salesInvoices({empty['id']})", "post")).message
    await bc.config(allow_posting_from="2026-11-01", allow_posting_to="2026-11-30")
    setup = await bc.one("generalLedgerSetup")
    assert (setup["allowPostingFrom"], setup["allowPostingTo"]) == ("2026-11-01", "2026-11-30")
    early = await document(bc, "salesInvoices", postingDate="2026-10-31")
    refused = await bc.act(f"salesInvoices({early['id']})", "post")
    assert refused.status == 400 and "allowed posting dates" in refused.message
    assert (await bc.one(f"salesInvoices({early['id']})"))["status"] == "Draft"
    assert await bc.rows("generalLedgerEntries") == []


async def test_an_order_becomes_a_posted_invoice_that_names_it(bc: Any) -> None:
    order = await document(bc, "salesOrders", externalDocumentNumber="rekv-1")
    assert (await bc.act(f"salesOrders({order['id']})", "shipAndInvoice")).status == 204
    assert (await bc.get(f"salesOrders({order['id']})")).status == 404
    invoice = await bc.one(f"salesInvoices?$filter=orderId eq {order['id']}")
    assert (invoice["orderNumber"], invoice["status"]) == (order["number"], "Open")
    assert invoice["externalDocumentNumber"] == "REKV-1"
    shipment = await bc.one("salesShipments?$expand=salesShipmentLines")
    assert (shipment["orderNumber"], len(shipment["salesShipmentLines"])) == (order["number"], 1)


async def test_a_quote_becomes_an_order_or_an_invoice(bc: Any) -> None:
    for action, target in (("makeOrder", "salesOrders"), ("makeInvoice", "salesInvoices")):
        quote = await document(bc, "salesQuotes")
        assert (await bc.act(f"salesQuotes({quote['id']})", action)).status == 204
        assert (await bc.get(f"salesQuotes({quote['id']})")).status == 404
        assert sums(await bc.one(target)) == (25, Decimal("6.25"), Decimal("31.25"))


async def test_cancelling_makes_a_corrective_credit_memo_and_leaves_nothing_to_pay(bc: Any) -> None:
    row = await posted(bc)
    assert (await bc.act(f"salesInvoices({row['id']})", "cancel")).status == 204
    after = await bc.one(f"salesInvoices({row['id']})")
    assert (after["status"], after["remainingAmount"]) == ("Canceled", 0)
    memo = await bc.one("salesCreditMemos")
    assert (memo["status"], memo["invoiceId"], memo["invoiceNumber"]) == ("Corrective", row["id"], row["number"])
    details = await bc.one(f"customers({bc.customer['id']})/customerFinancialDetails")
    assert details["balance"] == 0
    assert (await bc.act(f"salesInvoices({row['id']})", "cancel")).status == 400
    assert sum(one["netChange"] for one in await bc.rows("accounts")) == 0


async def test_a_corrective_credit_memo_can_be_made_as_a_draft(bc: Any) -> None:
    row = await posted(bc)
    assert (await bc.act(f"salesInvoices({row['id']})", "makeCorrectiveCreditMemo")).status == 204
    memo = await bc.one("salesCreditMemos?$expand=salesCreditMemoLines")
    assert (memo["status"], len(memo["salesCreditMemoLines"])) == ("Draft", 1)
    assert (await bc.act(f"salesCreditMemos({memo['id']})", "post")).status == 204
    details = await bc.one(f"customers({bc.customer['id']})/customerFinancialDetails")
    assert details["balance"] == 0


async def test_sending_needs_an_address(bc: Any) -> None:
    silent = await bc.make("customers", displayName="Uden mail")
    row = await document(bc, "salesInvoices", customerId=silent["id"])
    assert (await bc.act(f"salesInvoices({row['id']})", "postAndSend")).status == 400
    assert (await bc.one(f"salesInvoices({row['id']})"))["status"] == "Draft"
    other = await document(bc, "salesInvoices")
    assert (await bc.act(f"salesInvoices({other['id']})", "postAndSend")).status == 204


async def test_actions_exist_by_their_exact_name_and_by_post_only(bc: Any) -> None:
    row = await document(bc, "salesInvoices")
    path = f"salesInvoices({row['id']})"
    assert (await bc.act(path, "Post")).status == 404
    assert (await bc.act(path, "shipAndInvoice")).status == 404
    assert (await bc.get(f"{path}/Microsoft.NAV.post")).status == 405


async def test_foreign_invoices_are_in_their_currency_and_the_ledger_in_kroner(bc: Any) -> None:
    await bc.patch(f"customers({bc.customer['id']})", {"currencyCode": "EUR"})
    row = await posted(bc, {"itemId": bc.item["id"], "quantity": 1, "unitPrice": 100})
    assert (row["currencyCode"], row["totalAmountIncludingTax"], row["remainingAmount"]) == ("EUR", 125, 125)
    entries = await bc.rows("generalLedgerEntries?$filter=accountNumber eq '5410'")
    assert entries[0]["debitAmount"] == Decimal("932.56")


async def test_a_purchase_invoice_needs_the_vendors_number_once(bc: Any) -> None:
    vendor = await bc.make("vendors", displayName="Leverandør")
    line = {"lineType": "Account", "lineObjectNumber": "4010", "quantity": 1, "unitCost": 80}
    body = {"vendorId": vendor["id"], "purchaseInvoiceLines": [{**line, "taxCode": "MOMS25"}]}
    row = await bc.make("purchaseInvoices", **body)
    assert (row["totalAmountIncludingTax"], row["vendorName"]) == (100, "Leverandør")
    assert (await bc.act(f"purchaseInvoices({row['id']})", "post")).status == 400
    await bc.patch(f"purchaseInvoices({row['id']})", {"vendorInvoiceNumber": "f-1"})
    assert (await bc.act(f"purchaseInvoices({row['id']})", "post")).status == 204
    assert (await bc.one(f"vendors({vendor['id']})"))["balance"] == 100
    again = await bc.make("purchaseInvoices", **body, vendorInvoiceNumber="F-1")
    assert "already exists" in (await bc.act(f"purchaseInvoices({again['id']})", "post")).message


async def test_a_digital_voucher_may_be_demanded_before_a_purchase_is_posted(bc: Any) -> None:
    await bc.config(digital_voucher=True)
    vendor = await bc.make("vendors", displayName="Leverandør")
    line = {"lineType": "Account", "lineObjectNumber": "4010", "quantity": 1, "unitCost": 80}
    row = await bc.make("purchaseInvoices", vendorId=vendor["id"], vendorInvoiceNumber="1", purchaseInvoiceLines=[line])
    assert "digital voucher" in (await bc.act(f"purchaseInvoices({row['id']})", "post")).message
    await bc.make("attachments", parentId=row["id"], parentType="Purchase Invoice", fileName="bilag.pdf")
    assert (await bc.act(f"purchaseInvoices({row['id']})", "post")).status == 204


async def test_a_document_has_its_pdf_and_a_record_its_picture(bc: Any) -> None:
    row = await document(bc, "salesInvoices")
    pdf = await bc.get(f"salesInvoices({row['id']})/pdfDocument/pdfDocumentContent")
    assert pdf.content.startswith(b"%PDF")
    path = f"items({bc.item['id']})/picture/pictureContent"
    assert (await bc.get(path)).status == 204
    put = await bc.raw("PATCH", path, b"\x89PNG", Content_Type="application/octet-stream", If_Match="*")
    assert put.status == 204 and (await bc.get(path)).content == b"\x89PNG"


async def test_dimensions_of_customer_item_and_document_meet_in_the_ledger(bc: Any) -> None:
    department = await bc.one("dimensions?$filter=code eq 'AFDELING'&$expand=dimensionValues")
    value = next(one for one in department["dimensionValues"] if one["code"] == "SALG")
    path = f"customers({bc.customer['id']})/defaultDimensions"
    await bc.make(path, dimensionId=department["id"], dimensionValueId=value["id"])
    row = await document(bc, "salesInvoices", shortcutDimension2Code="P100")
    found = await bc.rows(f"salesInvoices({row['id']})/dimensionSetLines")
    assert {(one["code"], one["valueCode"]) for one in found} == {("AFDELING", "SALG"), ("PROJEKT", "P100")}
    await bc.act(f"salesInvoices({row['id']})", "post")
    entry = (await bc.rows("generalLedgerEntries?$expand=dimensionSetLines&$filter=accountNumber eq '1010'"))[0]
    assert {one["valueCode"] for one in entry["dimensionSetLines"]} == {"SALG", "P100"}
    late = await bc.post(f"salesInvoices({row['id']})/dimensionSetLines", {"code": "OMRÅDE", "valueCode": "VEST"})
    assert late.status == 400
    wrong = await bc.post("salesInvoices", {"customerId": bc.customer["id"], "shortcutDimension1Code": "P100"})
    assert wrong.code == "Internal_InvalidTableRelation"
