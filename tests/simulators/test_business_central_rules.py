"""The smaller rules of Business Central, each with the request that breaks it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from decimal import Decimal
from typing import Any

import pytest

from kobling_simulators.business_central.errors import ApiError
from kobling_simulators.business_central.ledger import Entry, Ledger, Voucher
from tests.simulators.central import Central, central

NONE = "11111111-1111-1111-1111-111111111111"
LINE = {"accountNumber": "4010", "amount": 125, "balancingAccountNumber": "5840"}
SALE = {"lineType": "Account", "lineObjectNumber": "1010", "quantity": 1, "unitPrice": 100}


@pytest.fixture
async def bc() -> AsyncIterator[Central]:
    async with central() as client:
        yield client


async def journal(bc: Central) -> str:
    return f"journals({(await bc.make('journals', code='J'))['id']})"


async def invoice(bc: Central, **values: Any) -> tuple[str, dict[str, Any]]:
    """A draft invoice of 125 and its customer."""
    customer = await bc.make("customers", displayName="x")
    row = await bc.make("salesInvoices", customerId=customer["id"], salesInvoiceLines=[SALE], **values)
    return f"salesInvoices({row['id']})", customer


def refused(answer: Any, text: str = "") -> None:
    assert answer.status == 400, answer.content
    assert text in answer.message


async def test_quotes_in_an_address_have_to_close(bc: Central) -> None:
    refused(await bc.get("customers('x"))


async def test_strange_segments_name_nothing(bc: Central) -> None:
    for path in ("cust*mers", "customers)x("):
        assert (await bc.get(path)).status == 404


@pytest.mark.parametrize(
    ("name", "body"),
    [
        ("attachments", {"parentType": "Journal", "fileName": "a"}),
        ("attachments", {"parentType": "Journal", "parentId": "LINE"}),
        ("defaultDimensions", {"parentType": "Customer", "parentId": NONE}),
        ("defaultDimensions", {"parentId": NONE}),
        ("journals", {"code": "X", "balancingAccountId": NONE}),
        ("journalLines", {**LINE, "journalId": NONE}),
        ("salesOrderLines", {"documentId": NONE, "lineType": "Comment"}),
        ("dimensionSetLines", {"code": "AFDELING", "valueCode": "ADM"}),
    ],
)
async def test_parents_have_to_be_named_and_there(bc: Central, name: str, body: dict[str, Any]) -> None:
    line = await bc.make(f"{await journal(bc)}/journalLines", **LINE)
    given = {key: line["id"] if value == "LINE" else value for key, value in body.items()}
    refused(await bc.post(name, given))


async def test_the_app_permission_is_checked_in_the_token(bc: Central, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("kobling_simulators.entra.granting._APP_ROLES", frozenset({"Other.Read"}))
    bc.token = await bc.sign_in()
    assert (await bc.get("customers")).status == 403


async def test_dimension_lines_need_matching_ids_and_codes(bc: Central) -> None:
    path = f"journalLines({(await bc.make(f'{await journal(bc)}/journalLines', **LINE))['id']})/dimensionSetLines"
    one = await bc.one("dimensions?$filter=code eq 'AFDELING'")
    refused(await bc.post(path, {"id": one["id"], "code": "PROJEKT", "valueCode": "P100"}))
    assert (await bc.get(f"{path}({one['id']})")).status == 404
    made = await bc.make(path, code="AFDELING", valueCode="ADM")
    other = await bc.one("dimensions?$filter=code eq 'PROJEKT'")
    refused(await bc.patch(f"{path}({made['id']})", {"id": other["id"], "valueCode": "SALG"}))


async def test_a_document_discount_is_not_negative(bc: Central) -> None:
    path, _ = await invoice(bc)
    refused(await bc.patch(path, {"discountAmount": -1}), "negative")


async def test_companies_and_lists_about_the_service_are_read_only(bc: Central) -> None:
    assert (await bc.post(f"{bc.root}/companies", {})).status == 405
    assert (await bc.delete(bc.company)).status == 405
    assert (await bc.get(f"{bc.root}/companies/customers")).status == 404
    runtime = bc.company.replace("/v2.0/companies", "/microsoft/runtime/beta/companies")
    assert (await bc.get(f"{runtime}/customers")).status == 404


async def test_subscriptions_are_not_made_in_a_batch(bc: Central) -> None:
    resource = f"/api/v2.0/companies({bc.known['company_id']})/customers"
    body = {"notificationUrl": "http://127.0.0.1:9/", "resource": resource}
    (response,) = await bc.batch({"method": "POST", "url": "subscriptions", "body": body})
    assert response["status"] == 400


@pytest.mark.parametrize(
    ("body", "later", "text"),
    [
        ({"amount": 5, "balancingAccountNumber": "5840"}, {}, "Account No."),
        ({**LINE, "documentNumber": "A"}, {"documentNumber": ""}, "Document No."),
        ({**LINE, "postingDate": "2026-01-01"}, {"postingDate": "0001-01-01"}, "Posting Date"),
        ({**LINE, "accountType": "Vendor", "accountNumber": "BLOCKED"}, {}, "Blocked"),
    ],
)
async def test_an_unfinished_line_stops_the_posting(
    bc: Central, body: dict[str, Any], later: dict[str, Any], text: str
) -> None:
    await bc.make("vendors", displayName="x", number="BLOCKED", blocked="All")
    path = await journal(bc)
    row = await bc.make(f"{path}/journalLines", **body)
    if later:
        assert (await bc.patch(f"journalLines({row['id']})", later)).status == 200
    refused(await bc.act(path, "post"), text)


async def test_an_account_that_vanished_stops_the_posting(bc: Central) -> None:
    path = await journal(bc)
    await bc.make(f"{path}/journalLines", **LINE)
    await bc.control("DELETE", "/records/accounts/4010")
    refused(await bc.act(path, "post"), "does not exist")
    refused(await bc.post(f"{path}/journalLines", LINE))


async def test_a_heading_takes_no_posting_even_where_direct_posting_is_ticked(bc: Central) -> None:
    await bc.control("PATCH", "/records/accounts/1000", {"directPosting": True})
    refused(await bc.post(f"{await journal(bc)}/journalLines", {**LINE, "accountNumber": "1000"}), "Account Type")


@pytest.mark.parametrize(
    "wrong",
    [
        {"balanceAccountType": "Employee"},
        {"accountId": NONE},
        {"accountId": "4010-ID", "accountNumber": "4020"},
        {"lineNumber": 10000},
    ],
)
async def test_accounts_and_numbers_of_lines_have_to_fit(bc: Central, wrong: dict[str, Any]) -> None:
    path = await journal(bc)
    await bc.make(f"{path}/journalLines", **LINE)
    account = await bc.one("accounts?$filter=number eq '4010'")
    given = {key: account["id"] if value == "4010-ID" else value for key, value in wrong.items()}
    refused(await bc.post(f"{path}/journalLines", {**LINE, **given}))


async def test_a_payment_applies_to_a_posted_invoice_only(bc: Central) -> None:
    path, customer = await invoice(bc)
    draft = await bc.one(path)
    (payments,) = await bc.rows("customerPaymentJournals")
    lines = f"customerPaymentJournals({payments['id']})/customerPayments"
    body = {"customerId": customer["id"], "amount": -1}
    refused(await bc.post(lines, {**body, "appliesToInvoiceId": draft["id"]}))
    refused(await bc.post(lines, {**body, "appliesToInvoiceNumber": "NONE"}))


async def test_a_currency_without_a_rate_cannot_be_posted(bc: Central) -> None:
    await bc.make("currencies", code="CHF")
    path, _ = await invoice(bc, currencyCode="CHF")
    refused(await bc.act(path, "post"), "exchange rate")


async def test_the_ledger_takes_no_document_that_does_not_balance(bc: Central) -> None:
    ledger = Ledger(bc.running.simulator._environment.main)  # type: ignore[attr-defined]
    with pytest.raises(ApiError, match="out of balance"):
        ledger.post(Voucher("2026-01-01", "A", "_x0020_"), [Entry("4010", Decimal(1))])


@pytest.mark.parametrize(
    "line",
    [
        {"itemId": "ITEM", "lineType": "Account", "quantity": 1},
        {"itemId": "ITEM", "lineObjectNumber": "OTHER", "quantity": 1},
        {"lineType": "Comment", "sequence": 10000},
    ],
)
async def test_type_number_and_place_of_a_document_line_have_to_fit(bc: Central, line: dict[str, Any]) -> None:
    item = await bc.make("items", displayName="x")
    path, _ = await invoice(bc)
    given = {key: item["id"] if value == "ITEM" else value for key, value in line.items()}
    refused(await bc.post(f"{path}/salesInvoiceLines", given))


async def test_a_customer_with_ledger_entries_but_no_document_stays(bc: Central) -> None:
    customer = await bc.make("customers", displayName="x")
    path = await journal(bc)
    body = {**LINE, "accountType": "Customer", "accountNumber": customer["number"]}
    await bc.make(f"{path}/journalLines", **body)
    assert (await bc.act(path, "post")).status == 204
    refused(await bc.delete(f"customers({customer['id']})"), "ledger entries")


async def test_drafts_and_paid_invoices_cannot_be_cancelled(bc: Central) -> None:
    path, customer = await invoice(bc)
    refused(await bc.act(path, "cancel"), "posted document")
    refused(await bc.act(path, "makeCorrectiveCreditMemo"), "posted invoice")
    assert (await bc.act(path, "post")).status == 204
    (payments,) = await bc.rows("customerPaymentJournals")
    lines = f"customerPaymentJournals({payments['id']})/customerPayments"
    row = await bc.one(path)
    await bc.make(lines, customerId=customer["id"], amount=-25, appliesToInvoiceId=row["id"])
    assert (await bc.act(f"journals({payments['id']})", "post")).status == 204
    refused(await bc.act(path, "cancel"), "paid")


async def test_an_empty_order_and_one_of_a_customer_blocked_meanwhile_are_not_shipped(bc: Central) -> None:
    customer = await bc.make("customers", displayName="x")
    empty = await bc.make("salesOrders", customerId=customer["id"])
    refused(await bc.act(f"salesOrders({empty['id']})", "shipAndInvoice"), "nothing to post")
    full = await bc.make("salesOrders", customerId=customer["id"], salesOrderLines=[SALE])
    await bc.patch(f"customers({customer['id']})", {"blocked": "Ship"})
    refused(await bc.act(f"salesOrders({full['id']})", "shipAndInvoice"), "blocked")


@pytest.mark.parametrize("size", ["0", "many", "-5"])
async def test_a_page_size_is_a_positive_number(bc: Central, size: str) -> None:
    refused(await bc.get("customers", Prefer=f"odata.maxpagesize={size}"))


async def test_what_is_not_there_beside_a_record_is_404_and_properties_and_streams_have_their_methods(
    bc: Central,
) -> None:
    row = await bc.make("customers", displayName="x")
    path = f"customers({row['id']})"
    assert (await bc.get(f"{path}/currency")).status == 404
    assert (await bc.get(f"{path}/displayName")).json["value"] == "x"
    assert (await bc.raw("PATCH", f"{path}/displayName", {"value": "y"}, If_Match="*")).status == 405
    assert (await bc.raw("DELETE", f"{path}/picture/pictureContent", If_Match="*")).status == 405


async def test_a_person_cannot_edit_what_is_not_there(bc: Central) -> None:
    await bc.control("PATCH", "/records/customers/NONE", {"city": "x"})
    assert bc.control_status == 404
