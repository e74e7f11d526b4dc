"""Invoices of Dinero from draft to payment, and the ledger entries behind them."""

from __future__ import annotations

from decimal import Decimal
from typing import Any
from uuid import uuid4

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kobling_simulators.wire import Call, from_json
from tests.simulators.books import LINE, Dinero, Refused, balances, lines, ore, refusal


@pytest.fixture
def dinero() -> Dinero:
    return Dinero()


@settings(max_examples=80, deadline=None)
@given(lines, st.booleans())
def test_totals_add_up_to_the_ore(given_lines: list[Any], incl: bool) -> None:
    dinero = Dinero()
    body = {
        "ShowLinesInclVat": incl,
        "ProductLines": [
            {**LINE, "BaseAmountValue": price, "Quantity": quantity, "Discount": discount, "AccountNumber": account}
            for price, quantity, discount, account in given_lines
        ],
    }
    read = dinero.do("POST", "v1 invoices/fetch", body)
    assert read["TotalExclVat"] + read["TotalVat"] == read["TotalInclVat"]
    assert read["TotalVatableAmount"] + read["TotalNonVatableAmount"] == read["TotalExclVat"]
    taxed = [one for one in read["ProductLines"] if one["AccountNumber"] in (1000, 1010)]
    base = sum((one["TotalAmountInclVat" if incl else "TotalAmount"] for one in taxed), Decimal(0))
    assert read["TotalVat"] == ore(base * Decimal("0.2") if incl else base * Decimal("0.25"))
    for one, (price, quantity, discount, _) in zip(read["ProductLines"], given_lines, strict=True):
        amount = ore(price * quantity * (100 - discount) / 100)
        assert one["TotalAmountInclVat" if incl else "TotalAmount"] == amount
    assert read["Number"] == 0


def test_fetching_totals_saves_nothing(dinero: Dinero) -> None:
    dinero.do("POST", "v1 invoices/fetch", {"ProductLines": [LINE]})
    assert dinero.get("v1 invoices")["Pagination"]["ResultWithoutFilter"] == 0


def test_a_draft_has_defaults(dinero: Dinero) -> None:
    contact = dinero.contact(Street="Gade 1", ZipCode="8000", City="Aarhus C")
    read = dinero.invoice(dinero.draft(ContactGuid=contact)["Guid"])
    assert (read["Currency"], read["Date"], read["Description"]) == ("DKK", "2026-11-22", "Faktura")
    assert (read["Status"], read["PaymentStatus"], read["Number"]) == ("Draft", "Draft", 0)
    assert read["Address"] == "Bøgh & Søn ApS\nGade 1\n8000 Aarhus C"
    assert (read["PaymentConditionType"], read["PaymentDate"]) == ("Netto", "2026-11-30")


@pytest.mark.parametrize(
    ("terms", "due"),
    [
        ({"PaymentConditionType": "NettoCash"}, "2026-11-22"),
        ({"PaymentConditionType": "Paid"}, "2026-11-22"),
        ({"PaymentConditionType": "Netto", "PaymentConditionNumberOfDays": 30}, "2026-12-22"),
        ({"PaymentConditionType": "CurrentMonthOut", "PaymentConditionNumberOfDays": 14}, "2026-12-14"),
    ],
)
def test_terms_give_the_due_date(dinero: Dinero, terms: dict[str, Any], due: str) -> None:
    assert dinero.invoice(dinero.draft(**terms)["Guid"])["PaymentDate"] == due


@pytest.mark.parametrize(
    ("line", "field"),
    [
        ({"Unit": None}, "ProductLines[0].Unit"),
        ({"Description": None}, "ProductLines[0].Description"),
        ({"AccountNumber": 2000}, "ProductLines[0].AccountNumber"),
        ({"AccountNumber": 1190}, "ProductLines[0].AccountNumber"),
        ({"Discount": 101}, "ProductLines[0].Discount"),
        ({"Discount": None}, "ProductLines[0].Discount"),
        ({"ProductGuid": str(uuid4())}, "ProductLines[0].ProductGuid"),
        ({"LineType": "product"}, "ProductLines[0].LineType"),
        ({"VatCode": "U25"}, "ProductLines[0].VatCode"),
    ],
)
def test_a_wrong_line_is_code_42(dinero: Dinero, line: dict[str, Any], field: str) -> None:
    dinero.simulator.configure({"strict_bodies": True})
    refused = refusal(dinero, "POST", "v1 invoices", {"ProductLines": [{**LINE, **line}]})
    assert (refused.code, list(refused.fields)) == (42, [field])


@pytest.mark.parametrize(
    ("header", "field"),
    [
        ({"ProductLines": []}, "ProductLines"),
        ({"ProductLines": [0]}, "ProductLines"),
        ({"ContactGuid": str(uuid4())}, "ContactGuid"),
        ({"Currency": "XXX"}, "Currency"),
        ({"Date": "22-11-2026"}, "Date"),
        ({"Language": "da"}, "Language"),
        ({"ReminderFee": 101}, "ReminderFee"),
        ({"PaymentConditionType": "Paid", "PaymentConditionNumberOfDays": 1}, "PaymentConditionNumberOfDays"),
        ({"Timestamp": "0"}, "Timestamp"),
    ],
)
def test_a_wrong_header_is_code_42(dinero: Dinero, header: dict[str, Any], field: str) -> None:
    dinero.simulator.configure({"strict_bodies": True})
    refused = refusal(dinero, "POST", "v1 invoices", {"ProductLines": [LINE], **header})
    assert (refused.code, list(refused.fields)) == (42, [field])


def test_a_line_of_a_product_takes_its_name(dinero: Dinero) -> None:
    product = dinero.product(Name="Skrue")
    made = dinero.draft({"ProductGuid": product, "Description": None})
    assert dinero.invoice(made["Guid"])["ProductLines"][0]["Description"] == "Skrue"


def test_a_text_line_comes_to_nothing(dinero: Dinero) -> None:
    made = dinero.draft({}, {"LineType": "Text", "Description": "Tak", "Unit": None})
    assert dinero.invoice(made["Guid"])["TotalExclVat"] == 100


def test_a_stale_timestamp_is_code_58_on_every_write(dinero: Dinero) -> None:
    made = dinero.draft()
    guid, old = made["Guid"], made["TimeStamp"]
    body = {"ProductLines": [LINE], "ContactGuid": dinero.contact()}
    newer = dinero.do("PUT", f"v1.2 invoices/{guid}", {**body, "Timestamp": old})
    assert newer["TimeStamp"] != old
    assert refusal(dinero, "PUT", f"v1.2 invoices/{guid}", {**body, "Timestamp": old}).code == 58
    assert refusal(dinero, "POST", f"v1 invoices/{guid}/book", {"Timestamp": old}).code == 58
    assert refusal(dinero, "DELETE", f"v1 invoices/{guid}", {"Timestamp": old}).code == 58
    booked = dinero.book(newer)
    with pytest.raises(Refused) as refused:
        dinero.pay({**booked, "TimeStamp": old}, 10)
    assert refused.value.code == 58


def test_a_guid_may_be_chosen_once(dinero: Dinero) -> None:
    made = dinero.draft(Guid=str(uuid4()))
    refused = refusal(dinero, "POST", "v1 invoices", {"ProductLines": [LINE], "Guid": made["Guid"]})
    assert list(refused.fields) == ["Guid"]
    dinero.simulator.configure({"duplicate_guid": "return_existing"})
    assert dinero.draft(Guid=made["Guid"]) == made


def test_a_draft_goes_with_or_without_its_timestamp(dinero: Dinero) -> None:
    for body in (None, {"Timestamp": "now"}):
        made = dinero.draft()
        given_body = body and {"Timestamp": made["TimeStamp"]}
        dinero.do("DELETE", f"v1 invoices/{made['Guid']}", given_body)
        assert dinero.invoice(made["Guid"])["DeletedAt"]
    assert len(dinero.rows("v1 invoices", deletedOnly="true")) == 2


class TestBooking:
    """Making a draft final."""

    def test_booking_numbers_in_order_and_answers_the_invoice(self, dinero: Dinero) -> None:
        first, second = dinero.booked(), dinero.booked()
        assert (first["Number"], second["Number"], first["Status"]) == (1, 2, "Booked")
        assert len(first["FikCode"]) == 15

    def test_a_number_asked_for_is_given_unless_taken(self, dinero: Dinero) -> None:
        assert dinero.book(dinero.draft(), Number=7)["Number"] == 7
        made = dinero.draft()
        refused = refusal(
            dinero, "POST", f"v1 invoices/{made['Guid']}/book", {"Timestamp": made["TimeStamp"], "Number": 7}
        )
        assert list(refused.fields) == ["Number"]
        assert dinero.book(made)["Number"] == 8

    def test_numbers_begin_anew_each_year(self, dinero: Dinero) -> None:
        dinero.booked()
        assert dinero.booked(Date="2025-12-30")["Number"] == 1

    def test_a_contact_is_needed(self, dinero: Dinero) -> None:
        made = dinero.draft(ContactGuid=None)
        refused = refusal(dinero, "POST", f"v1 invoices/{made['Guid']}/book", {"Timestamp": made["TimeStamp"]})
        assert list(refused.fields) == ["ContactGuid"]

    def test_an_accounting_year_is_needed(self, dinero: Dinero) -> None:
        made = dinero.draft(Date="2020-01-01")
        refused = refusal(dinero, "POST", f"v1 invoices/{made['Guid']}/book", {"Timestamp": made["TimeStamp"]})
        assert refused.code == 47
        assert dinero.simulator.dump("entries") == []

    def test_an_account_closed_meanwhile_stops_the_booking(self, dinero: Dinero) -> None:
        made = dinero.draft()
        dinero.simulator.edit_as_person("accounts", "1000", {"IsHidden": True})
        refused = refusal(dinero, "POST", f"v1 invoices/{made['Guid']}/book", {"Timestamp": made["TimeStamp"]})
        assert list(refused.fields) == ["ProductLines[0].AccountNumber"]

    def test_a_booked_invoice_can_neither_change_nor_go_nor_be_booked_again(self, dinero: Dinero) -> None:
        booked = dinero.booked()
        stamp = {"Timestamp": booked["TimeStamp"]}
        guid = booked["Guid"]
        body = {"ProductLines": [LINE], **stamp}
        assert refusal(dinero, "PUT", f"v1.2 invoices/{guid}", body).status == 400
        assert refusal(dinero, "DELETE", f"v1 invoices/{guid}", stamp).status == 400
        assert refusal(dinero, "POST", f"v1 invoices/{guid}/book", stamp).status == 400
        assert dinero.invoice(guid) == booked

    def test_a_contact_keeps_its_old_name_on_what_was_booked(self, dinero: Dinero) -> None:
        booked = dinero.booked()
        dinero.simulator.edit_as_person("contacts", booked["ContactGuid"], {"Name": "Ny"})
        assert dinero.invoice(booked["Guid"])["ContactName"] == "Bøgh & Søn ApS"

    def test_the_entries_are_debtor_sales_and_vat(self, dinero: Dinero) -> None:
        dinero.booked({}, {"AccountNumber": 1050, "BaseAmountValue": 50})
        assert balances(dinero) == {56100: Decimal(175), 1000: Decimal(-100), 1050: Decimal(-50), 64000: Decimal(-25)}

    def test_a_pdf_exists_once_booked(self, dinero: Dinero) -> None:
        made = dinero.draft()
        accept = {"Authorization": f"Bearer {dinero.token}", "Accept": "application/octet-stream"}
        call = Call("GET", f"/v1/{dinero.organization}/invoices/{made['Guid']}", {}, accept)
        assert dinero.simulator.answer(call).status == 400
        dinero.book(made)
        reply = dinero.simulator.answer(call)
        assert reply.content_type == "application/octet-stream"
        assert reply.body.startswith(b"%PDF")


class TestPayments:
    """Money that comes in."""

    def test_payments_settle_an_invoice_step_by_step(self, dinero: Dinero) -> None:
        booked = dinero.booked()
        first = dinero.pay(booked, 25)
        read = dinero.get(f"v2 invoices/{booked['Guid']}/payments")
        assert (read["PaidAmount"], read["RemainingAmount"]) == (25, 100)
        assert dinero.invoice(booked["Guid"])["PaymentStatus"] == "Booked"
        second = dinero.pay({**booked, "TimeStamp": first["TimeStamp"]}, 100)
        assert dinero.invoice(booked["Guid"])["PaymentStatus"] == "Paid"
        dinero.pay({**booked, "TimeStamp": second["TimeStamp"]}, 1)
        assert dinero.invoice(booked["Guid"])["PaymentStatus"] == "OverPaid"

    @pytest.mark.parametrize(
        ("changed", "field"),
        [
            ({"Amount": 0}, "Amount"),
            ({"Description": ""}, "Description"),
            ({"DepositAccountNumber": 1000}, "DepositAccountNumber"),
            ({"AmountInForeignCurrency": 10}, "AmountInForeignCurrency"),
            ({"RemainderIsFee": None}, "RemainderIsFee"),
            ({"ExternalReference": "x" * 129}, "ExternalReference"),
        ],
    )
    def test_a_wrong_payment_is_code_42(self, dinero: Dinero, changed: dict[str, Any], field: str) -> None:
        booked = dinero.booked()
        with pytest.raises(Refused) as refused:
            dinero.pay(booked, **{"amount": changed.pop("Amount", 10), **changed})
        assert list(refused.value.fields) == [field]

    def test_a_draft_takes_no_payment(self, dinero: Dinero) -> None:
        with pytest.raises(Refused) as refused:
            dinero.pay(dinero.draft(), 10)
        assert refused.value.code == 59

    def test_the_remainder_can_be_a_fee(self, dinero: Dinero) -> None:
        booked = dinero.booked()
        dinero.pay(booked, 120, RemainderIsFee=True)
        assert dinero.invoice(booked["Guid"])["PaymentStatus"] == "Paid"
        assert balances(dinero)[56100] == 0
        assert balances(dinero)[7220] == 5

    def test_nothing_remains_as_a_fee_of_a_paid_invoice(self, dinero: Dinero) -> None:
        booked = dinero.booked()
        paid = dinero.pay(booked, 125)
        with pytest.raises(Refused) as refused:
            dinero.pay({**booked, "TimeStamp": paid["TimeStamp"]}, 1, RemainderIsFee=True)
        assert list(refused.value.fields) == ["RemainderIsFee"]

    def test_an_unpaid_invoice_becomes_overdue_with_the_clock(self, dinero: Dinero) -> None:
        booked = dinero.booked()
        dinero.clock.advance(8 * 86_400)
        dinero.token = from_json(dinero.sign_in().body)["access_token"]
        assert dinero.invoice(booked["Guid"])["PaymentStatus"] == "Booked"
        dinero.clock.advance(86_400)
        dinero.token = from_json(dinero.sign_in().body)["access_token"]
        assert dinero.invoice(booked["Guid"])["PaymentStatus"] == "Overdue"
        assert [row["Number"] for row in dinero.rows("v1 invoices", fields="Number", statusFilter="Overdue")] == [1]

    def test_a_deleted_payment_is_taken_back_by_opposite_entries(self, dinero: Dinero) -> None:
        booked = dinero.booked()
        before = len(dinero.simulator.dump("entries"))
        paid = dinero.pay(booked, 125)
        address = f"v1 invoices/{booked['Guid']}/payments/{paid['Guid']}"
        assert refusal(dinero, "DELETE", address, {"Timestamp": booked["TimeStamp"]}).code == 58
        answer = dinero.do("DELETE", address, {"Timestamp": paid["TimeStamp"]})
        assert answer["TimeStamp"] == dinero.invoice(booked["Guid"])["TimeStamp"]
        assert dinero.invoice(booked["Guid"])["PaymentStatus"] == "Booked"
        assert len(dinero.simulator.dump("entries")) == before + 4
        assert balances(dinero)[55000] == 0

    def test_foreign_invoices_are_booked_and_paid_at_their_rate(self, dinero: Dinero) -> None:
        booked = dinero.booked({"AccountNumber": 1050}, Currency="EUR")
        with pytest.raises(Refused) as refused:
            dinero.pay(booked, 746)
        assert list(refused.value.fields) == ["AmountInForeignCurrency"]
        dinero.pay(booked, 750, AmountInForeignCurrency=100)
        sums = balances(dinero)
        assert (sums[1050], sums[55000], sums[56100]) == (Decimal("-746.05"), 750, 0)
        assert sums[7230] == Decimal("-3.95")
        row = dinero.rows("v1 invoices", fields="TotalInclVat,TotalInclVatInDkk,Status")[0]
        assert (row["TotalInclVat"], row["TotalInclVatInDkk"], row["Status"]) == (100, Decimal("746.05"), "Paid")

    def test_a_payment_moves_updated_at(self, dinero: Dinero) -> None:
        booked = dinero.booked()
        dinero.clock.advance(60)
        dinero.pay(booked, 10)
        changed = dinero.rows("v1 invoices", changesSince="2026-11-22T21:31:00Z", fields="Guid")
        assert [row["Guid"] for row in changed] == [booked["Guid"]]
