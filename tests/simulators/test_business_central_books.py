"""What a company's set-up does to its books: posting series, reverse charge, prices with VAT, kinds of dimensions."""

from __future__ import annotations

from collections.abc import AsyncIterator
from decimal import Decimal
from typing import Any

import pytest

from tests.simulators.central import Central, central
from tests.simulators.test_business_central_journals import journal, line


@pytest.fixture
async def bc() -> AsyncIterator[Central]:
    async with central() as client:
        yield client


async def post(bc: Central, path: str) -> None:
    answer = await bc.act(path, "post")
    assert answer.status == 204, answer.content


async def ledger(bc: Central) -> dict[str, Decimal]:
    """What stands on each account: debit less credit."""
    found: dict[str, Decimal] = {}
    for row in await bc.rows("generalLedgerEntries"):
        amount = Decimal(row["debitAmount"]) - Decimal(row["creditAmount"])
        found[row["accountNumber"]] = found.get(row["accountNumber"], Decimal()) + amount
    return found


class TestPostingSeries:
    """A batch or template may number its documents anew when they are posted."""

    @pytest.mark.parametrize("code", ["PLEO", "STANDARD"])
    async def test_documents_get_another_number_when_they_are_posted(self, bc: Central, code: str) -> None:
        await bc.config(posting_series={code: "BOG-0099"})
        path = await journal(bc)
        for number in ("P-1", "P-2"):
            await line(bc, path, documentNumber=number)
        await post(bc, path)
        numbers = {row["documentNumber"] for row in await bc.rows("generalLedgerEntries")}
        assert numbers == {"BOG-0099", "BOG-0100"}

    async def test_lines_of_one_document_stay_together(self, bc: Central) -> None:
        await bc.config(posting_series={"PLEO": "B1"})
        path = await journal(bc)
        await line(bc, path, documentNumber="P-1", balancingAccountNumber="")
        await line(bc, path, documentNumber="P-1", accountNumber="5840", amount=-125, balancingAccountNumber="")
        await post(bc, path)
        assert {row["documentNumber"] for row in await bc.rows("generalLedgerEntries")} == {"B1"}

    async def test_only_the_external_document_number_stays_ours(self, bc: Central) -> None:
        await bc.config(posting_series={"PLEO": "B1"})
        vendor = await bc.make("vendors", displayName="L")
        path = await journal(bc)
        party = {"accountType": "Vendor", "accountNumber": vendor["number"], "amount": -125}
        await line(bc, path, **party, documentNumber="P-1", externalDocumentNumber="EKS-7")
        await post(bc, path)
        (owed,) = await bc.control("GET", "/dump/vendorLedgerEntries")
        assert (owed["documentNumber"], owed["externalDocumentNumber"]) == ("B1", "EKS-7")

    async def test_a_failed_posting_uses_no_number(self, bc: Central) -> None:
        await bc.config(posting_series={"PLEO": "B1"})
        path = await journal(bc)
        made = await line(bc, path, balancingAccountNumber="")
        assert (await bc.act(path, "post")).status == 400
        await bc.patch(f"{path}/journalLines({made['id']})", {"balancingAccountNumber": "5840"})
        await post(bc, path)
        assert {row["documentNumber"] for row in await bc.rows("generalLedgerEntries")} == {"B1"}

    async def test_other_batches_keep_their_numbers(self, bc: Central) -> None:
        await bc.config(posting_series={"DAGLIG": "B1"})
        path = await journal(bc)
        await line(bc, path, documentNumber="P-1")
        await post(bc, path)
        assert {row["documentNumber"] for row in await bc.rows("generalLedgerEntries")} == {"P-1"}


class TestReverseCharge:
    """The buyer owes the VAT: it is posted on top, on both sides."""

    async def test_a_purchase_costs_its_net_amount_and_posts_vat_on_both_sides(self, bc: Central) -> None:
        await bc.config(reverse_charge=["EU MOMS25"])
        vendor = await bc.make("vendors", displayName="L", country="DE")
        bought = {
            "lineType": "Account",
            "lineObjectNumber": "4010",
            "quantity": 1,
            "unitCost": 100,
            "taxCode": "MOMS25",
        }
        values = {"vendorId": vendor["id"], "vendorInvoiceNumber": "X", "purchaseInvoiceLines": [bought]}
        made = await bc.make("purchaseInvoices", **values)
        row = await bc.one(f"purchaseInvoices({made['id']})")
        assert (row["totalAmountExcludingTax"], row["totalTaxAmount"], row["totalAmountIncludingTax"]) == (100, 0, 100)
        await post(bc, f"purchaseInvoices({made['id']})")
        assert await ledger(bc) == {"4010": 100, "5510": 25, "5610": -25, "6810": -100}

    async def test_a_journal_line_with_reverse_charge_keeps_its_amount(self, bc: Central) -> None:
        await bc.config(reverse_charge=["INDENL MOMS0"])
        path = await journal(bc)
        await line(bc, path, taxCode="MOMS0", amount=200)
        await post(bc, path)
        assert await ledger(bc) == {"4010": 200, "5510": 50, "5610": -50, "5840": -200}

    async def test_a_sale_with_reverse_charge_has_no_vat(self, bc: Central) -> None:
        await bc.config(reverse_charge=["INDENL MOMS25"])
        customer = await bc.make("customers", displayName="K", country="DK")
        sold = {"lineType": "Account", "lineObjectNumber": "1010", "quantity": 1, "unitPrice": 100, "taxCode": "MOMS25"}
        made = await bc.make("salesInvoices", customerId=customer["id"], salesInvoiceLines=[sold])
        await post(bc, f"salesInvoices({made['id']})")
        assert await ledger(bc) == {"1010": -100, "5410": 100}


class TestPricesWithTax:
    """Where a customer's prices include VAT, unit prices mean something else."""

    async def sold(self, bc: Central, **values: Any) -> tuple[dict[str, Any], dict[str, Any]]:
        customer = await bc.make("customers", displayName="K", country="DK", number="K1")
        item = await bc.make("items", displayName="Skrue", unitPrice=80)
        given = {"itemId": item["id"], "quantity": 1, **values}
        made = await bc.make("salesInvoices", customerId=customer["id"], salesInvoiceLines=[given])
        return made, (await bc.rows(f"salesInvoices({made['id']})/salesInvoiceLines"))[0]

    async def test_a_given_price_is_gross(self, bc: Central) -> None:
        await bc.config(prices_include_tax=["K1"])
        row, told = await self.sold(bc, unitPrice=125)
        assert row["pricesIncludeTax"] is True
        assert (told["unitPrice"], told["netAmount"], told["netAmountIncludingTax"]) == (125, 100, 125)
        assert (row["totalAmountExcludingTax"], row["totalAmountIncludingTax"]) == (100, 125)

    async def test_an_items_own_price_is_raised_by_its_tax(self, bc: Central) -> None:
        await bc.config(prices_include_tax=["K1"])
        _, told = await self.sold(bc)
        assert (told["unitPrice"], told["netAmount"]) == (100, 80)

    async def test_other_customers_prices_are_net(self, bc: Central) -> None:
        row, told = await self.sold(bc)
        assert (row["pricesIncludeTax"], told["unitPrice"], told["netAmount"]) == (False, 80, 80)


class TestKindsOfDimensionValues:
    """Headings and totals cannot be posted to, and API v2.0 does not tell them apart."""

    async def value(self, bc: Central, kind: str) -> None:
        (row,) = await bc.rows("dimensionValues?$filter=code eq 'SALG'")
        await bc.control("PATCH", f"/records/dimensionValues/{row['id']}", {"_type": kind})

    @pytest.mark.parametrize("kind", ["Heading", "Total", "Begin-Total", "End-Total"])
    async def test_what_is_no_standard_value_cannot_be_posted_to(self, bc: Central, kind: str) -> None:
        await self.value(bc, kind)
        path = await journal(bc)
        made = await line(bc, path)
        set_line = {"code": "AFDELING", "valueCode": "SALG"}
        await bc.make(f"journalLines({made['id']})/dimensionSetLines", **set_line)
        refused = await bc.act(path, "post")
        assert (refused.status, refused.code) == (400, "Application_DialogException")
        assert kind in refused.message
        assert await bc.rows("generalLedgerEntries") == []

    async def test_a_standard_value_can(self, bc: Central) -> None:
        await self.value(bc, "Standard")
        path = await journal(bc)
        made = await line(bc, path)
        await bc.make(f"journalLines({made['id']})/dimensionSetLines", code="AFDELING", valueCode="SALG")
        await post(bc, path)

    async def test_the_api_does_not_show_the_kind(self, bc: Central) -> None:
        await self.value(bc, "Heading")
        (row,) = await bc.rows("dimensionValues?$filter=code eq 'SALG'")
        assert set(row) == {
            "@odata.etag",
            "id",
            "code",
            "dimensionId",
            "displayName",
            "consolidationCode",
            "lastModifiedDateTime",
        }
