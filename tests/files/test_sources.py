"""Documents of each system: spelled as the pair over the API spells them, held against their own totals, and nothing
left out without a word."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from kobling.files import PROFILES, Document, problems
from kobling.files.documents import CREDIT_NOTE
from kobling.mapping import Side, read, write
from kobling.pairs.file_exports import About, Held
from kobling.pairs.file_exports.pleo import documents as of_pleo
from kobling.pairs.file_exports.recman import documents as of_recman
from kobling.pairs.file_exports.simply_crm import documents as of_crm
from kobling.pairs.recman_unimicro.pair import PAIR as STAFFING
from kobling.records import SettingsError
from kobling.sdk.protocols import FieldSchema

UNI, SHEET = PROFILES["recman-uni-assumed"], PROFILES["spreadsheet-da"]
EVERYWHERE = frozenset[str]()
CODES = {"25": "3"}
COMPANY = {
    "name": "Havna AS",
    "type": "customer",
    "companyNumber": "0017",
    "countryRegNumber": "NO 974 760 673 MVA",
    "email": "post@havna.example",
    "invoiceEmail": "faktura@havna.example",
    "phone": "+47 22",
    "creditTime": "14 dager",
    "postAddress.address1": "Kaien 1",
    "postAddress.postalCode": "0150",
    "postAddress.city": "Oslo",
}


def recman(
    options: dict[str, Any] | None = None,
    company: dict[str, Any] | None = None,
    departments: Any = EVERYWHERE,
    **fields: Any,
) -> Document | Held:
    line = {"number": "1003", "description": "Timer", "quantity": "7.5", "price": "549.90", "vat": "25"}
    invoice = {
        "number": "30001",
        "companyId": "1",
        "type": "invoice",
        "date": "2026-11-05",
        "departmentId": "2",
        "lines": [line],
        "kid": "0001234",
        **fields,
    }
    rows = {"invoice": {"70001": invoice}, "company": {"1": COMPANY | (company or {})}, "project": {}}
    (made,) = of_recman(rows, CODES, departments, options)
    return made


def document(made: Document | Held) -> Document:
    assert isinstance(made, Document), made
    return made


def held(made: Document | Held) -> Held:
    assert isinstance(made, Held), made
    return made


@pytest.mark.parametrize(
    ("rule", "company", "number"),
    [
        ("same", "0017", "17"),
        ("+100000", "17", "100017"),
        ("+100000, 18=100203", "18", "100203"),
        ("K-9=100009", "K-9", "100009"),
    ],
)
def test_a_customer_has_the_number_and_the_particulars_that_the_pair_writes(
    rule: str, company: str, number: str
) -> None:
    options = {"customer_numbers": rule}
    party = document(recman(options, {"companyNumber": company})).party
    mapping = STAFFING.mappings(STAFFING.with_defaults(options), {})["customers"]
    agreed = read(mapping, Side.LEFT, COMPANY | {"companyNumber": company}, None).values
    there = write(mapping, Side.RIGHT, agreed, None)
    assert party.number == str(there["CustomerNumber"]) == number
    assert party.email == there["Info.DefaultEmail.EmailAddress"] == "post@havna.example", "not another field's"
    assert party.org_number == there["OrgNumber"] == "974760673"
    assert (party.address1, party.postal_code, party.city) == ("Kaien 1", "0150", "Oslo")
    assert party.credit_days == "", "one field that fits no rule holds back one field"


@pytest.mark.parametrize(("number", "word"), [("", "no number"), ("K-9", "digits only")])
def test_a_customer_whose_number_the_pair_would_hold_is_held(number: str, word: str) -> None:
    assert word in held(recman(company={"companyNumber": number})).reason


def test_a_wrong_rule_for_customer_numbers_is_refused() -> None:
    with pytest.raises(SettingsError, match="no rule"):
        recman({"customer_numbers": "plus"})


def test_recmans_total_is_the_pairs_own_and_a_credit_note_is_below_nothing() -> None:
    made = document(recman())
    assert made.total is not None and made.total.amount == made.amount == Decimal("4124.25")
    made = document(recman(type="creditnote"))
    assert made.kind == CREDIT_NOTE and made.amount == Decimal("-4124.25")
    assert problems(UNI, made) == []


def test_recmans_documents_that_are_left_out_are_told_with_who_and_how_much() -> None:
    about = About("Havna AS", Decimal("4124.25"), "NOK", date(2026, 11, 5), "2")
    told = held(recman(departments=frozenset({"7"})))
    assert (told.kind, told.number, told.params, told.about) == (
        "other_department",
        "30001",
        {"department": "2"},
        about,
    )
    told = held(recman(number=None))
    assert (told.kind, told.about) == ("no_number", about)
    told = held(recman(date="i går"))
    assert (told.kind, told.about.who, told.about.day) == ("held", "Havna AS", None)
    told = held(recman(lines=[{"quantity": "mange", "price": "1"}]))
    assert (told.kind, told.about.amount) == ("held", None)
    assert isinstance(recman(departments=frozenset({"2"})), Document)


ACCOUNT = {"accountname": "Alfa", "account_no": "ACC0017", "email1": " a@x.example ", "cf_1": "DK-11 22 33 44"}


def crm(options: dict[str, Any] | None = None, schemas: Any = None, **fields: Any) -> Document | Held:
    line = {"productid": "9", "quantity": "3", "listprice": "33.335", "discount_percent": "10", "tax4": "25"}
    invoice = {
        "invoice_no": "INV7",
        "invoicestatus": "Approved",
        "invoicedate": "2026-11-05",
        "currency_id": "1",
        "account_id": "5",
        "contact_id": "6",
        "LineItems": [line],
        "hdnGrandTotal": "112.505625",
        "pre_tax_total": "90.0045",
        "bill_street": "Havnen 2",
        **fields,
    }
    rows = {
        "Invoice": {"70": invoice},
        "Accounts": {
            "5": {"accountname": "Alfa", "account_no": "ACC0017", "email1": " a@x.example ", "cf_1": "DK-11 22 33 44"}
        },
        "Contacts": {"6": {"firstname": "Bo", "lastname": "Bæk", "contact_no": "CON3", "email": "bo@x.example"}},
        "Currency": {"1": {"currency_code": "DKK"}},
        "Products": {"9": {"productname": "Kaffe", "productcode": "0042"}},
        "Services": {},
    }
    (made,) = of_crm(rows, CODES, EVERYWHERE, options, schemas)
    return made


def test_an_invoice_of_the_crm_is_held_against_its_grand_total_with_vat() -> None:
    made = document(crm())
    assert (made.amount, made.lines[0].vat_code, made.lines[0].product) == (Decimal("90.00"), "3", "0042")
    assert problems(SHEET, made) == []
    for wrong in ("112.52", "90.00", "0"):
        (problem,) = problems(SHEET, document(crm(hdnGrandTotal=wrong)))
        assert problem.field == "total" and problem.params["currency"] == "DKK"
    assert document(crm(hdnGrandTotal=None)).total is None, "where nothing is told nothing is compared"


def test_taxes_that_the_crm_did_not_count_hold_the_invoice() -> None:
    lines = [{"productid": "9", "quantity": "1", "listprice": "100", "tax4": rate} for rate in ("25", "0")]
    each_its_own = {"LineItems": lines, "pre_tax_total": "200", "hdnTaxType": "individual"}
    assert problems(SHEET, document(crm(**each_its_own, hdnGrandTotal="225"))) == []
    (problem,) = problems(SHEET, document(crm(**each_its_own, hdnGrandTotal="250")))
    assert (problem.params["lines"], problem.params["whole"]) == ("225.00", "250.00")
    by_the_first = each_its_own | {"hdnTaxType": "group"}
    assert problems(SHEET, document(crm(**by_the_first, hdnGrandTotal="250"))) == [], "as the CRM counts groups"


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        ("Cancel", "cancelled"),
        ("Created", "not_approved"),
        ("AutoCreated", "not_approved"),
    ],
)
def test_what_the_crm_keeps_back_has_its_own_reason(status: str, kind: str) -> None:
    told = held(crm(invoicestatus=status))
    assert (told.kind, told.number) == (kind, "INV7")
    assert told.about == About("Alfa", Decimal("90.0045"), "DKK", date(2026, 11, 5))


@pytest.mark.parametrize("sign", ["", "-"])
def test_a_credit_invoice_is_a_credit_note_whichever_sign_it_has(sign: str) -> None:
    line = {"productid": "9", "quantity": f"{sign}1", "listprice": "100", "tax4": "25"}
    made = document(crm(invoicestatus="Credit Invoice", LineItems=[line], hdnGrandTotal=f"{sign}125"))
    assert (made.kind, made.amount, made.lines[0].quantity) == (CREDIT_NOTE, Decimal("-100.00"), Decimal(-1))
    assert problems(SHEET, made) == []
    wrong = document(crm(invoicestatus="Credit Invoice", LineItems=[line], hdnGrandTotal=f"{sign}75"))
    assert problems(SHEET, wrong)[0].field == "total", "as the CRM's screen has it, its tax the wrong way round"


def test_an_invoice_of_less_than_nothing_is_held() -> None:
    line = {"productid": "9", "quantity": "-1", "listprice": "100", "tax4": "25"}
    told = held(crm(LineItems=[line], hdnGrandTotal="-125"))
    assert "less than nothing" in told.params["what"]


def test_a_line_whose_product_is_gone_keeps_its_text() -> None:
    line = {"productid": "8", "product_name": "Te &amp; kaffe", "quantity": "1", "listprice": "100", "tax4": "25"}
    (told,) = document(crm(LineItems=[line], hdnGrandTotal="125")).lines
    assert (told.text, told.product) == ("Te & kaffe", "")


def test_the_crms_customer_is_the_pairs_customer() -> None:
    told = {name: FieldSchema(name, "CVR-nummer" if name == "cf_1" else name) for name in ACCOUNT}
    schemas = {Side.LEFT: {"Accounts": told}}
    party = document(crm(schemas=schemas)).party
    assert (party.number, party.name, party.org_number, party.email) == ("ACC0017", "Alfa", "11223344", "a@x.example")
    assert party.address1 == "Havnen 2"
    party = document(crm({"priority": "contacts"})).party
    assert (party.number, party.name, party.email) == ("CON3", "Bo Bæk", "bo@x.example")


def pleo(options: dict[str, Any] | None = None, **fields: Any) -> Document | Held:
    line = {"account": "4010", "amount": Decimal("100.00"), "taxCode": "K25", "taxRate": Decimal("0.25")}
    expense = {
        "reference": "PL-1",
        "type": "card_purchase",
        "date": "2026-11-30T23:30:00Z",
        "currency": "DKK",
        "amount": Decimal("100.00"),
        "lines": [line],
        "supplier": "DSB",
        "userName": "Bo",
        "note": "Tog",
        **fields,
    }
    (made,) = of_pleo({"expenses": {"e1": expense}}, {"K25": "I25"}, EVERYWHERE, options)
    return made


def test_an_expense_has_the_number_the_day_and_the_accounts_that_the_pair_books() -> None:
    made = document(pleo({"contra_card": "5840", "description": "{employee}: {note}"}))
    assert (made.number, made.day) == ("PL-1", date(2026, 12, 1)), "the company's day, not Greenwich's"
    (line,) = made.lines
    assert (line.text, line.account, line.contra, line.vat_code) == ("Bo: Tog", "4010", "5840", "I25")
    long = document(pleo(reference="8d2f7a5e-3b0c-4a7e-9f66-1a2b3c4d5e6f"))
    assert long.number.startswith("PLEO") and len(long.number) == 20, "the pair's document number"
    assert "contra account" in held(pleo({"contra_card": ""})).reason, "as the pair would hold it"
    assert document(pleo()).lines[0].contra == "", "where there is no pair nobody has said"


def test_an_expense_is_held_against_its_own_amount() -> None:
    made = document(pleo())
    assert made.vat_included and made.total is not None and made.total.amount == Decimal("100.00")
    assert problems(SHEET, made) == []
    told = held(pleo(amount=Decimal("100.01")))
    assert "parts of the expense" in told.reason and told.about.amount == Decimal("100.01")
    loaded = document(pleo(type="wallet_load"))
    assert loaded.amount == Decimal("-100.00") and problems(SHEET, loaded) == []


def test_a_day_or_an_amount_that_is_none_holds_one_document_and_is_told() -> None:
    for wrong in ({"date": "snart"}, {"amount": "meget"}):
        assert held(pleo(**wrong)).number == "PL-1"
    huge = [{"number": "1", "quantity": "9" * 40, "price": "9" * 20}]
    assert "too large" in held(recman(lines=huge)).reason
