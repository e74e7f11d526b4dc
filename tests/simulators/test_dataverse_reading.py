"""Reading from a simulated Dataverse: selecting, filtering, ordering, paging, expanding, annotating."""

from __future__ import annotations

from collections.abc import AsyncIterator
from decimal import Decimal
from typing import Any

import pytest

from tests.simulators.dynamics import Dynamics, dynamics

ALL = {"Prefer": 'odata.include-annotations="*"'}
LABEL = "@OData.Community.Display.V1.FormattedValue"


@pytest.fixture
async def crm() -> AsyncIterator[Dynamics]:
    async with dynamics() as client:
        yield client


async def named(crm: Dynamics, *names: str, **values: Any) -> list[str]:
    return [await crm.make("accounts", name=name, **values) for name in names]


async def names(crm: Dynamics, query: str, **headers: str) -> list[str]:
    return [row["name"] for row in await crm.rows(f"accounts?$select=name&{query}", **headers)]


async def test_a_row_shows_chosen_columns_its_key_and_its_etag(crm: Dynamics) -> None:
    (key,) = await named(crm, "Bøgh")
    page = await crm.get("accounts?$select=name,telephone1,_primarycontactid_value")
    row = page["value"][0]
    assert page["@odata.context"].endswith("$metadata#accounts(name,telephone1,_primarycontactid_value)")
    assert row.pop("@odata.etag").startswith('W/"')
    assert row == {"accountid": key, "name": "Bøgh", "telephone1": None, "_primarycontactid_value": None}


async def test_without_select_every_column_is_shown(crm: Dynamics) -> None:
    await named(crm, "Bøgh")
    row = (await crm.get("accounts"))["value"][0]
    assert {"creditlimit", "creditlimit_base", "_ownerid_value", "versionnumber", "modifiedon"} <= set(row)
    assert not any(name.startswith("bcbi_") or name.endswith("idname") for name in row)


@pytest.mark.parametrize(
    ("path", "status", "code"),
    [
        ("Accounts", 404, "0x8006088a"),
        ("account", 404, "0x8006088a"),
        ("accounts?$select=Name", 400, "0x0"),
        ("accounts?$select=primarycontactid", 400, "0x0"),
        ("accounts?$select=transactioncurrencyidname", 400, "0x0"),
        ("accounts?$orderby=Name", 400, "0x0"),
        ("accounts?$expand=nothing", 400, "0x0"),
        ("accounts?$expand=PrimaryContactId", 400, "0x0"),
        ("accounts?$filter=Name eq 'x'", 400, "0x0"),
        ("accounts?$filter=name eq 5", 400, "0x0"),
        ("accounts?$filter=accountid eq 'x'", 400, "0x0"),
        ("accounts?$filter=createdon ge 'yesterday'", 400, "0x0"),
        ("accounts?$filter=name eq", 400, "0x80060888"),
        ("accounts?$filter=name", 400, "0x80060888"),
        ("accounts?$filter=name gt null", 400, "0x80060888"),
        ("accounts?$filter=tolower(name) eq 'x'", 400, "0x80060888"),
        ("accounts?$filter=contains(creditlimit,'1')", 400, "0x80060888"),
        ("accounts?$filter=Microsoft.Dynamics.CRM.Nothing(PropertyName='name')", 400, "0x80060888"),
        ("accounts?$filter=Microsoft.Dynamics.CRM.In(PropertyName='Name',PropertyValues=['x'])", 400, "0x0"),
        ("accounts?$skip=1", 400, "0x80060888"),
        ("accounts?$apply=topcount(1,name)", 400, "0x80060888"),
        ("accounts?$search=x", 400, "0x80060888"),
        ("accounts?$nothing=x", 400, "0x80060888"),
        ("accounts?$top=x", 400, "0x80060888"),
        ("accounts(11111111-1111-4111-8111-111111111111)", 404, "0x80040217"),
        ("accounts(nonsense)", 400, "0x80060888"),
        ("accounts(accountnumber='1')", 400, "0x80060888"),
        ("accounts/name", 404, "0x8006088a"),
        ("nothing/accounts", 404, "0x8006088a"),
    ],
)
async def test_a_wrong_question_is_refused(crm: Dynamics, path: str, status: int, code: str) -> None:
    assert (await crm.do("GET", path)).refused == (status, code)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("name eq 'ÆBLE'", ["Æble"]),
        ("name ne 'æble'", ["Birk", "Ceder's"]),
        ("name eq 'Ceder''s'", ["Ceder's"]),
        ("contains(name,'IR') or startswith(name,'æ')", ["Æble", "Birk"]),
        ("not endswith(name,'k')", ["Æble", "Ceder's"]),
        ("name in ('Birk','Æble')", ["Æble", "Birk"]),
        ("creditlimit gt 99.5 and creditlimit le 100", ["Birk"]),
        ("creditlimit eq null", ["Æble", "Ceder's"]),
        ("customertypecode eq 3", ["Æble"]),
        ("creditonhold eq true", ["Ceder's"]),
        ("creditonhold", ["Ceder's"]),
        ("primarycontactid/fullname eq 'Ida Bo'", ["Birk"]),
        ("contact_customer_accounts/any(c:c/lastname eq 'Bo')", ["Birk"]),
        ("contact_customer_accounts/any()", ["Birk"]),
        ("name eq @n&@n='Birk'", ["Birk"]),
        ("telephone1 eq fax and fax ne null", ["Æble"]),
        ("Microsoft.Dynamics.CRM.In(PropertyName='customertypecode',PropertyValues=['3','11'])", ["Æble"]),
        ("Microsoft.Dynamics.CRM.LastXDays(PropertyName='createdon',PropertyValue=1)", ["Æble", "Birk", "Ceder's"]),
        ("Microsoft.Dynamics.CRM.EqualUserId(PropertyName='ownerid') and creditonhold", ["Ceder's"]),
        ("statecode eq 1", []),
    ],
)
async def test_filters_find_rows(crm: Dynamics, text: str, found: list[str]) -> None:
    await crm.make("accounts", name="Æble", customertypecode=3, telephone1="1", fax="1")
    contact = {"firstname": "Ida", "lastname": "Bo"}
    key = await crm.make(
        "accounts", name="Birk", creditlimit=100, primarycontactid=contact, contact_customer_accounts=[]
    )
    ida = (await crm.rows("contacts"))[0]["contactid"]
    await crm.change("contacts", ida, **{"parentcustomerid_account@odata.bind": f"/accounts({key})"})
    await crm.make("accounts", name="Ceder's", creditonhold=True, fax="2")
    assert await names(crm, f"$filter={text}") == found


async def test_own_changes_can_be_left_out(crm: Dynamics) -> None:
    (mine,) = await named(crm, "Min")
    await crm.control("POST", "/records/accounts", {"name": "En andens"})
    me = (await crm.get("WhoAmI"))["UserId"]
    found = f"$filter=modifiedon ge 2026-01-01T00:00:00Z and _modifiedby_value ne {me}"
    assert await names(crm, found) == ["En andens"]
    await crm.control("PATCH", f"/records/accounts/{mine}", {"fax": "1"})
    assert await names(crm, found) == ["Min", "En andens"]


async def test_instants_compare_to_the_second_whatever_their_fraction(crm: Dynamics) -> None:
    await named(crm, "A")
    at = (await crm.rows("accounts?$select=modifiedon"))[0]["modifiedon"]
    bare = at.removesuffix("Z")
    for text, fits in [("ge", True), ("gt", False), ("le", True), ("lt", False), ("eq", True)]:
        assert (await names(crm, f"$filter=modifiedon {text} {at}") == ["A"]) is fits
    for text, fits in [("ge", False), ("lt", True), ("eq", False), ("ne", True)]:
        assert (await names(crm, f"$filter=modifiedon {text} {bare}.500Z") == ["A"]) is fits


async def test_rows_are_ordered_by_several_columns(crm: Dynamics) -> None:
    for name, city in [("C", "Vejle"), ("a", "Vejle"), ("B", None), ("D", "Aarhus")]:
        await crm.make("accounts", name=name, address1_city=city)
    assert await names(crm, "$orderby=name") == ["a", "B", "C", "D"]
    assert await names(crm, "$orderby=name desc") == ["D", "C", "B", "a"]
    assert await names(crm, "$orderby=address1_city desc,name desc") == ["C", "a", "D", "B"]


@pytest.mark.parametrize(
    "query",
    [
        "$orderby=name",
        "$orderby=name desc",
        "$orderby=address1_city,name desc",
        "$orderby=address1_city desc,accountid",
        "$orderby=modifiedon,accountid",
        "$filter=statecode eq 0",
        "$filter=address1_city eq 'B'",
        "$filter=modifiedon ge 2026-01-01T00:00:00Z",
        "$filter=modifiedon gt 2026-01-01T00:00:00Z&$orderby=modifiedon desc",
        "$count=true",
    ],
)
async def test_pages_together_are_the_whole_in_the_same_order(crm: Dynamics, query: str) -> None:
    for number in range(11):
        await crm.make("accounts", name=f"N{number * 7 % 11}", address1_city="ABC"[number % 3])
        if number % 4 == 0:
            crm.clock.advance(1)
    whole = await names(crm, query)
    for size in (1, 3, 10):
        assert await names(crm, query, Prefer=f"odata.maxpagesize={size}") == whole


async def test_pages_are_no_larger_than_the_organization_allows(crm: Dynamics) -> None:
    await named(crm, "A", "B", "C")
    await crm.config(page_maximum=2)
    page = await crm.get("accounts?$select=name", Prefer="odata.maxpagesize=100")
    assert len(page["value"]) == 2
    assert len((await crm.get(page["@odata.nextLink"]))["value"]) == 1
    assert (await crm.do("GET", "accounts", Prefer="odata.maxpagesize=0")).status == 400


async def test_rows_made_and_deleted_while_paging_move_nobody(crm: Dynamics) -> None:
    keys = await named(crm, "A", "B", "C", "D")
    page = await crm.get("accounts?$select=name", Prefer="odata.maxpagesize=2")
    await crm.do("DELETE", f"accounts({keys[0]})")
    await named(crm, "E")
    rest = await crm.rows(page["@odata.nextLink"], Prefer="odata.maxpagesize=2")
    assert [row["name"] for row in rest] == ["C", "D", "E"]


async def test_top_ends_a_read_and_is_ignored_with_a_page_size(crm: Dynamics) -> None:
    await named(crm, "A", "B", "C")
    page = await crm.get("accounts?$select=name&$top=2")
    assert len(page["value"]) == 2
    assert "@odata.nextLink" not in page
    assert len(await names(crm, "$top=2", Prefer="odata.maxpagesize=1")) == 3


@pytest.mark.parametrize("cookie", ["2", '<cookie pagenumber="2" pagingcookie="bm8=" istracking="False" />', ""])
async def test_a_made_up_cookie_is_refused(crm: Dynamics, cookie: str) -> None:
    answer = await crm.do("GET", f"accounts?$skiptoken={cookie}")
    assert (answer.status, answer.message) == (400, "Malformed XML in the Paging Cookie")


async def test_a_cookie_belongs_to_its_query(crm: Dynamics) -> None:
    await named(crm, "A", "B")
    link = (await crm.get("accounts?$select=name", Prefer="odata.maxpagesize=1"))["@odata.nextLink"]
    assert (await crm.do("GET", link.replace("$select=name", "$select=fax"))).status == 400


async def test_counts_stop_at_five_thousand(crm: Dynamics) -> None:
    rows = [{"@odata.type": "Microsoft.Dynamics.CRM.account", "name": "A"}] * 5001
    await crm.do("POST", "accounts/Microsoft.Dynamics.CRM.CreateMultiple", {"Targets": rows})
    page = await crm.get("accounts?$select=name&$count=true&$top=1", **ALL)
    over = "@Microsoft.Dynamics.CRM.totalrecordcountlimitexceeded"
    assert (page["@odata.count"], page[over]) == (5000, True)
    assert (await crm.do("GET", "accounts/$count")).body == b"5000"
    assert (await crm.do("GET", "accounts/$count?$filter=name eq 'B'")).body == b"0"
    told = await crm.get("RetrieveTotalRecordCount(EntityNames=['account','contact'])")
    assert told["EntityRecordCountCollection"]["Values"] == [5001, 0]
    again = await crm.get('RetrieveTotalRecordCount(EntityNames=@p1)?@p1=["account"]')
    assert again["EntityRecordCountCollection"]["Keys"] == ["account"]
    for wrong in ("EntityNames=['nothing']", "EntityNames=1", "Names=['account']"):
        assert (await crm.do("GET", f"RetrieveTotalRecordCount({wrong})")).status == 400


async def test_related_rows_are_expanded(crm: Dynamics) -> None:
    (key,) = await named(crm, "A")
    for name in ("Bo", "Ask"):
        bound = {"parentcustomerid_account@odata.bind": f"/accounts({key})"}
        await crm.make("contacts", lastname=name, **bound)
    inner = "$select=fullname;$orderby=fullname;$filter=lastname ne 'x'"
    row = await crm.get(f"accounts({key})?$select=name&$expand=contact_customer_accounts({inner})")
    assert [one["fullname"] for one in row["contact_customer_accounts"]] == ["Ask", "Bo"]
    parent = "parentcustomerid_account($select=name;$expand=ownerid)"
    path = f"contacts?$select=fullname&$expand={parent},parentcustomerid_contact"
    child = (await crm.rows(path))[0]
    assert child["parentcustomerid_account"]["name"] == "A"
    assert child["parentcustomerid_account"]["ownerid"]["systemuserid"]
    assert child["parentcustomerid_contact"] is None
    assert (await crm.do("GET", "contacts?$expand=parentcustomerid_account($filter=name eq 'A')")).status == 400


async def test_annotations_come_only_when_asked_for(crm: Dynamics) -> None:
    euro = await crm.currency("EUR")
    await crm.make(
        "accounts",
        name="A",
        creditlimit=Decimal("1234.5"),
        customertypecode=3,
        creditonhold=True,
        **{"transactioncurrencyid@odata.bind": f"/transactioncurrencies({euro})"},
    )
    path = "accounts?$select=name,creditlimit,customertypecode,creditonhold,_transactioncurrencyid_value,createdon"
    assert not any(LABEL in name for name in (await crm.rows(path))[0])
    row = (await crm.rows(path, **ALL))[0]
    assert row["creditlimit"] == Decimal("1234.50")
    assert row["creditlimit" + LABEL] == "€1,234.50"
    assert (row["customertypecode" + LABEL], row["creditonhold" + LABEL]) == ("Customer", "Yes")
    assert row["_transactioncurrencyid_value" + LABEL] == "Euro"
    lookup = "_transactioncurrencyid_value@Microsoft.Dynamics.CRM."
    assert row[lookup + "lookuplogicalname"] == "transactioncurrency"
    assert row[lookup + "associatednavigationproperty"] == "transactioncurrencyid"
    assert row["createdon" + LABEL] == "11/22/2026 9:30 PM"
    some = {"Prefer": 'odata.include-annotations="Microsoft.Dynamics.CRM.*"'}
    named_only = (await crm.rows(path, **some))[0]
    assert lookup + "lookuplogicalname" in named_only
    assert "creditlimit" + LABEL not in named_only


async def test_the_table_of_a_polymorphic_lookup_is_an_annotation(crm: Dynamics) -> None:
    parent = await crm.make("contacts", lastname="Mor")
    await crm.make("contacts", lastname="Barn", **{"parentcustomerid_contact@odata.bind": f"/contacts({parent})"})
    row = (await crm.rows("contacts?$select=_parentcustomerid_value&$filter=lastname eq 'Barn'", **ALL))[0]
    assert row["_parentcustomerid_value"] == parent
    assert row["_parentcustomerid_value@Microsoft.Dynamics.CRM.lookuplogicalname"] == "contact"
    told = row["_parentcustomerid_value@Microsoft.Dynamics.CRM.associatednavigationproperty"]
    assert told == "parentcustomerid_contact"


async def test_one_row_and_its_parts_can_be_read(crm: Dynamics) -> None:
    key = await crm.make("accounts", name="A", primarycontactid={"lastname": "Bo"})
    assert (await crm.get(f"accounts({key})/name"))["value"] == "A"
    assert (await crm.do("GET", f"accounts({key})/name/$value")).body == b"A"
    assert (await crm.do("GET", f"accounts({key})/fax")).status == 204
    assert (await crm.get(f"accounts({key})/primarycontactid?$select=fullname"))["fullname"] == "Bo"
    assert "/contacts(" in (await crm.get(f"accounts({key})/primarycontactid/$ref"))["@odata.id"]
    assert (await crm.do("GET", f"accounts({key})/parentaccountid")).status == 204
    assert (await crm.do("GET", f"accounts({key})/nothing")).refused == (404, "0x8006088a")
    assert (await crm.get(f"accounts(accountid={key})?$select=name"))["name"] == "A"


async def test_a_related_collection_is_paged_in_its_own_place(crm: Dynamics) -> None:
    (key,) = await named(crm, "A")
    bound = {"parentcustomerid_account@odata.bind": f"/accounts({key})"}
    for name in ("X", "Y", "Z"):
        await crm.make("contacts", lastname=name, **bound)
    await crm.make("contacts", lastname="En anden")
    path = f"accounts({key})/contact_customer_accounts?$select=lastname&$filter=lastname ne 'Y'"
    found = await crm.rows(path, Prefer="odata.maxpagesize=1")
    assert [row["lastname"] for row in found] == ["X", "Z"]


async def test_a_row_that_has_not_changed_is_not_sent_again(crm: Dynamics) -> None:
    (key,) = await named(crm, "A")
    path = f"accounts({key})?$select=name"
    etag = (await crm.get(path))["@odata.etag"]
    assert (await crm.do("GET", path, If_None_Match=etag)).status == 304
    assert (await crm.do("GET", path, If_None_Match=etag, **ALL)).status == 200
    assert (await crm.do("GET", path, If_None_Match="null")).status == 200
    await crm.change("accounts", key, fax="1")
    assert (await crm.do("GET", path, If_None_Match=etag)).status == 200


async def test_a_seeded_world_is_the_same_for_a_seed_and_messy(crm: Dynamics) -> None:
    await crm.control("POST", "/reset", {"seed": 3, "records": 300})
    first = await crm.control("GET", "/dump/accounts")
    assert len(first) == 210
    assert any("😀" in row["name"] for row in first)
    assert any(row["statecode"] == 1 for row in first)
    assert any("accountnumber" not in row for row in first)
    numbers = [row["accountnumber"] for row in first if "accountnumber" in row]
    assert len(set(numbers)) < len(numbers)
    users = await crm.rows("systemusers?$select=fullname,isdisabled,isintegrationuser,islicensed")
    assert {row["isdisabled"] for row in users} == {True, False}
    assert sum(row["isintegrationuser"] for row in users) == 1
    await crm.control("POST", "/reset", {"seed": 3, "records": 300})
    assert await crm.control("GET", "/dump/accounts") == first
    for entity in ("contacts", "products", "pricelevels", "productpricelevels", "salesorders", "opportunities"):
        assert await crm.control("GET", f"/dump/{entity}"), entity
