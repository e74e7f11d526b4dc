"""Journals of Business Central: templates, lines, posting, payments, files."""

from __future__ import annotations

from collections.abc import AsyncIterator
from decimal import Decimal
from typing import Any

import pytest

from tests.simulators.central import Central, central

LINE = {"accountNumber": "4010", "amount": 125, "balancingAccountNumber": "5840"}


@pytest.fixture
async def bc() -> AsyncIterator[Central]:
    async with central() as client:
        yield client


async def journal(bc: Central, code: str = "PLEO", **values: Any) -> str:
    row = await bc.make("journals", code=code, displayName=code, **{"templateDisplayName": "STANDARD", **values})
    return f"journals({row['id']})"


async def line(bc: Central, path: str, **values: Any) -> dict[str, Any]:
    return await bc.make(f"{path}/journalLines", **{**LINE, **values})


async def test_a_list_of_journals_is_of_the_template_that_sorts_first(bc: Central) -> None:
    assert {row["templateDisplayName"] for row in await bc.rows("journals")} == {"LØN"}
    assert await bc.rows("journals?$filter=code eq 'DAGLIG'") == []
    named = await bc.rows("journals?$filter=templateDisplayName eq 'STANDARD'")
    assert [row["code"] for row in named] == ["DAGLIG", "STANDARD"]
    assert (await bc.get(f"journals({named[0]['id']})")).status == 200


async def test_a_new_journal_gets_the_first_template_unless_it_names_one(bc: Central) -> None:
    assert (await bc.make("journals", code="a"))["templateDisplayName"] == "LØN"
    assert (await bc.make("journals", code="a", templateDisplayName="STANDARD"))["templateDisplayName"] == "STANDARD"
    assert (await bc.post("journals", {"code": "A"})).code == "Internal_EntityWithSameKeyExists"
    wrong = await bc.post("journals", {"code": "b", "templateDisplayName": "PLEO"})
    assert wrong.code == "Internal_InvalidTableRelation"
    assert (await bc.post("journals", {"displayName": "no code"})).status == 400


async def test_a_template_renamed_to_sort_first_becomes_the_default(bc: Central) -> None:
    await bc.config(templates=["A-PLEO"])
    assert await bc.rows("journals") == []
    assert (await bc.make("journals", code="pleo"))["templateDisplayName"] == "A-PLEO"
    assert [row["code"] for row in await bc.rows("journals")] == ["PLEO"]


async def test_lines_need_a_journal(bc: Central) -> None:
    bare = await bc.get("journalLines")
    assert bare.status == 400 and "journal batch ID" in bare.message
    assert (await bc.post("journalLines", LINE)).code == "BadRequest_RequiredParamNotProvided"
    path = await journal(bc)
    made = await bc.make("journalLines", journalId=path[9:-1], **LINE)
    assert made["journalDisplayName"] == "PLEO"
    assert len(await bc.rows(f"journalLines?$filter=journalId eq {path[9:-1]}")) == 1


async def test_a_line_goes_on_from_the_line_before(bc: Central) -> None:
    path = await journal(bc)
    first = await line(bc, path, postingDate="2026-01-31", balancingAccountNumber="", documentNumber="B-007")
    assert (first["lineNumber"], first["description"]) == (10000, "Kontorartikler")
    second = await bc.make(f"{path}/journalLines", accountNumber="5840", amount=-125)
    assert (second["lineNumber"], second["documentNumber"], second["postingDate"]) == (20000, "B-007", "2026-01-31")
    third = await line(bc, path)
    assert third["documentNumber"] == "B-008"


@pytest.mark.parametrize(
    "wrong",
    [
        {"accountNumber": "NONE"},
        {"accountNumber": "4090"},
        {"accountNumber": "5410"},
        {"accountNumber": "1000"},
        {"accountType": "Employee", "accountNumber": "M0001"},
        {"accountType": "Fixed Asset"},
        {"accountType": "Customer", "accountNumber": "NONE"},
        {"accountType": "Customer", "accountId": "11111111-1111-1111-1111-111111111111", "accountNumber": ""},
        {"balancingAccountNumber": "NONE"},
        {"balanceAccountType": "Vendor"},
        {"taxCode": "NONE"},
        {"currencyCode": "EUR"},
        {"description": "x" * 101},
        {"documentNumber": "1" * 21},
        {"amount": "125"},
        {"postingDate": "31-01-2026"},
        {"postingDate": "2026-02-30"},
        {"id": "11111111-1111-1111-1111-111111111111"},
    ],
)
async def test_a_wrong_line_is_refused(bc: Central, wrong: dict[str, Any]) -> None:
    path = await journal(bc)
    assert (await bc.post(f"{path}/journalLines", {**LINE, **wrong})).status == 400
    assert await bc.rows(f"{path}/journalLines") == []


async def test_the_balancing_account_comes_from_the_journal_unless_the_line_says_otherwise(bc: Central) -> None:
    bank = await bc.one("bankAccounts?$filter=number eq 'BANK'")
    path = await journal(bc, balancingAccountId=bank["id"])
    assert (await bc.one(path))["balancingAccountNumber"] == "BANK"
    own = await bc.make(f"{path}/journalLines", accountNumber="4010", amount=1)
    assert (own["balanceAccountType"], own["balancingAccountNumber"]) == ("Bank_x0020_Account", "BANK")
    other = await line(bc, path, balanceAccountType="G/L Account")
    assert other["balancingAccountNumber"] == "5840"


async def test_journal_of_a_line_never_changes(bc: Central) -> None:
    path, other = await journal(bc), await journal(bc, "X")
    row = await line(bc, path)
    refused = await bc.patch(f"journalLines({row['id']})", {"journalId": other[9:-1]})
    assert refused.status == 400
    assert (await bc.patch(f"journalLines({row['id']})", {"amount": 10.005})).json["amount"] == Decimal("10.01")


async def test_posting_writes_the_ledger_with_tax_dimensions_and_files_and_empties_the_journal(bc: Central) -> None:
    path = await journal(bc)
    row = await line(bc, path, taxCode="MOMS25", dimensionSetLines=[{"code": "AFDELING", "valueCode": "ADM"}])
    file = await bc.make("attachments", parentId=row["id"], parentType="Journal", fileName="kvittering.pdf")
    content = f"attachments({file['id']})/attachmentContent"
    put = await bc.raw("PATCH", content, b"%PDF", Content_Type="application/octet-stream", If_Match="*")
    assert put.status == 204
    assert (await bc.act(path, "post")).status == 204
    assert await bc.rows(f"{path}/journalLines") == []
    own = f"documentNumber eq '{row['documentNumber']}'"
    entries = await bc.rows(f"generalLedgerEntries?$filter={own}&$expand=dimensionSetLines,attachments")
    assert {one["accountNumber"]: one["debitAmount"] - one["creditAmount"] for one in entries} == {
        "4010": 100,
        "5510": 25,
        "5840": -125,
    }
    main = entries[0]
    assert [one["valueCode"] for one in main["dimensionSetLines"]] == ["ADM"]
    assert [one["fileName"] for one in main["attachments"]] == ["kvittering.pdf"]
    stored = await bc.get(f"attachments({main['attachments'][0]['id']})/attachmentContent")
    assert stored.content == b"%PDF"


async def test_without_a_copied_tax_setup_the_tax_code_does_nothing(bc: Central) -> None:
    await bc.config(copy_vat_to_journal=False)
    path = await journal(bc)
    await line(bc, path, taxCode="MOMS25")
    await bc.act(path, "post")
    assert {one["accountNumber"] for one in await bc.rows("generalLedgerEntries")} == {"4010", "5840"}


async def test_one_bad_line_posts_none(bc: Central) -> None:
    path = await journal(bc)
    await line(bc, path)
    await line(bc, path, postingDate="2020-01-01")
    await bc.config(allow_posting_from="2026-01-01")
    refused = await bc.act(path, "post")
    assert refused.status == 400 and "allowed posting dates" in refused.message
    assert await bc.rows("generalLedgerEntries") == []
    assert len(await bc.rows(f"{path}/journalLines")) == 2


async def test_every_document_has_to_balance(bc: Central) -> None:
    path = await journal(bc)
    await bc.make(f"{path}/journalLines", accountNumber="4010", amount=100, documentNumber="A")
    await bc.make(f"{path}/journalLines", accountNumber="5840", amount=-100, documentNumber="B")
    refused = await bc.act(path, "post")
    assert refused.status == 400 and "out of balance by 100" in refused.message
    assert "nothing to post" in (await bc.act(await journal(bc, "TOM"), "post")).message


async def test_mandatory_dimensions_and_digital_vouchers_bind_at_posting(bc: Central) -> None:
    path = await journal(bc)
    row = await line(bc, path)
    await bc.config(mandatory_dimensions={"4010": ["PROJEKT"]})
    assert "Dimension Code PROJEKT" in (await bc.act(path, "post")).message
    await bc.make(f"journalLines({row['id']})/dimensionSetLines", code="PROJEKT", valueCode="P200")
    await bc.config(digital_voucher=True)
    assert "digital voucher" in (await bc.act(path, "post")).message
    await bc.make(f"journalLines({row['id']})/attachments", fileName="bilag.pdf")
    assert (await bc.act(path, "post")).status == 204


async def test_an_account_blocked_after_the_line_was_made_stops_the_posting(bc: Central) -> None:
    path = await journal(bc)
    await line(bc, path)
    await bc.control("PATCH", "/records/accounts/4010", {"blocked": True})
    assert "Blocked" in (await bc.act(path, "post")).message


async def test_a_bank_account_in_euro_makes_the_amount_euro(bc: Central) -> None:
    path = await journal(bc)
    await line(bc, path, amount=100, balanceAccountType="Bank Account", balancingAccountNumber="BANK-EUR")
    assert (await bc.act(path, "post")).status == 204
    entries = {one["accountNumber"]: one for one in await bc.rows("generalLedgerEntries")}
    assert (entries["4010"]["debitAmount"], entries["5830"]["creditAmount"]) == (Decimal("746.05"),) * 2


async def test_a_vendor_line_moves_the_vendors_balance(bc: Central) -> None:
    vendor = await bc.make("vendors", displayName="Leverandør")
    path = await journal(bc)
    row = await line(
        bc, path, accountType="Vendor", accountNumber=vendor["number"], amount=-80, balancingAccountNumber="4010"
    )
    assert row["accountId"] == "00000000-0000-0000-0000-000000000000"
    assert (await bc.act(path, "post")).status == 204
    assert (await bc.one(f"vendors({vendor['id']})"))["balance"] == 80


async def test_dimension_set_lines_change_their_value_only_and_exist_once(bc: Central) -> None:
    path = await journal(bc)
    row = await line(bc, path)
    sets = f"journalLines({row['id']})/dimensionSetLines"
    made = await bc.make(sets, code="AFDELING", valueCode="ADM")
    again = await bc.post(sets, {"id": made["id"], "valueCode": "SALG"})
    assert again.status == 400 and "already exists" in again.message
    assert (await bc.patch(f"{sets}({made['id']})", {"valueCode": "SALG"})).json[
        "valueDisplayName"
    ] == "Salg & Marketing"
    assert (await bc.patch(f"{sets}({made['id']})", {"code": "PROJEKT"})).status == 400
    assert (await bc.patch(f"{sets}({made['id']})", {"valueCode": "P100"})).status == 400
    assert (await bc.post(sets, {"code": "NONE", "valueCode": "ADM"})).status == 400
    assert (await bc.get("dimensionSetLines")).status == 400
    assert (await bc.delete(f"{sets}({made['id']})")).status == 204
    assert await bc.rows(sets) == []


async def test_attachments_hang_on_journal_lines_and_documents_only(bc: Central) -> None:
    customer = await bc.make("customers", displayName="x")
    for body in (
        {"parentType": "Customer", "parentId": customer["id"], "fileName": "a"},
        {"parentType": "Journal", "parentId": customer["id"], "fileName": "a"},
        {"parentType": "Journal", "fileName": "a"},
    ):
        assert (await bc.post("attachments", body)).status == 400
    made = await bc.make("documentAttachments", parentType="Customer", parentId=customer["id"], fileName="aftale.pdf")
    assert len(await bc.rows(f"customers({customer['id']})/documentAttachments")) == 1
    content = f"documentAttachments({made['id']})/attachmentContent"
    assert (await bc.get(content)).status == 204
    assert (await bc.raw("PATCH", content, b"x", Content_Type="application/octet-stream")).status == 400
    await bc.raw("PATCH", content, b"xyz", Content_Type="application/octet-stream", If_Match="*")
    assert (await bc.one(f"documentAttachments({made['id']})"))["byteSize"] == 3
    assert (await bc.get("attachments")).status == 400


async def paid_invoice(bc: Central, amount: Any) -> dict[str, Any]:
    """An invoice of 125 and a payment towards it, posted."""
    customer = await bc.make("customers", displayName="x")
    lines = [{"lineType": "Account", "lineObjectNumber": "1010", "quantity": 1, "unitPrice": 100}]
    draft = await bc.make("salesInvoices", customerId=customer["id"], salesInvoiceLines=lines)
    await bc.act(f"salesInvoices({draft['id']})", "post")
    number = (await bc.one(f"salesInvoices({draft['id']})"))["number"]
    (payments,) = await bc.rows("customerPaymentJournals")
    row = await bc.make(
        f"customerPaymentJournals({payments['id']})/customerPayments",
        customerNumber=customer["number"],
        amount=amount,
        appliesToInvoiceNumber=number,
    )
    assert row["appliesToInvoiceId"] == draft["id"]
    assert await bc.rows(f"journals({payments['id']})/journalLines") == []
    assert (await bc.act(f"customerPaymentJournals({payments['id']})", "post")).status == 404
    assert (await bc.act(f"journals({payments['id']})", "post")).status == 204
    return await bc.one(f"salesInvoices({draft['id']})")


async def test_a_payment_settles_its_invoice_through_the_general_post_action(bc: Central) -> None:
    row = await paid_invoice(bc, -125)
    assert (row["status"], row["remainingAmount"]) == ("Paid", 0)


async def test_half_a_payment_leaves_the_rest(bc: Central) -> None:
    row = await paid_invoice(bc, -50)
    assert (row["status"], row["remainingAmount"]) == ("Open", 75)
