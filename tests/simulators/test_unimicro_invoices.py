"""Invoices in a simulated Unimicro: drafts, the hazard of no status, numbers, credit notes, payments, the ledger."""

from __future__ import annotations

from collections.abc import AsyncIterator
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kobling_simulators.unimicro import totals
from kobling_simulators.unimicro.posting import check_digit
from tests.simulators.softrig import Softrig, good, message, new, softrig

LINE = {"ItemText": "Vikar", "NumberOfItems": 1, "PriceExVat": 100, "VatPercent": 25}


@pytest.fixture
async def app() -> AsyncIterator[Softrig]:
    async with softrig() as client:
        yield client


@pytest.fixture
async def customer(app: Softrig) -> int:
    made = await app.customer(OrgNumber="999888777", CreditDays=10)
    return int(made["ID"])


async def posted(app: Softrig, invoice: int) -> dict[int, Decimal]:
    """What the ledger has of an invoice, by account number."""
    query = {"model": "JournalEntryLine", "select": "Account.AccountNumber as A,sum(Amount) as S", "expand": "Account"}
    told = await app.get("/api/statistics", **query, filter=f"CustomerInvoiceID eq {invoice}")
    return {row["A"]: row["S"] for row in told["Data"]}


async def paid(app: Softrig, invoice: int, amount: Any, **more: Any) -> Any:
    body = {"Amount": amount, "PaymentDate": "2026-11-21", **more}
    return await app.act("PUT", f"invoices/{invoice}", "payInvoice", body)


class TestDrafts:
    """StatusCode 10001 makes a draft; without it an invoice is out at once."""

    async def test_a_generic_draft_is_kept_as_an_invoice_draft(self, app: Softrig, customer: int) -> None:
        made = await app.invoice(customer)
        assert (made["StatusCode"], made["InvoiceNumber"], made["JournalEntryID"]) == (42001, None, None)
        assert await posted(app, made["ID"]) == {}

    async def test_without_a_status_it_is_numbered_and_posted_at_once(self, app: Softrig, customer: int) -> None:
        made = await app.invoice(customer, StatusCode=None)
        assert (made["StatusCode"], made["InvoiceNumber"]) == (42002, "10000")
        assert await posted(app, made["ID"]) == {1500: 125, 3000: -100, 2700: -25}

    async def test_by_knob_it_is_a_draft_either_way(self, app: Softrig, customer: int) -> None:
        await app.config(issue_at_once=False)
        assert (await app.invoice(customer, StatusCode=None))["StatusCode"] == 42001

    async def test_what_cannot_be_issued_is_not_made_either(self, app: Softrig, customer: int) -> None:
        wrongs: list[dict[str, Any]] = [{"Items": []}, {"InvoiceDate": "1999-01-01"}]
        for wrong in wrongs:
            assert (await app.post("invoices", new(CustomerID=customer, **{"Items": [LINE], **wrong}))).status == 400
        assert await app.get("invoices") == []

    @pytest.mark.parametrize("status", [42002, 30001, 1])
    async def test_no_other_status_can_be_made(self, app: Softrig, customer: int, status: int) -> None:
        answer = await app.post("invoices", new(CustomerID=customer, Items=[LINE], StatusCode=status))
        assert answer.status == 400

    async def test_the_head_is_filled_from_the_customer(self, app: Softrig) -> None:
        place = {"AddressLine1": "Storgata 1", "PostalCode": "0155", "City": "Oslo", "CountryCode": "NO"}
        info = {"Name": "Å AS", "InvoiceAddress": place, "DefaultEmail": {"EmailAddress": "a@b.example"}}
        made = await app.customer(Info=info, OrgNumber="1", CreditDays=30)
        told = await app.invoice(made["ID"], InvoiceDate=None, PaymentDueDate=None, YourReference="Kari")
        assert (told["CustomerName"], told["CustomerOrgNumber"], told["EmailAddress"]) == ("Å AS", "1", "a@b.example")
        assert (told["InvoiceCity"], told["InvoicePostalCode"], told["ShippingCity"]) == ("Oslo", "0155", None)
        assert (told["InvoiceDate"], told["PaymentDueDate"]) == ("2026-11-22", "2026-12-22")

    @pytest.mark.parametrize(
        ("head", "customer", "due"),
        [
            ({}, {}, "2026-12-04"),
            ({}, {"PaymentTermsID": 3}, "2026-11-30"),
            ({}, {"PaymentTermsID": 3, "CreditDays": 20}, "2026-12-10"),
            ({"PaymentTermsID": 2}, {"CreditDays": 20}, "2026-12-20"),
            ({"PaymentTermsID": 2, "CreditDays": 1}, {"CreditDays": 20}, "2026-11-21"),
        ],
    )
    async def test_it_is_due_when_the_nearest_terms_say(
        self, app: Softrig, head: dict[str, Any], customer: dict[str, Any], due: str
    ) -> None:
        made = await app.customer(**customer)
        assert (await app.invoice(made["ID"], PaymentDueDate=None, **head))["PaymentDueDate"] == due

    async def test_a_customer_may_be_made_along_with_it(self, app: Softrig) -> None:
        made = await app.make("invoices", Customer={"Info": {"Name": "Ny AS"}}, StatusCode=10001, Items=[LINE])
        assert made["CustomerName"] == "Ny AS"
        assert (await app.get(f"customers/{made['CustomerID']}"))["CustomerNumber"] == 100_000

    async def test_a_draft_is_changed_line_by_line(self, app: Softrig, customer: int) -> None:
        made = await app.invoice(customer, LINE, {**LINE, "ItemText": "Bort"})
        graph = await app.get(f"invoices/{made['ID']}", expand="Items")
        graph["Items"][0]["NumberOfItems"] = 3
        graph["Items"][1]["Deleted"] = True
        graph["Items"].append(new(**{**LINE, "ItemText": "Ny"}))
        told = good(await app.put("invoices", made["ID"], graph))
        assert told["TaxExclusiveAmount"] == 400
        rows = await app.rows("invoiceitems", f"CustomerInvoiceID eq {made['ID']}", orderby="ID")
        assert [(row["ItemText"], row["NumberOfItems"]) for row in rows] == [("Vikar", 3), ("Ny", 1)]

    async def test_an_issued_invoice_cannot_be_changed_or_deleted(self, app: Softrig, customer: int) -> None:
        made = await app.issued(customer)
        answer = await app.put("invoices", made["ID"], {"ID": made["ID"], "CustomerID": customer, "Comment": "x"})
        assert (answer.status, message(answer)) == (400, "An issued invoice cannot be changed")
        assert (await app.do("DELETE", f"/api/biz/invoices/{made['ID']}")).status == 400
        draft = await app.invoice(customer)
        assert (await app.do("DELETE", f"/api/biz/invoices/{draft['ID']}")).status == 204

    async def test_a_blocked_customer_gets_none(self, app: Softrig, customer: int) -> None:
        draft = await app.invoice(customer)
        await app.act("PUT", f"customers?ID={customer}", "block")
        assert (await app.act("POST", f"invoices/{draft['ID']}", "invoice")).status == 400
        assert (await app.post("invoices", new(CustomerID=customer, Items=[LINE], StatusCode=10001))).status == 400


class TestLines:
    """What a line takes from its product, and what it comes to."""

    async def test_a_line_takes_what_it_lacks_from_its_product(self, app: Softrig, customer: int) -> None:
        (vat,) = await app.rows("vattypes", "VatCode eq '31'")
        (account,) = await app.rows("accounts", "AccountNumber eq 3200")
        more = {"VatTypeID": vat["ID"], "AccountID": account["ID"], "Unit": "t"}
        product = await app.make("products", Name="Kokk", PriceExVat=200, **more)
        made = await app.issued(customer, {"ProductID": product["ID"], "NumberOfItems": 2})
        (line,) = (await app.get(f"invoices/{made['ID']}", expand="Items"))["Items"]
        assert (line["ItemText"], line["Unit"], line["VatPercent"]) == ("Kokk", "t", 15)
        assert (line["SumTotalExVat"], line["SumVat"], line["SumTotalIncVat"]) == (400, 60, 460)
        assert (line["PriceExVat"], line["PriceIncVat"], line["StatusCode"]) == (200, 230, 41302)
        assert await posted(app, made["ID"]) == {1500: 460, 3200: -400, 2701: -60}

    @pytest.mark.parametrize(("vat", "code"), [({"VatPercent": 0}, "5"), ({"VatPercent": 12}, "33")])
    async def test_a_percentage_finds_a_vat_type(
        self, app: Softrig, customer: int, vat: dict[str, int], code: str
    ) -> None:
        made = await app.invoice(customer, {**LINE, **vat})
        told = await app.get(f"invoices/{made['ID']}", expand="Items.VatType")
        assert told["Items"][0]["VatType"]["VatCode"] == code

    @pytest.mark.parametrize(
        ("wrong", "words"),
        [
            ({"ItemText": None}, "ItemText is required"),
            ({"NumberOfItems": None}, "NumberOfItems is required"),
            ({"PriceExVat": None}, "PriceExVat is required"),
            ({"VatPercent": None}, "VatTypeID is required"),
            ({"VatPercent": 17}, "VatTypeID is required"),
            ({"VatPercent": None, "VatTypeID": 2}, "VatTypeID is no output VAT"),
            ({"NumberOfItems": 10**6, "PriceExVat": 10**6}, "SumTotalIncVat is too large"),
            ({"NumberOfItems": 10**11, "PriceExVat": 10**11, "VatPercent": 0}, "SumTotalIncVat is too large"),
            ({"ProductID": 999}, "ProductID there is no Product with ID 999"),
        ],
    )
    async def test_an_incomplete_line_is_refused_where_it_stands(
        self, app: Softrig, customer: int, wrong: dict[str, Any], words: str
    ) -> None:
        answer = await app.post("invoices", new(CustomerID=customer, StatusCode=10001, Items=[LINE, {**LINE, **wrong}]))
        assert answer.status == 400
        assert f"CustomerInvoiceItem.{words}" in message(answer)
        assert "_validationResults" in answer.json["Items"][1]
        assert "_validationResults" not in answer.json["Items"][0]

    async def test_a_discount_is_taken_off_before_vat(self, app: Softrig, customer: int) -> None:
        made = await app.invoice(customer, {**LINE, "DiscountPercent": Decimal("12.5")})
        assert (made["TaxExclusiveAmount"], made["VatTotalsAmount"]) == (Decimal("87.5"), Decimal("21.88"))
        (line,) = (await app.get(f"invoices/{made['ID']}", expand="Items"))["Items"]
        assert (line["Discount"], line["DiscountCurrency"], line["SumTotalExVat"]) == (12.5, 12.5, 87.5)

    @pytest.mark.parametrize(("knob", "vat"), [("line", "0.06"), ("total", "0.05")])
    async def test_vat_is_rounded_by_line_or_in_total(self, app: Softrig, customer: int, knob: str, vat: str) -> None:
        await app.config(vat_rounding=knob)
        made = await app.issued(customer, *[{**LINE, "PriceExVat": Decimal("0.07")} for _ in range(3)])
        assert made["VatTotalsAmount"] == Decimal(vat)
        assert await posted(app, made["ID"]) == {
            1500: Decimal("0.21") + Decimal(vat),
            3000: Decimal("-0.21"),
            2700: -Decimal(vat),
        }

    async def test_another_currency_is_kept_beside_kroner(self, app: Softrig, customer: int) -> None:
        (euro,) = await app.rows("currencycodes", "Code eq 'EUR'")
        line = {**LINE, "PriceExVat": None, "PriceExVatCurrency": 10}
        made = await app.issued(customer, line, CurrencyCodeID=euro["ID"], CurrencyExchangeRate=Decimal("11.5"))
        assert (made["TaxInclusiveAmountCurrency"], made["TaxInclusiveAmount"]) == (Decimal("12.5"), Decimal("143.75"))
        assert made["RestAmountCurrency"] == Decimal("12.5")
        query = {"select": "Amount,AmountCurrency,CurrencyCode.Code", "orderby": "ID"}
        rows = await app.rows("journalentrylines", f"CustomerInvoiceID eq {made['ID']}", **query)
        assert [(row["Amount"], row["AmountCurrency"]) for row in rows] == [
            (Decimal("143.75"), Decimal("12.5")),
            (-115, -10),
            (Decimal("-28.75"), Decimal("-2.5")),
        ]
        assert {row["CurrencyCode"]["Code"] for row in rows} == {"EUR"}

    @settings(max_examples=150, deadline=None)
    @given(
        st.lists(st.tuples(st.decimals(-999, 999, places=3), st.decimals(-9999, 9999, places=4)), min_size=1),
        st.sampled_from(["line", "total"]),
        st.decimals("0.5", "12", places=4),
    )
    def test_totals_add_up_in_both_currencies(
        self, lines: list[tuple[Decimal, Decimal]], way: str, rate: Decimal
    ) -> None:
        rows = []
        for count, price in lines:
            row = {"NumberOfItems": count, "PriceExVatCurrency": price, "VatPercent": 25, "VatTypeID": 3}
            rows.append({**row, **totals.line(row, rate)})
        told = totals.invoice(rows, way)
        for twin in ("", "Currency"):
            net, vat = told[f"TaxExclusiveAmount{twin}"], told[f"VatTotalsAmount{twin}"]
            assert net + vat == told[f"TaxInclusiveAmount{twin}"]
            assert net == sum(row[f"SumTotalExVat{twin}"] for row in rows)
            assert abs(vat - net / 4) <= Decimal("0.01") * (1 + rate) * len(rows)


class TestIssuing:
    """The transition."""

    async def test_numbers_have_no_gaps_and_the_kid_has_its_digit(self, app: Softrig, customer: int) -> None:
        first, second = await app.issued(customer), await app.issued(customer)
        assert [first["InvoiceNumber"], second["InvoiceNumber"]] == ["10000", "10001"]
        assert first["PaymentID"] == "0100000" + "0010000" + check_digit("01000000010000")
        assert (first["RestAmount"], first["StatusCode"]) == (125, 42002)

    @pytest.mark.parametrize(("digits", "digit"), [("1234567", "4"), ("0", "0"), ("79927398713"[:-1], "3")])
    def test_the_digit_is_that_of_modulus_10(self, digits: str, digit: str) -> None:
        assert check_digit(digits) == digit

    async def test_an_invoice_is_issued_once(self, app: Softrig, customer: int) -> None:
        made = await app.issued(customer)
        answer = await app.act("POST", f"invoices/{made['ID']}", "invoice")
        assert (answer.status, "not possible now" in message(answer)) == (400, True)
        assert len(await app.get("journalentries")) == 1

    async def test_the_transition_is_a_post_without_a_body(self, app: Softrig, customer: int) -> None:
        draft = await app.invoice(customer)
        where = f"invoices/{draft['ID']}"
        assert (await app.act("PUT", where, "invoice")).status == 400
        assert (await app.act("POST", where, "invoice", {"x": 1})).status == 400
        assert (await app.act("POST", where, "sell")).status == 400
        assert (await app.act("POST", f"{where}?expand=Colours", "invoice")).status == 400
        assert (await app.act("POST", "invoices/99", "invoice")).status == 404
        assert (await app.act("POST", where, "invoice")).status == 200

    async def test_a_closed_year_takes_nothing(self, app: Softrig, customer: int) -> None:
        await app.config(closed_years=[2025])
        draft = await app.invoice(customer, InvoiceDate="2025-12-31")
        answer = await app.act("POST", f"invoices/{draft['ID']}", "invoice")
        assert (answer.status, message(answer)) == (400, "The accounting year 2025 is closed")
        assert (await app.get(f"invoices/{draft['ID']}"))["StatusCode"] == 42001

    async def test_the_year_of_the_header_counts_only_by_knob(self, app: Softrig, customer: int) -> None:
        drafts = [await app.invoice(customer, InvoiceDate="2025-12-31") for _ in range(3)]
        wheres = [f"/api/biz/invoices/{draft['ID']}?action=invoice" for draft in drafts]
        assert (await app.do("POST", wheres[0], Year="2026")).status == 200
        await app.config(year_header="strict")
        assert (await app.do("POST", wheres[1], Year="2026")).status == 400
        assert (await app.do("POST", wheres[1])).status == 400
        assert (await app.do("POST", wheres[1], Year="2025")).status == 200
        assert (await app.do("POST", wheres[2], Year="MMXXV")).status == 400

    async def test_only_what_is_issued_is_sent(self, app: Softrig, customer: int) -> None:
        draft = await app.invoice(customer, EmailAddress="a@b.example")
        where = f"distributions?id={draft['ID']}&entityType=CustomerInvoice"
        assert (await app.act("PUT", where, "distribute")).status == 400
        await app.act("POST", f"invoices/{draft['ID']}", "invoice")
        assert good(await app.act("PUT", where, "distribute")) is True
        (told,) = await app.rows("sharings", f"EntityID eq {draft['ID']}")
        assert (told["EntityType"], told["To"], told["StatusCode"]) == ("CustomerInvoice", "a@b.example", 70003)
        assert (await app.act("PUT", where.replace("Invoice", "Colour"), "distribute")).status == 404


class TestCreditNotes:
    """InvoiceType 1."""

    async def test_a_credit_note_turns_the_whole_invoice(self, app: Softrig, customer: int) -> None:
        made = await app.issued(customer)
        draft = good(await app.act("PUT", f"invoices/{made['ID']}", "create-credit-draft-invoice"))
        assert (draft["InvoiceType"], draft["StatusCode"], draft["InvoiceReferenceID"]) == (1, 42001, made["ID"])
        kept = {"ID": draft["ID"], "CustomerID": customer, "InvoiceType": 1, "Comment": "Feil"}
        assert good(await app.put("invoices", draft["ID"], kept))["InvoiceReferenceID"] == made["ID"]
        assert (draft["Deleted"], draft["RestAmount"], draft["Items"]) == (False, None, None)
        note = good(await app.act("POST", f"invoices/{draft['ID']}", "invoice"))
        assert (note["TaxInclusiveAmount"], note["InvoiceNumber"], note["RestAmount"]) == (-125, "10001", 0)
        assert await posted(app, note["ID"]) == {1500: -125, 3000: 100, 2700: 25}
        row = await app.get(f"invoices/{made['ID']}")
        assert (row["StatusCode"], row["RestAmount"], row["CreditedAmount"], row["Credited"]) == (42006, 0, 125, True)

    async def test_a_part_may_be_credited_and_never_more_than_the_whole(self, app: Softrig, customer: int) -> None:
        made = await app.issued(customer)
        more = {"InvoiceType": 1, "InvoiceReferenceID": made["ID"]}
        await app.issued(customer, {**LINE, "NumberOfItems": Decimal("-0.4")}, **more)
        row = await app.get(f"invoices/{made['ID']}")
        assert (row["StatusCode"], row["RestAmount"], row["CreditedAmount"]) == (42007, 75, 50)
        draft = await app.invoice(customer, {**LINE, "NumberOfItems": Decimal("-0.7")}, **more)
        answer = await app.act("POST", f"invoices/{draft['ID']}", "invoice")
        assert (answer.status, message(answer)) == (400, "More would be credited than was invoiced")

    async def test_it_refers_to_an_issued_invoice_of_the_same_customer(self, app: Softrig, customer: int) -> None:
        other = await app.issued((await app.customer())["ID"])
        draft = await app.invoice(customer)
        for key in (other["ID"], draft["ID"]):
            more = {"InvoiceType": 1, "InvoiceReferenceID": key}
            note = await app.invoice(customer, {**LINE, "NumberOfItems": -1}, **more)
            assert (await app.act("POST", f"invoices/{note['ID']}", "invoice")).status == 400

    @pytest.mark.parametrize(
        ("knob", "count", "fine"), [("negative", 1, False), ("positive", 1, True), ("any", -1, True)]
    )
    async def test_its_sign_is_a_matter_of_the_knob_and_the_ledger_is_right_either_way(
        self, app: Softrig, customer: int, knob: str, count: int, fine: bool
    ) -> None:
        await app.config(credit_sign=knob)
        note = await app.invoice(customer, {**LINE, "NumberOfItems": count}, InvoiceType=1)
        answer = await app.act("POST", f"invoices/{note['ID']}", "invoice")
        assert (answer.status == 200) is fine
        assert await posted(app, note["ID"]) == ({1500: -125, 3000: 100, 2700: 25} if fine else {})

    @pytest.mark.parametrize(("kind", "price", "fine"), [(0, -1, False), (0, 0, True), (1, 0, True), (1, "0.4", False)])
    async def test_an_invoice_is_never_negative_and_either_may_be_nothing(
        self, app: Softrig, customer: int, kind: int, price: Any, fine: bool
    ) -> None:
        draft = await app.invoice(customer, {**LINE, "PriceExVat": Decimal(price)}, InvoiceType=kind)
        assert ((await app.act("POST", f"invoices/{draft['ID']}", "invoice")).status == 200) is fine

    async def test_an_invoice_is_credited_once(self, app: Softrig, customer: int) -> None:
        made = await app.issued(customer)
        note = await app.credited(made["ID"])
        for key in (made["ID"], note["ID"], (await app.invoice(customer))["ID"]):
            assert (await app.act("PUT", f"invoices/{key}", "create-credit-draft-invoice")).status == 400


class TestPayments:
    """payInvoice and what becomes of the rest."""

    async def test_a_payment_is_posted_and_lessens_the_rest(self, app: Softrig, customer: int) -> None:
        made = await app.issued(customer)
        assert good(await paid(app, made["ID"], 50)) == {"JournalEntryNumber": "2-2026"}
        row = await app.get(f"invoices/{made['ID']}")
        assert (row["StatusCode"], row["RestAmount"], row["LastPaymentDate"]) == (42003, 75, "2026-11-21")
        good(await paid(app, made["ID"], 75))
        assert (await app.get(f"invoices/{made['ID']}"))["StatusCode"] == 42004
        assert await posted(app, made["ID"]) == {1500: 0, 1920: 125, 3000: -100, 2700: -25}
        told = good(await app.act("GET", f"invoices/{made['ID']}", "get-payments"))
        assert [(row["Amount"], row["PaymentDate"], row["Deleted"]) for row in told] == [
            (50, "2026-11-21", False),
            (75, "2026-11-21", False),
        ]

    @pytest.mark.parametrize(
        ("amount", "words"),
        [
            *((0, "not between"), (-1, "not between"), (Decimal("125.01"), "not between")),
            *((None, "Amount is required"), ("125", "Amount must be a number"), (True, "Amount must be a number")),
        ],
    )
    async def test_only_what_is_left_can_be_paid(self, app: Softrig, customer: int, amount: Any, words: str) -> None:
        made = await app.issued(customer)
        answer = await paid(app, made["ID"], amount)
        assert (answer.status, words in message(answer)) == (400, True)
        assert (await app.get(f"invoices/{made['ID']}"))["RestAmount"] == 125

    async def test_a_payment_needs_an_issued_invoice_an_account_and_an_open_day(
        self, app: Softrig, customer: int
    ) -> None:
        draft, made = await app.invoice(customer), await app.issued(customer)
        assert (await paid(app, draft["ID"], 1)).status == 400
        assert (await paid(app, made["ID"], 1, AccountID=999)).status == 400
        assert (await paid(app, made["ID"], 1, PaymentDate="1999-01-01")).status == 400
        assert (await paid(app, made["ID"], 1, PaymentDate="i går")).status == 400
