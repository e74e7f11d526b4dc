"""The rest of Dinero: accounts, entries, files, webhooks, vouchers, organizations."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from kobling_simulators.vendor import PersonRefused
from kobling_simulators.wire import Call, from_json
from tests.simulators.books import Dinero, Refused


@pytest.fixture
def dinero() -> Dinero:
    return Dinero()


def code(dinero: Dinero, method: str, address: str, body: Any = None, **query: Any) -> int:
    with pytest.raises(Refused) as refused:
        dinero.do(method, address, body, **query)
    return refused.value.code


def outside(dinero: Dinero, path: str, **query: str) -> Any:
    call = Call("GET", path, query, {"Authorization": f"Bearer {dinero.token}"})
    return from_json(dinero.simulator.answer(call).body)


def test_organizations_are_those_the_token_reaches(dinero: Dinero) -> None:
    rows = outside(dinero, "/v1/organizations")
    assert rows == [{"id": int(dinero.organization), "name": "Kobling Prøvefirma ApS", "isPro": True}]
    assert outside(dinero, "/v1/organizations", fields="Id")[0].keys() == {"Id"}
    newer = outside(dinero, "/v1.1/organizations")[0]
    assert newer["Subscription"]["HasPro"] is True
    assert newer["RoleKey"] == "Owner"
    dinero.simulator.configure({"pro": False})
    assert outside(dinero, "/v1/organizations")[0]["isPro"] is False


def test_countries_have_two_letters(dinero: Dinero) -> None:
    assert {"Key": "DK", "DanishName": "Danmark", "EnglishName": "Denmark"} in outside(dinero, "/v1/countries")


def test_the_chart_of_accounts_is_listed_and_extended(dinero: Dinero) -> None:
    accounts = {row["AccountNumber"]: row for row in dinero.get("v1 accounts/entry")}
    assert (accounts[1000]["VatCode"], accounts[1190]["IsHidden"]) == ("U25", True)
    assert all(2000 <= row["AccountNumber"] <= 9399 for row in dinero.get("v1 accounts/purchase"))
    assert dinero.get("v1 accounts/deposit", fields="accountNumber")[0] == {"accountNumber": 55000}
    body = {"Number": 1005, "Name": "Ny", "VatCode": "U25"}
    dinero.do("POST", "v1 accounts/entry", body)
    assert dinero.draft({"AccountNumber": 1005})
    assert code(dinero, "POST", "v1 accounts/entry", body) == 42
    assert code(dinero, "POST", "v1 accounts/entry", {**body, "Number": 1006, "VatCode": "X"}) == 42
    dinero.do("POST", "v1 accounts/deposit", {"Number": 55500, "Name": "Ny bank"})
    assert code(dinero, "POST", "v1 accounts/deposit", {"Number": 100, "Name": "x"}) == 42


def test_vat_types_tell_rates_as_shares(dinero: Dinero) -> None:
    rates = {row["VatCode"]: row["VatRate"] for row in dinero.get("v1 vatTypes")}
    assert (rates["U25"], rates["I25"]) == (Decimal("0.25"), Decimal("0.25"))


def test_years_and_settings_are_there(dinero: Dinero) -> None:
    years = dinero.get("v1 accountingyears")
    assert [(year["FromDate"], year["ToDate"]) for year in years] == [
        ("2025-01-01", "2025-12-31"),
        ("2026-01-01", "2026-12-31"),
    ]
    assert dinero.get("v1 sales/settings")["DefaultAccountNumber"] == 1000


def test_entries_are_read_within_one_accounting_year(dinero: Dinero) -> None:
    dinero.booked()
    rows = dinero.get("v1 entries", fromDate="2026-01-01", toDate="2026-12-31")
    assert sum(row["Amount"] for row in rows) == 0
    assert {row["AccountNumber"] for row in rows} == {56100, 1000, 64000}
    assert dinero.get("v1 entries", fromDate="2025-01-01", toDate="2025-12-31") == []
    assert code(dinero, "GET", "v1 entries", fromDate="2025-12-01", toDate="2026-01-31") == 47
    assert code(dinero, "GET", "v1 entries", fromDate="x", toDate="2026-01-31") == 44


def test_changed_entries_are_read_for_at_most_31_days(dinero: Dinero) -> None:
    dinero.booked(Date="2026-01-05")
    span = {"changesFrom": "2026-11-22T21:30:00Z", "changesTo": "2026-11-22T21:30:00Z"}
    assert len(dinero.get("v1 entries/changes", **span)) == 3
    assert dinero.get("v1 entries/changes", changesFrom="2026-11-22T21:30:01Z", changesTo="2026-11-23T00:00:00Z") == []
    assert (
        code(dinero, "GET", "v1 entries/changes", changesFrom="2026-10-01T00:00:00Z", changesTo=span["changesTo"]) == 45
    )


def test_a_statement_shows_what_a_contact_owes(dinero: Dinero) -> None:
    booked = dinero.booked()
    dinero.pay(booked, 25)
    statement = dinero.get(f"v1 state-of-account/{booked['ContactGuid']}")
    assert (statement["Income"], statement["Expenses"], len(statement["Entries"])) == (125, 25, 2)


def upload(dinero: Dinero, content: bytes, kind: str = "application/pdf") -> Any:
    head = f'--b\r\nContent-Disposition: form-data; name="file"; filename="bilag.pdf"\r\nContent-Type: {kind}\r\n\r\n'
    headers = {"Authorization": f"Bearer {dinero.token}", "Content-Type": "multipart/form-data; boundary=b"}
    body = head.encode() + content + b"\r\n--b--\r\n"
    return dinero.simulator.answer(Call("POST", f"/v1/{dinero.organization}/files", {}, headers, body))


def test_a_file_comes_back_byte_by_byte(dinero: Dinero) -> None:
    content = bytes(range(256)) + b"\r\n--not the boundary"
    guid = from_json(upload(dinero, content).body)["FileGuid"]
    assert dinero.raw("GET", f"v1 files/{guid}").body == content
    listed = dinero.get("v1 files", fileStatus="Unused", extensions="pdf", uploadedAfter="2026/11/22")
    assert [(row["FileGuid"], row["Size"]) for row in listed] == [(guid, len(content))]
    assert dinero.get("v1 files", fileStatus="Used") == []
    assert code(dinero, "GET", "v1 files", uploadedBefore="22.11.2026") == 44


def test_only_small_images_and_pdf_are_stored(dinero: Dinero) -> None:
    assert upload(dinero, b"x" * (6 * 1024 * 1024 + 1)).status == 413
    assert upload(dinero, b"x", "text/plain").status == 400


def test_webhooks_are_subscribed_to_known_events(dinero: Dinero) -> None:
    event = dinero.get("v1 webhooks/events")[0]["EventId"]
    body = {"Uri": "https://hub.example/hook", "EventId": event}
    assert dinero.raw("POST", "v1 webhooks/subscribe", body).status == 200
    assert dinero.get("v1 webhooks/subscriptions") == [body]
    assert dinero.raw("DELETE", "v1 webhooks/unsubscribe", {"EventId": event}).status == 200
    assert code(dinero, "DELETE", "v1 webhooks/unsubscribe", {"EventId": event}) == 40
    assert code(dinero, "POST", "v1 webhooks/subscribe", {"Uri": "x", "EventId": "no"}) == 45


LINE = {"Description": "Køb", "Amount": 125, "AccountNumber": 2000, "BalancingAccountNumber": 55000}


def test_a_manual_voucher_is_booked_with_vat_and_taken_back_by_an_offset(dinero: Dinero) -> None:
    made = dinero.do("POST", "v1 vouchers/manuel", {"VoucherDate": "2026-05-01", "Lines": [LINE]})
    made = dinero.do(
        "PUT",
        f"v1 vouchers/manuel/{made['Guid']}",
        {"VoucherDate": "2026-05-02", "Lines": [LINE], "Timestamp": made["Timestamp"]},
    )
    booked = dinero.do("POST", f"v1 vouchers/manuel/{made['Guid']}/book", {"Timestamp": made["Timestamp"]})
    assert (booked["Status"], booked["VoucherNumber"]) == ("Booked", 1)
    amounts = {row["AccountNumber"]: row["Amount"] for row in dinero.simulator.dump("entries")}
    assert amounts == {2000: 100, 64010: 25, 55000: -125}
    assert code(dinero, "DELETE", f"v1 vouchers/manuel/{made['Guid']}", {"Timestamp": made["Timestamp"]}) == 58
    dinero.do("DELETE", f"v1 vouchers/manuel/{made['Guid']}", {"Timestamp": booked["Timestamp"]})
    assert len(dinero.simulator.dump("entries")) == 6
    assert sum(row["Amount"] for row in dinero.simulator.dump("entries") if row["AccountNumber"] == 2000) == 0


def test_none_keeps_the_vat_off_a_manual_voucher(dinero: Dinero) -> None:
    made = dinero.do("POST", "v1 vouchers/manuel", {"Lines": [{**LINE, "AccountVatCode": "none"}]})
    dinero.do("POST", f"v1 vouchers/manuel/{made['Guid']}/book", {"Timestamp": made["Timestamp"]})
    assert {row["AccountNumber"] for row in dinero.simulator.dump("entries")} == {2000, 55000}


def test_a_voucher_that_does_not_balance_is_not_booked(dinero: Dinero) -> None:
    made = dinero.do("POST", "v1 vouchers/manuel", {"Lines": [{"Amount": 5, "AccountNumber": 2000}]})
    assert code(dinero, "POST", f"v1 vouchers/manuel/{made['Guid']}/book", {"Timestamp": made["Timestamp"]}) == 45


def test_ledger_items_are_booked_after_a_while(dinero: Dinero) -> None:
    item = {"VoucherDate": "2026-05-01", "Lines": [LINE]}
    made = dinero.do("POST", "v1.2 ledgeritems", [item])
    assert dinero.do("POST", "v1 ledgeritems/ledgers", made)[0]["VoucherDate"] == "2026-05-01"
    newer = dinero.do("PUT", "v1 ledgeritems", [{**item, **made[0]}])
    assert code(dinero, "POST", "v1 ledgeritems/book", made) == 58
    dinero.do("POST", "v1 ledgeritems/book", newer)
    ids = [{"Id": newer[0]["Id"]}]
    assert dinero.do("POST", "v1 ledgeritems/status", ids)[0]["Status"] == "PendingBooking"
    assert dinero.do("POST", "v1 ledgeritems/status", ids)[0]["Status"] == "Booked"
    assert sum(row["Amount"] for row in dinero.simulator.dump("entries")) == 0
    assert dinero.do("POST", "v1 ledgeritems/ledgers", newer) == []
    spare = dinero.do("POST", "v1.2 ledgeritems", [item])
    dinero.do("DELETE", "v1 ledgeritems/delete", spare)
    assert code(dinero, "DELETE", "v1 ledgeritems/delete", spare) == 40


def test_a_ledger_holds_1000_items(dinero: Dinero) -> None:
    assert code(dinero, "POST", "v1.2 ledgeritems", [{} for _ in range(1001)]) == 43


def test_a_person_edits_obeying_the_same_rules(dinero: Dinero) -> None:
    person = dinero.simulator
    contact = person.create_as_person("contacts", {"Name": "Bøgh"})
    person.create_as_person("products", {"Name": "P", "BaseAmountValue": 5})
    dinero.clock.advance(60)
    edited = person.edit_as_person("contacts", contact["ContactGuid"], {"Phone": "1"})
    assert (edited["Name"], edited["UpdatedAt"]) == ("Bøgh", "2026-11-22T21:31:00.000")
    with pytest.raises(PersonRefused):
        person.edit_as_person("contacts", contact["ContactGuid"], {"CountryKey": "XX"})
    made = dinero.draft(ContactGuid=contact["ContactGuid"])
    booked = person.edit_as_person("invoices", made["Guid"], {"Comment": "Tak", "Book": True, "Pay": {"Amount": 125}})
    assert (booked["Comment"], booked["PaymentStatus"]) == ("Tak", "Paid")
    with pytest.raises(PersonRefused):
        person.delete_as_person("invoices", made["Guid"])
    person.delete_as_person("contacts", contact["ContactGuid"])
    with pytest.raises(KeyError):
        person.edit_as_person("contacts", contact["ContactGuid"], {"Phone": "2"})
    person.create_as_person("accountingyears", {"Name": "2020", "FromDate": "2020-01-01", "ToDate": "2020-12-31"})
    assert dinero.booked(Date="2020-02-02")["Number"] == 1


def test_two_organizations_share_nothing(dinero: Dinero) -> None:
    dinero.contact()
    other = dinero.credentials["other_organization_id"]
    assert len(dinero.simulator.dump("contacts")) == 1
    assert dinero.simulator.dump(f"contacts@{other}") == []
