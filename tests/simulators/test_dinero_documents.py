"""Dinero: credit notes, lists, sending, and a ledger that balances whatever is done."""

from __future__ import annotations

from collections import defaultdict
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from tests.simulators.books import CENT, LINE, Dinero, balances, ore, refusal


@pytest.fixture
def dinero() -> Dinero:
    return Dinero()


class TestCreditNotes:
    """Taking an invoice back."""

    def test_a_credit_note_of_an_invoice_settles_it_when_booked(self, dinero: Dinero) -> None:
        booked = dinero.booked()
        draft = dinero.do(
            "POST", f"v1 invoices/{booked['Guid']}/generate-creditnote", {"Timestamp": booked["TimeStamp"]}
        )
        assert dinero.invoice(booked["Guid"])["PaymentStatus"] == "Booked"
        note = dinero.book(draft, "sales/creditnotes")
        assert (note["Status"], note["PaymentStatus"], note["TotalInclVat"]) == ("Booked", "Paid", 125)
        assert dinero.invoice(booked["Guid"])["PaymentStatus"] == "Paid"
        payment = dinero.get(f"v2 invoices/{booked['Guid']}/payments")["Payments"][0]
        assert payment["RelatedVoucherId"] == note["Guid"]
        assert set(balances(dinero).values()) == {Decimal(0)}

    def test_only_booked_invoices_are_credited(self, dinero: Dinero) -> None:
        made = dinero.draft()
        assert refusal(dinero, "POST", f"v1 invoices/{made['Guid']}/generate-creditnote", {}).code == 59

    def test_the_sales_feed_holds_both_kinds(self, dinero: Dinero) -> None:
        dinero.booked()
        body = {"ProductLines": [LINE], "ContactGuid": dinero.contact()}
        made = dinero.do("POST", "v1 sales/creditnotes", body)
        dinero.do("PUT", f"v1.2 sales/creditnotes/{made['Guid']}", {**body, "Timestamp": made["TimeStamp"]})
        rows = dinero.rows("v1 sales", fields="Type,Status")
        assert [(row["Type"], row["Status"]) for row in rows] == [("Invoice", "Booked"), ("CreditNote", "Draft")]
        assert len(dinero.rows("v1 sales/creditnotes")) == 1
        assert "PaymentDate" in dinero.rows("v1 sales/creditnotes", fields="PaymentDate")[0]

    def test_a_credit_note_takes_no_terms(self, dinero: Dinero) -> None:
        dinero.simulator.configure({"strict_bodies": True})
        body = {"ProductLines": [LINE], "PaymentConditionType": "Netto"}
        assert list(refusal(dinero, "POST", "v1 sales/creditnotes", body).fields) == ["PaymentConditionType"]

    def test_paying_a_credit_note_out_balances(self, dinero: Dinero) -> None:
        made = dinero.do("POST", "v1 sales/creditnotes", {"ProductLines": [LINE], "ContactGuid": dinero.contact()})
        note = dinero.book(made, "sales/creditnotes")
        body = {"Timestamp": note["TimeStamp"], "DepositAccountNumber": 55000, "RemainderIsFee": False}
        dinero.do("POST", f"v1 sales/creditnotes/{note['Guid']}/payments", {**body, "Description": "Ud", "Amount": 125})
        assert balances(dinero)[55000] == -125
        assert balances(dinero)[56100] == 0


class TestLists:
    """GET invoices."""

    def test_both_dates_must_come_and_they_spare_drafts(self, dinero: Dinero) -> None:
        dinero.booked(Date="2026-01-05")
        dinero.booked(Date="2026-02-05")
        dinero.draft(Date="2026-03-05")
        rows = dinero.rows("v1 invoices", fields="Date", startDate="2026-02-01", endDate="2026-02-28")
        assert [row["Date"] for row in rows] == ["2026-02-05", "2026-03-05"]
        assert dinero.raw("GET", "v1 invoices", None, startDate="2026-02-01").status == 400

    def test_the_order_can_be_chosen(self, dinero: Dinero) -> None:
        for day in ("2026-01-05", "2026-03-05", "2026-02-05"):
            dinero.booked(Date=day)

        def numbers(**query: str) -> list[int]:
            return [row["Number"] for row in dinero.rows("v1 invoices", fields="Number", **query)]

        assert numbers() == [3, 2, 1]
        assert numbers(sort="VoucherNumber", sortOrder="ascending") == [1, 2, 3]
        assert numbers(sort="VoucherDate", sortOrder="descending") == [2, 3, 1]
        assert dinero.raw("GET", "v1 invoices", None, sort="Name").status == 400
        assert dinero.raw("GET", "v1 invoices", None, sortOrder="up").status == 400

    def test_filters_and_free_text_find_invoices(self, dinero: Dinero) -> None:
        made = dinero.booked(ExternalReference="crm-7x1", Description="Særlig")
        dinero.booked()
        guid = made["ContactGuid"]
        for text in ("ExternalReference eq 'CRM-7x1'", f"ContactGuid eq '{guid}'", "Description contains 'sær'"):
            assert [row["Guid"] for row in dinero.rows("v1 invoices", fields="Guid", queryFilter=text)] == [
                made["Guid"]
            ]
        assert len(dinero.rows("v1 invoices", freeTextSearch="særlig")) == 1
        assert dinero.raw("GET", "v1 invoices", None, queryFilter="Number eq '1'").status == 400
        assert dinero.raw("GET", "v1 invoices", None, statusFilter="Open").status == 400


class TestSending:
    """E-mail and e-invoices."""

    def test_a_booked_invoice_is_mailed_to_the_contact(self, dinero: Dinero) -> None:
        booked = dinero.booked(ContactGuid=dinero.contact(Email="a@bogh.example"))
        answer = dinero.do("POST", f"v1 invoices/{booked['Guid']}/email", {"ShouldAddTrustPilotEmailAsBcc": False})
        assert answer == {"Recipients": [{"Email": "a@bogh.example"}]}
        assert dinero.invoice(booked["Guid"])["MailOutStatus"] == "Sent"
        assert len(dinero.get(f"v1 invoices/{booked['Guid']}/mailouts")) == 1
        assert dinero.get(f"v2 invoices/{booked['Guid']}/email/template")["Receiver"] == "a@bogh.example"

    @pytest.mark.parametrize(
        ("body", "code"),
        [
            ({"ShouldAddTrustPilotEmailAsBcc": False}, 55),
            ({"ShouldAddTrustPilotEmailAsBcc": False, "Receiver": "a@b.example", "Message": "Hej"}, 42),
            ({"ShouldAddTrustPilotEmailAsBcc": False, "Receiver": "a@b.example", "Timestamp": "0"}, 58),
        ],
    )
    def test_a_mail_needs_a_receiver_and_the_link(self, dinero: Dinero, body: dict[str, Any], code: int) -> None:
        booked = dinero.booked()
        assert refusal(dinero, "POST", f"v1 invoices/{booked['Guid']}/email", body).code == code

    def test_an_e_invoice_needs_an_ean_number(self, dinero: Dinero) -> None:
        with_ean = dinero.booked(ContactGuid=dinero.contact(EanNumber="5798009811578"))
        assert dinero.raw("POST", f"v3 invoices/{with_ean['Guid']}/e-invoice", {"PaymentMeanEnum": "FIK"}).status == 200
        without = dinero.booked()
        refused = refusal(dinero, "POST", f"v3 invoices/{without['Guid']}/e-invoice", {"PaymentMeanEnum": "FIK"})
        assert refused.code == 56

    def test_only_an_overdue_invoice_is_reminded_of(self, dinero: Dinero) -> None:
        mail = {"ShouldAddTrustPilotEmailAsBcc": False, "Receiver": "a@b.example"}
        late, fresh = dinero.booked(Date="2026-01-05"), dinero.booked()
        assert dinero.do("POST", f"v1 invoices/{late['Guid']}/email/pre-reminder", mail)
        assert refusal(dinero, "POST", f"v1 invoices/{fresh['Guid']}/email/pre-reminder", mail).status == 400


class Ledger(RuleBasedStateMachine):
    """Whatever is booked, paid, taken back or credited: entries balance and the debtor is what remains."""

    def __init__(self) -> None:
        super().__init__()
        self.dinero = Dinero()
        self.guids: list[str] = []

    @rule(price=st.decimals("0.01", "500", places=2), currency=st.sampled_from(["DKK", "EUR", "SEK"]))
    def book(self, price: Decimal, currency: str) -> None:
        line = {"BaseAmountValue": price, "Quantity": 3, "Discount": 5}
        self.guids.append(self.dinero.booked(line, Currency=currency)["Guid"])

    @precondition(lambda self: self.guids)
    @rule(share=st.sampled_from(["0.3", "1", "1.2"]), fee=st.booleans(), at=st.integers(0, 9))
    def pay(self, share: str, fee: bool, at: int) -> None:
        invoice = self.dinero.invoice(self.guids[at % len(self.guids)])
        left = self.dinero.get(f"v2 invoices/{invoice['Guid']}/payments")["RemainingAmount"]
        amount = ore(left * Decimal(share))
        if amount <= 0:
            return
        foreign = {"AmountInForeignCurrency": amount} if invoice["Currency"] != "DKK" else {}
        self.dinero.pay(invoice, ore(amount * 7) if foreign else amount, RemainderIsFee=fee, **foreign)

    @precondition(lambda self: self.guids)
    @rule(at=st.integers(0, 9))
    def take_back(self, at: int) -> None:
        guid = self.guids[at % len(self.guids)]
        paid = [one for one in self.payments(guid) if not one["RelatedVoucherId"]]
        if paid:
            stamp = {"Timestamp": self.dinero.invoice(guid)["TimeStamp"]}
            self.dinero.do("DELETE", f"v1 invoices/{guid}/payments/{paid[0]['Guid']}", stamp)

    @precondition(lambda self: self.guids)
    @rule(at=st.integers(0, 9))
    def credit(self, at: int) -> None:
        guid = self.guids[at % len(self.guids)]
        stamp = {"Timestamp": self.dinero.invoice(guid)["TimeStamp"]}
        draft = self.dinero.do("POST", f"v1 invoices/{guid}/generate-creditnote", stamp)
        self.dinero.book(draft, "sales/creditnotes")

    def payments(self, guid: str) -> list[dict[str, Any]]:
        return self.dinero.get(f"v2 invoices/{guid}/payments")["Payments"]

    @invariant()
    def entries_balance(self) -> None:
        vouchers: dict[str, Decimal] = defaultdict(Decimal)
        for entry in self.dinero.simulator.dump("entries"):
            vouchers[entry["VoucherGuid"]] += entry["Amount"]
        assert all(not total for total in vouchers.values())

    @invariant()
    def a_settled_debtor_owes_nothing(self) -> None:
        rows = self.dinero.rows("v1 sales", fields="Status,TotalInclVatInDkk")
        if rows and all(row["Status"] == "Paid" for row in rows):
            assert abs(balances(self.dinero)[56100]) <= CENT * len(rows)


Ledger.TestCase.settings = settings(max_examples=15, stateful_step_count=12, deadline=None)
TestLedger = Ledger.TestCase
