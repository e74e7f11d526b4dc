"""Creating, changing and deleting in Business Central: what is refused, and how."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest

from tests.simulators.central import Central, central


@pytest.fixture
async def bc() -> AsyncIterator[Central]:
    async with central() as client:
        yield client


async def test_a_create_answers_201_with_the_whole_record_and_its_address(bc: Central) -> None:
    answer = await bc.post("customers", {"displayName": "Bøgh & Søn 😀"})
    assert answer.status == 201
    row = answer.json
    assert (row["displayName"], row["number"]) == ("Bøgh & Søn 😀", "D00010")
    assert answer.headers["Location"].endswith(f"customers({row['id']})")
    assert await bc.one(f"customers({row['id']})") == {**row, "@odata.context": row["@odata.context"]}


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({}, "Application_FieldValidationException"),
        ({"displayName": ""}, "Application_FieldValidationException"),
        ({"displayName": "x", "nothing": 1}, "BadRequest"),
        ({"DisplayName": "x"}, "BadRequest"),
        ({"displayName": "x" * 101}, "Application_StringExceededLength"),
        ({"displayName": "x", "number": "1" * 21}, "Application_StringExceededLength"),
        ({"displayName": "x", "balanceDue": 1}, "BadRequest_InvalidOperation"),
        ({"displayName": "x", "id": "11111111-1111-1111-1111-111111111111"}, "BadRequest_InvalidOperation"),
        ({"displayName": "x", "lastModifiedDateTime": "2026-01-01T00:00:00Z"}, "BadRequest_InvalidOperation"),
        ({"displayName": 5}, "BadRequest"),
        ({"displayName": "x", "creditLimit": "5"}, "BadRequest"),
        ({"displayName": "x", "creditLimit": None}, "BadRequest"),
        ({"displayName": "x", "taxLiable": "true"}, "BadRequest"),
        ({"displayName": "x", "blocked": "Never"}, "BadRequest"),
        ({"displayName": "x", "currencyId": "EUR"}, "Application_InvalidGUID"),
        ({"displayName": "x", "currencyCode": "XXX"}, "Internal_InvalidTableRelation"),
        ({"displayName": "x", "country": "ZZ"}, "Internal_InvalidTableRelation"),
        ({"displayName": "x", "salespersonCode": "ZZ"}, "Internal_InvalidTableRelation"),
        (
            {"displayName": "x", "paymentTermsId": "11111111-1111-1111-1111-111111111111"},
            "Internal_InvalidTableRelation",
        ),
        ({"displayName": "x", "customerFinancialDetails": []}, "BadRequest"),
        ([], "BadRequest"),
        ("x", "BadRequest"),
        (None, "BadRequest"),
    ],
)
async def test_a_wrong_customer_is_refused_by_name_and_nothing_is_made(bc: Central, body: Any, code: str) -> None:
    refused = await bc.raw("POST", "customers", b"null" if body is None else body)
    assert (refused.status, refused.code) == (400, code), refused.content
    assert await bc.rows("customers") == []
    assert (await bc.make("customers", displayName="næste"))["number"] == "D00010"


@pytest.mark.parametrize("body", [b"{", b"", b'{"displayName": "x"', b"\xff\xfe", b'{"displayName": 1e999999}'])
async def test_a_body_that_is_no_json_is_400(bc: Central, body: bytes) -> None:
    assert (await bc.raw("POST", "customers", body)).status == 400


@pytest.mark.parametrize("kind", [None, "text/plain", "application/x-www-form-urlencoded", "application/xml"])
async def test_a_body_of_another_type_is_415(bc: Central, kind: str | None) -> None:
    answer = await bc.raw("POST", "customers", b'{"displayName":"x"}', Content_Type=kind)
    assert answer.status == 415


async def test_lengths_count_characters_and_the_limit_itself_fits(bc: Central) -> None:
    row = await bc.make("customers", displayName="æ" * 100, addressLine2="ø" * 50)
    assert len(row["displayName"]) == 100


async def test_numbers_and_codes_are_upper_case_without_blanks_around(bc: Central) -> None:
    row = await bc.make("customers", displayName="x", number=" kund-æ1 ")
    assert row["number"] == "KUND-Æ1"
    assert (await bc.one("customers?$filter=number eq 'kund-æ1'"))["id"] == row["id"]


async def test_a_number_exists_once(bc: Central) -> None:
    await bc.make("customers", displayName="x", number="1")
    second = await bc.post("customers", {"displayName": "y", "number": "1"})
    assert (second.status, second.code) == (400, "Internal_EntityWithSameKeyExists")
    other = await bc.make("customers", displayName="y", number="2")
    taken = await bc.patch(f"customers({other['id']})", {"number": "1"})
    assert taken.code == "Internal_EntityWithSameKeyExists"


async def test_a_number_series_passes_over_numbers_that_exist(bc: Central) -> None:
    await bc.make("customers", displayName="x", number="D00010")
    assert (await bc.make("customers", displayName="y"))["number"] == "D00011"


async def test_enums_are_accepted_plain_and_encoded_and_shown_encoded(bc: Central) -> None:
    for given in ("Non-Inventory", "Non_x002D_Inventory"):
        row = await bc.make("items", displayName="x", type=given)
        assert row["type"] == "Non_x002D_Inventory"
        assert len(await bc.rows(f"items?$filter=id eq {row['id']} and type eq '{given}'")) == 1


async def test_a_lookup_goes_by_id_or_code_and_both_have_to_agree(bc: Central) -> None:
    euro = await bc.one("currencies?$filter=code eq 'EUR'")
    krone = await bc.one("currencies?$filter=code eq 'SEK'")
    by_code = await bc.make("customers", displayName="x", currencyCode="eur")
    by_id = await bc.make("customers", displayName="y", currencyId=euro["id"])
    assert by_code["currencyId"] == euro["id"] and by_id["currencyCode"] == "EUR"
    both = await bc.post("customers", {"displayName": "z", "currencyId": krone["id"], "currencyCode": "EUR"})
    assert both.status == 400
    local = await bc.make("customers", displayName="z", currencyCode="DKK")
    assert (local["currencyId"], local["currencyCode"]) == ("00000000-0000-0000-0000-000000000000", "DKK")


async def test_patch_needs_if_match_and_answers_the_whole_record(bc: Central) -> None:
    row = await bc.make("customers", displayName="x", email="a@b.example")
    path = f"customers({row['id']})"
    bare = await bc.patch(path, {"displayName": "y"}, None)
    assert (bare.status, bare.code) == (400, "BadRequest_InvalidToken")
    good = await bc.patch(path, {"displayName": "y"}, row["@odata.etag"])
    assert (good.status, good.json["displayName"], good.json["email"]) == (200, "y", "a@b.example")
    assert good.json["@odata.etag"] != row["@odata.etag"]
    old = await bc.patch(path, {"displayName": "z"}, row["@odata.etag"])
    assert (old.status, old.code) == (409, "Request_EntityChanged")
    assert "Another user has already changed the record" in old.message
    assert (await bc.patch(path, {"displayName": "z"}, "*")).status == 200


async def test_return_minimal_is_ignored(bc: Central) -> None:
    row = await bc.make("customers", displayName="x")
    answer = await bc.raw("PATCH", f"customers({row['id']})", {"city": "Århus"}, If_Match="*", Prefer="return=minimal")
    assert answer.json["city"] == "Århus"


async def test_delete_needs_if_match_and_answers_204(bc: Central) -> None:
    row = await bc.make("vendors", displayName="x")
    path = f"vendors({row['id']})"
    assert (await bc.delete(path, None)).code == "BadRequest_InvalidToken"
    assert (await bc.delete(path, 'W/"old"')).status == 409
    gone = await bc.delete(path)
    assert (gone.status, gone.content) == (204, b"")
    assert (await bc.delete(path)).status == 404


async def test_there_is_no_upsert_and_no_alternate_key(bc: Central) -> None:
    missing = await bc.patch("customers(11111111-1111-1111-1111-111111111111)", {"displayName": "x"})
    assert (missing.status, missing.code) == (404, "Internal_RecordNotFound")
    assert (await bc.get("customers(number='D00010')")).status == 400


@pytest.mark.parametrize("method", ["PUT", "PATCH", "DELETE"])
async def test_a_collection_takes_get_and_post_only(bc: Central, method: str) -> None:
    answer = await bc.raw(method, "customers", {}, If_Match="*")
    assert (answer.status, answer.code) == (405, "BadRequest_MethodNotAllowed")


@pytest.mark.parametrize("name", ["accounts", "dimensions", "generalLedgerEntries", "currencyExchangeRates"])
async def test_read_only_pages_take_no_writes(bc: Central, name: str) -> None:
    refused = await bc.post(name, {})
    assert (refused.status, refused.code) == (400, "BadRequest_InvalidOperation")
    for row in (await bc.rows(name))[:1]:
        changed = await bc.patch(f"{name}({row['id']})", {})
        removed = await bc.delete(f"{name}({row['id']})")
        assert (changed.code, removed.code) == ("BadRequest_InvalidOperation",) * 2


async def test_the_content_of_a_pdf_is_read_only(bc: Central) -> None:
    customer = await bc.make("customers", displayName="x")
    invoice = await bc.make("salesInvoices", customerId=customer["id"])
    path = f"salesInvoices({invoice['id']})/pdfDocument/pdfDocumentContent"
    put = await bc.raw("PATCH", path, b"x", Content_Type="application/octet-stream", If_Match="*")
    assert (put.status, put.code) == (400, "BadRequest_InvalidOperation")


async def test_a_write_for_a_read_only_replica_is_refused(bc: Central) -> None:
    refused = await bc.raw("POST", "customers", {"displayName": "x"}, Data_Access_Intent="ReadOnly")
    assert refused.status == 400
    assert (await bc.get("customers", Data_Access_Intent="ReadOnly")).rows == []


async def test_what_is_used_cannot_be_deleted(bc: Central) -> None:
    customer = await bc.make("customers", displayName="x", currencyCode="EUR", salespersonCode="ML")
    item = await bc.make("items", displayName="y", baseUnitOfMeasureCode="KG")
    lines = [{"itemId": item["id"], "quantity": 1}]
    await bc.make("salesOrders", customerId=customer["id"], salesOrderLines=lines)
    used = [f"customers({customer['id']})", f"items({item['id']})"]
    for name, key in (("currencies", "EUR"), ("unitsOfMeasure", "KG"), ("salespeoplePurchasers", "ML")):
        used.append(f"{name}({(await bc.one(f'{name}?$filter=code eq {key!r}'))['id']})")
    for path in used:
        refused = await bc.delete(path)
        assert (refused.status, refused.code) == (400, "Application_DialogException"), path


async def test_inventory_is_not_set_on_insert_but_may_be_changed(bc: Central) -> None:
    assert (await bc.post("items", {"displayName": "x", "inventory": 5})).status == 400
    row = await bc.make("items", displayName="x")
    assert (await bc.patch(f"items({row['id']})", {"inventory": 5})).json["inventory"] == 5


async def test_a_person_belongs_to_a_company_contact_and_a_customer_has_one(bc: Central) -> None:
    customer = await bc.make("customers", displayName="Firma")
    (told,) = await bc.rows(f"customers({customer['id']})/contactsInformation")
    person = await bc.make("contacts", type="Person", displayName="Åse", companyNumber=told["contactNumber"])
    assert (person["companyName"], person["contactBusinessRelation"]) == ("Firma", "Customer")
    wrong = await bc.post("contacts", {"type": "Person", "displayName": "B", "companyNumber": person["number"]})
    assert wrong.status == 400
    rows = await bc.rows(f"customers({customer['id']})/contactsInformation")
    assert {row["contactName"] for row in rows} == {"Firma", "Åse"}


async def test_codes_are_mandatory_in_plain_tables(bc: Central) -> None:
    for name in ("unitsOfMeasure", "currencies", "paymentTerms", "itemCategories", "salespeoplePurchasers"):
        assert (await bc.post(name, {"displayName": "x"})).status == 400, name
        row = await bc.make(name, code="ny", displayName="Ny")
        assert row["code"] == "NY"
        assert (await bc.post(name, {"code": "NY"})).code == "Internal_EntityWithSameKeyExists"


async def test_numbers_keep_five_decimals_and_lose_no_digit(bc: Central) -> None:
    row = await bc.make("items", displayName="x", unitPrice=0.123456, unitCost=12345678901.12)
    read = (await bc.get(f"items({row['id']})")).content
    assert b'"unitPrice":0.12346' in read and b'"unitCost":12345678901.12' in read


async def test_default_dimensions_hold_one_value_per_dimension_of_that_dimension(bc: Central) -> None:
    customer = await bc.make("customers", displayName="x")
    department = await bc.one("dimensions?$filter=code eq 'AFDELING'&$expand=dimensionValues")
    project = await bc.one("dimensions?$filter=code eq 'PROJEKT'&$expand=dimensionValues")
    path = f"customers({customer['id']})/defaultDimensions"
    value = department["dimensionValues"][0]
    row = await bc.make(path, dimensionId=department["id"], dimensionValueId=value["id"])
    assert (row["dimensionCode"], row["dimensionValueCode"], row["parentType"]) == (
        "AFDELING",
        value["code"],
        "Customer",
    )
    again = await bc.post(path, {"dimensionId": department["id"], "dimensionValueId": value["id"]})
    mixed = await bc.post(path, {"dimensionId": project["id"], "dimensionValueId": value["id"]})
    assert (again.status, mixed.status) == (400, 400)


async def test_a_person_in_the_screens_may_change_what_the_api_may_not(bc: Central) -> None:
    account = await bc.one("accounts?$filter=number eq '4010'")
    await bc.control("PATCH", f"/records/accounts/{account['id']}", {"blocked": True})
    assert (await bc.one(f"accounts({account['id']})"))["blocked"] is True
    made = await bc.control("POST", "/records/customers", {"displayName": "Af hånden"})
    await bc.control("PATCH", f"/records/customers/{made['id']}", {"city": "Århus"})
    assert (await bc.one("customers"))["city"] == "Århus"
    refused = await bc.control("POST", "/records/customers", {"displayName": ""})
    assert (bc.control_status, "error" in refused) == (409, True)
    await bc.control("DELETE", f"/records/customers/{made['number']}")
    assert await bc.rows("customers") == []
    dump = await bc.control("GET", "/dump")
    assert {"customers", "accounts", "journals"} <= dump.keys()


async def test_the_two_companies_share_no_record(bc: Central) -> None:
    row = await bc.make("customers", displayName="x")
    other = f"{bc.root}/companies({bc.known['other_company_id']})"
    assert (await bc.get(f"{other}/customers({row['id']})")).status == 404
    assert await bc.rows(f"{other}/customers") == []


@pytest.mark.parametrize("formula", ["30D", "1M", "CM", "CM+8D", "2W", ""])
async def test_date_formulas_are_kept(bc: Central, formula: str) -> None:
    row = await bc.make("paymentTerms", code="ny", dueDateCalculation=formula)
    assert row["dueDateCalculation"] == formula


async def test_a_date_formula_that_is_none_is_refused(bc: Central) -> None:
    assert (await bc.post("paymentTerms", {"code": "ny", "dueDateCalculation": "soon"})).status == 400


async def test_variants_belong_to_their_item(bc: Central) -> None:
    one, two = await bc.make("items", displayName="a"), await bc.make("items", displayName="b")
    red = await bc.make(f"items({one['id']})/itemVariants", code="rød", description="Rød")
    assert (red["itemNumber"], red["code"]) == (one["number"], "RØD")
    again = await bc.post(f"items({one['id']})/itemVariants", {"code": "RØD"})
    assert again.code == "Internal_EntityWithSameKeyExists"
    await bc.make(f"items({two['id']})/itemVariants", code="RØD")
    assert (await bc.patch(f"itemVariants({red['id']})", {"itemId": two["id"]})).status == 400
    customer = await bc.make("customers", displayName="x")
    line = {"itemId": two["id"], "itemVariantId": red["id"], "quantity": 1}
    assert (await bc.post("salesOrders", {"customerId": customer["id"], "salesOrderLines": [line]})).status == 400


async def test_prices_and_costs_are_never_negative(bc: Central) -> None:
    for name in ("unitPrice", "unitCost"):
        assert (await bc.post("items", {"displayName": "x", name: -1})).status == 400


async def test_an_employee_is_called_by_the_parts_of_the_name(bc: Central) -> None:
    row = await bc.make("employees", givenName="Åse", surname="Bøgh")
    assert (row["displayName"], row["number"]) == ("Åse Bøgh", "M0001")


async def test_an_opportunity_is_of_a_contact_and_new_today(bc: Central) -> None:
    contact = await bc.make("contacts", displayName="Firma")
    row = await bc.make("opportunities", contactNumber=contact["number"], description="Ny lift", salespersonCode="ML")
    assert (row["contactName"], row["creationDate"], row["status"]) == ("Firma", "2026-11-22", "Not_x0020_Started")
    assert (await bc.post("opportunities", {"contactNumber": "NONE"})).code == "Internal_InvalidTableRelation"
    assert (await bc.post("opportunities", {"status": "Won"})).code == "BadRequest_InvalidOperation"


async def test_a_contact_with_people_or_a_customer_cannot_be_deleted(bc: Central) -> None:
    company = await bc.make("contacts", displayName="Firma")
    person = await bc.make("contacts", type="Person", displayName="Åse", companyNumber=company["number"])
    assert (await bc.delete(f"contacts({company['id']})")).status == 400
    assert (await bc.delete(f"contacts({person['id']})")).status == 204
    assert (await bc.delete(f"contacts({company['id']})")).status == 204
    await bc.make("customers", displayName="Kunde")
    related = await bc.one("contacts")
    assert (await bc.delete(f"contacts({related['id']})")).status == 400
