"""Contacts and products of Dinero: checks, lists, filters, changes, deletions."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.simulators.books import CONTACT, Dinero, Refused


@pytest.fixture
def dinero() -> Dinero:
    return Dinero()


def refusal(dinero: Dinero, method: str, address: str, body: Any = None, **query: Any) -> Refused:
    with pytest.raises(Refused) as refused:
        dinero.do(method, address, body, **query)
    return refused.value


def test_a_create_answers_the_guid_only_and_the_record_is_read_back(dinero: Dinero) -> None:
    answer = dinero.do("POST", "v1 contacts", CONTACT)
    assert answer.keys() == {"ContactGuid"}
    read = dinero.get(f"v1 contacts/{answer['ContactGuid']}")
    assert (read["Name"], read["VatRegionKey"], read["DeletedAt"]) == ("Bøgh & Søn ApS", "DK", None)
    assert "TimeStamp" not in read


@pytest.mark.parametrize(
    ("changed", "field"),
    [
        ({"Name": ""}, "Name"),
        ({"Name": None}, "Name"),
        ({"CountryKey": "Danmark"}, "CountryKey"),
        ({"CountryKey": "dk"}, "CountryKey"),
        ({"IsPerson": "false"}, "IsPerson"),
        ({"UseCvr": None}, "UseCvr"),
        ({"ExternalReference": "x" * 129}, "ExternalReference"),
        ({"Cvr": "12345674"}, "Cvr"),
        ({"IsPerson": True, "VatNumber": "12345674"}, "VatNumber"),
        ({"IsPerson": True, "AttPerson": "Åse"}, "AttPerson"),
        ({"PaymentConditionType": "netto"}, "PaymentConditionType"),
        ({"PaymentConditionType": "NettoCash", "PaymentConditionNumberOfDays": 8}, "PaymentConditionNumberOfDays"),
        ({"InvoiceMailOutOptionKey": "GLN"}, "InvoiceMailOutOptionKey"),
        ({"EanNumber": "12"}, "EanNumber"),
        ({"ContactGuid": "not-a-guid"}, "ContactGuid"),
        ({"PaymentConditionNumberOfDays": 8.5}, "PaymentConditionNumberOfDays"),
    ],
)
def test_a_wrong_contact_is_code_42_with_the_field_named(dinero: Dinero, changed: dict[str, Any], field: str) -> None:
    dinero.simulator.configure({"strict_bodies": True})
    refused = refusal(dinero, "POST", "v1 contacts", {**CONTACT, **changed})
    assert (refused.status, refused.code) == (400, 42)
    assert field in refused.fields
    assert dinero.get("v1 contacts")["Pagination"]["ResultWithoutFilter"] == 0


@pytest.mark.parametrize("missing", ["Name", "CountryKey", "IsPerson", "IsMember", "UseCvr"])
def test_required_fields_are_required(dinero: Dinero, missing: str) -> None:
    dinero.simulator.configure({"strict_bodies": True})
    body = {name: value for name, value in CONTACT.items() if name != missing}
    assert list(refusal(dinero, "POST", "v1 contacts", body).fields) == [missing]


def test_unknown_fields_are_dropped(dinero: Dinero) -> None:
    guid = dinero.contact(Cvr="12345674")
    assert dinero.get(f"v1 contacts/{guid}")["VatNumber"] is None


@pytest.mark.parametrize("body", [b"{", b"[]", b"", b'"x"'])
def test_a_body_that_is_no_object_is_400(dinero: Dinero, body: bytes) -> None:
    assert refusal(dinero, "POST", "v1 contacts", body).status == 400


def test_a_guid_may_be_chosen_once(dinero: Dinero) -> None:
    guid = str(uuid4())
    assert dinero.contact(ContactGuid=guid) == guid
    assert refusal(dinero, "POST", "v1 contacts", {**CONTACT, "ContactGuid": guid}).fields.keys() == {"ContactGuid"}
    dinero.simulator.configure({"duplicate_guid": "return_existing"})
    assert dinero.contact(ContactGuid=guid) == guid
    assert dinero.get("v1 contacts")["Pagination"]["ResultWithoutFilter"] == 1


@pytest.mark.parametrize("version", ["v1", "v2"])
def test_put_replaces_everything_and_answers_nothing(dinero: Dinero, version: str) -> None:
    guid = dinero.contact(Phone="1", ExternalReference="r")
    dinero.clock.advance(60)
    assert dinero.raw("PUT", f"{version} contacts/{guid}", {**CONTACT, "Name": "Ny"}).body == b""
    read = dinero.get(f"v1 contacts/{guid}")
    assert (read["Name"], read["Phone"], read["ExternalReference"]) == ("Ny", None, None)
    assert (read["CreatedAt"], read["UpdatedAt"]) == ("2026-11-22T21:30:00.000", "2026-11-22T21:31:00.000")


def test_the_register_overwrites_when_use_cvr_is_on() -> None:
    dinero = Dinero(records=20)
    known = next(row for row in dinero.rows("v1 contacts", fields="Name,VatNumber") if row["VatNumber"])
    guid = dinero.contact(Name="Min egen", VatNumber=known["VatNumber"], UseCvr=True)
    assert dinero.get(f"v1 contacts/{guid}")["Name"] == known["Name"]
    kept = dinero.contact(Name="Min egen", VatNumber=known["VatNumber"])
    assert dinero.get(f"v1 contacts/{kept}")["Name"] == "Min egen"


def test_a_list_echoes_the_names_as_written(dinero: Dinero) -> None:
    guid = dinero.contact()
    assert dinero.rows("v1 contacts") == [{"name": "Bøgh & Søn ApS", "contactGuid": guid}]
    assert dinero.rows("v1 contacts", fields="NAME, contactguid") == [{"NAME": "Bøgh & Søn ApS", "contactguid": guid}]


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ({"fields": "Name,TimeStamp"}, 45),
        ({"fields": "Cvr"}, 45),
        ({"pageSize": "1001"}, 45),
        ({"pageSize": "0"}, 45),
        ({"page": "-1"}, 45),
        ({"page": "x"}, 44),
        ({"changesSince": "22-11-2026"}, 44),
        ({"changesSince": "2026-11-22T10:00:00 CET"}, 44),
        ({"changesSince": "2026-13-22T10:00:00Z"}, 44),
        ({"deletedOnly": "maybe"}, 44),
        ({"queryFilter": "Name eq Bøgh"}, 46),
        ({"queryFilter": "Name is 'Bøgh'"}, 46),
        ({"queryFilter": "City eq 'Aarhus'"}, 46),
        ({"queryFilter": 'Name eq "Bøgh"'}, 46),
        ({"queryFilter": "Name eq 'a' Name eq 'b'"}, 46),
    ],
)
def test_a_wrong_list_parameter_is_400(dinero: Dinero, query: dict[str, str], code: int) -> None:
    refused = refusal(dinero, "GET", "v1 contacts", None, **query)
    assert (refused.status, refused.code) == (400, code)


def test_filters_match_whatever_the_case_but_blanks_count(dinero: Dinero) -> None:
    dinero.contact(Name="Bøgh & Søn ApS", VatNumber="12345674", ExternalReference="a")
    dinero.contact(Name="O'Brien", VatNumber="DK12345674 ")
    dinero.contact(Name="Åse", IsPerson=True, Phone="+45 1")

    def found(text: str) -> list[str]:
        return [row["Name"] for row in dinero.rows("v1 contacts", fields="Name", queryFilter=text)]

    assert found("Name eq 'bøgh & søn aps'") == ["Bøgh & Søn ApS"]
    assert found("VatNumber eq '12345674'") == ["Bøgh & Søn ApS"]
    assert found("VatNumber contains '12345674'") == ["Bøgh & Søn ApS", "O'Brien"]
    assert found("Name eq 'O''Brien'") == ["O'Brien"]
    assert found("IsPerson eq 'true'") == ["Åse"]
    assert found("Phone eq '1'") == []
    assert found("Phone eq '+45 1'") == ["Åse"]
    assert found("Name contains 'ø';ExternalReference eq 'A'") == ["Bøgh & Søn ApS"]
    assert found("ExternalReference eq 'x'") == []


def test_deleted_contacts_are_listed_apart(dinero: Dinero) -> None:
    kept, gone = dinero.contact(Name="Kept"), dinero.contact(Name="Gone")
    dinero.clock.advance(10)
    dinero.do("DELETE", f"v1 contacts/{gone}")

    def guids(version: str, **query: Any) -> list[str]:
        rows = dinero.rows(f"{version} contacts", fields="ContactGuid,DeletedAt", **query)
        return [row["ContactGuid"] for row in rows]

    assert guids("v1") == guids("v1", deletedOnly="false") == [kept]
    assert guids("v1", deletedOnly="true") == guids("v2", deletedOnly="true") == [gone]
    assert guids("v2") == guids("v2", deletedOnly="false") == [kept, gone]
    assert guids("v2", queryFilter="Name eq 'Gone'") == [gone]
    assert dinero.get(f"v1 contacts/{gone}")["DeletedAt"] == "2026-11-22T21:30:10.000"
    assert refusal(dinero, "PUT", f"v2 contacts/{gone}", CONTACT).status == 404
    dinero.do("POST", f"v1 contacts/{gone}/restore")
    assert guids("v1") == [kept, gone]


def test_changes_since_is_inclusive_and_counts_deletions(dinero: Dinero) -> None:
    first = dinero.contact(Name="First")
    dinero.clock.advance(60)
    second = dinero.contact(Name="Second")

    def since(moment: str, **query: Any) -> list[str]:
        return [row["contactGuid"] for row in dinero.rows("v1 contacts", changesSince=moment, **query)]

    assert since("2026-11-22T21:31:00Z") == [second]
    assert since("2026-11-22T21:30:00Z") == [first, second]
    assert since("2026-11-22T21:31:01Z") == []
    assert since("2026-11-22T21:31:00Z", queryFilter="Name contains 's'") == [second]
    assert since("2026-11-22T21:31:01Z", queryFilter="Name contains 's'") == []
    dinero.clock.advance(60)
    dinero.do("DELETE", f"v1 contacts/{first}")
    assert since("2026-11-22T21:32:00Z", deletedOnly="true") == [first]
    assert since("2026-11-22T21:32:00Z") == []


@settings(max_examples=25, deadline=None)
@given(st.lists(st.sampled_from("cude"), max_size=40), st.integers(1, 7))
def test_pages_read_every_row_once_in_order_of_change(steps: list[str], size: int) -> None:
    dinero = Dinero()
    alive: list[str] = []
    for step in steps:
        dinero.clock.advance(step != "e")
        if step in "ce" or not alive:
            alive.append(dinero.contact())
        elif step == "u":
            dinero.do("PUT", f"v2 contacts/{alive[len(alive) // 2]}", CONTACT)
        else:
            dinero.do("DELETE", f"v1 contacts/{alive.pop(0)}")
    rows: list[dict[str, Any]] = []
    for page in range(50):
        answer = dinero.get("v1 contacts", fields="ContactGuid,UpdatedAt", page=page, pageSize=size)
        rows += answer["Collection"]
        assert answer["Pagination"]["ResultWithoutFilter"] == len(alive)
        if answer["Pagination"]["Result"] < size:
            break
    assert sorted(row["ContactGuid"] for row in rows) == sorted(alive)
    stamps = [row["UpdatedAt"] for row in rows]
    assert stamps == sorted(stamps)


def test_notes_are_kept_on_contacts(dinero: Dinero) -> None:
    guid = dinero.contact()
    note = dinero.do("POST", f"v1 contacts/{guid}/notes", {"Text": "Ring"})
    dinero.do("PUT", f"v1 contacts/{guid}/notes/{note['Id']}", {"Text": "Ring igen"})
    assert dinero.get(f"v1 contacts/{guid}/notes/{note['Id']}")["Text"] == "Ring igen"
    dinero.do("DELETE", f"v1 contacts/{guid}/notes/{note['Id']}")
    assert dinero.get(f"v1 contacts/{guid}/notes") == []


@pytest.mark.parametrize(
    ("changed", "field"),
    [
        ({"Unit": "pcs"}, "Unit"),
        ({"AccountNumber": 1190}, "AccountNumber"),
        ({"AccountNumber": 2000}, "AccountNumber"),
        ({"AccountNumber": 4711}, "AccountNumber"),
        ({"Comment": "x" * 129}, "Comment"),
        ({"BaseAmountValue": "10"}, "BaseAmountValue"),
        ({"ProductGuid": str(uuid4())}, "ProductGuid"),
    ],
)
def test_a_wrong_product_is_code_42(dinero: Dinero, changed: dict[str, Any], field: str) -> None:
    body = {"Name": "Vare", "BaseAmountValue": 10, "Quantity": 1, "AccountNumber": 1000, "Unit": "parts", **changed}
    dinero.simulator.configure({"strict_bodies": True})
    assert list(refusal(dinero, "POST", "v1 products", body).fields) == [field]


def test_a_product_shows_prices_with_the_vat_of_its_account(dinero: Dinero) -> None:
    taxed = dinero.get(f"v1 products/{dinero.product(BaseAmountValue=19.99, Quantity=3)}")
    names = ("BaseAmountValueInclVat", "TotalAmount", "TotalAmountInclVat")
    assert [str(taxed[name]) for name in names] == ["24.99", "59.97", "74.96"]
    free = dinero.get(f"v1 products/{dinero.product(BaseAmountValue=19.99, AccountNumber=1050)}")
    assert str(free["BaseAmountValueInclVat"]) == "19.99"


def test_products_are_changed_searched_and_deleted(dinero: Dinero) -> None:
    guid = dinero.product(ProductNumber="A-1", Name="Skrue")
    dinero.product(ProductNumber="B-2", Name="Møtrik")
    assert [row["name"] for row in dinero.rows("v1 products", freeTextSearch="a-1")] == ["Skrue"]
    assert [row["name"] for row in dinero.rows("v1 products", queryFilter="ProductNumber eq 'b-2'")] == ["Møtrik"]
    body = {"Name": "Søm", "BaseAmountValue": 1, "Quantity": 1, "AccountNumber": 1000, "Unit": "box"}
    dinero.do("PUT", f"v1 products/{guid}", body)
    assert dinero.get(f"v1 products/{guid}")["ProductNumber"] is None
    dinero.do("DELETE", f"v1 products/{guid}")
    assert [row["name"] for row in dinero.rows("v1 products", deletedOnly="true")] == ["Søm"]


@pytest.mark.parametrize("address", ["v1 contacts", "v1 products", "v1 invoices", "v1 sales/creditnotes", "v1 files"])
def test_an_unknown_guid_is_code_40(dinero: Dinero, address: str) -> None:
    assert refusal(dinero, "GET", f"{address}/{uuid4()}").code == 40


@pytest.mark.parametrize("address", ["v2 products", "v1 nothing", "v9 contacts", "v1.1 contacts"])
def test_a_version_serves_only_its_own_endpoints(dinero: Dinero, address: str) -> None:
    assert refusal(dinero, "GET", address).status == 404
