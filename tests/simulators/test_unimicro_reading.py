"""What a simulated Unimicro gives to read: rows, filters, pages, changes, reporting queries, its world."""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncIterator
from decimal import Decimal
from typing import Any

import pytest

from kobling_simulators import Clock, build
from tests.simulators.crm import START
from tests.simulators.softrig import Softrig, good, message, softrig


@pytest.fixture
async def app() -> AsyncIterator[Softrig]:
    async with softrig() as client:
        yield client


@pytest.fixture
async def world() -> AsyncIterator[Softrig]:
    async with softrig(200) as client:
        yield client


async def goods(app: Softrig) -> None:
    """Three products of a name with Vare in it."""
    await app.make("products", PartName="0009", Name="Vare Alfa", PriceExVat=Decimal("10.50"), Type=1)
    await app.make("products", PartName="B2", Name="Vare Bravo's", PriceExVat=20, CostPrice=7)
    await app.make("products", PartName="B3", Name="Vare Æble_100%", PriceExVat=30, Description="fin")


class TestRows:
    """How a row looks."""

    async def test_rows_come_as_a_bare_array_and_one_as_a_bare_object(self, app: Softrig) -> None:
        made = await app.customer(OrgNumber="999888777")
        (row,) = await app.get("customers")
        assert row == await app.get(f"customers/{made['ID']}")
        assert (row["CustomerNumber"], row["StatusCode"], row["UpdatedAt"]) == (100_000, 30001, None)
        assert row["CreatedAt"] == "2026-11-22T21:30:00.000Z"

    async def test_relations_are_null_until_they_are_expanded(self, app: Softrig) -> None:
        made = await app.customer("A", OrgNumber="1")
        key = made["ID"]
        assert (await app.get(f"customers/{key}"))["Info"] is None
        row = await app.get(f"customers/{key}", expand="Info,Info.InvoiceAddress")
        assert (row["Info"]["Name"], row["Info"]["InvoiceAddress"], row["Info"]["Contacts"]) == ("A", None, None)

    async def test_a_deep_expand_brings_what_lies_between(self, app: Softrig) -> None:
        made = await app.customer()
        product = await app.make("products", Name="Time", PriceExVat=1)
        await app.invoice(made["ID"], {"ProductID": product["ID"], "NumberOfItems": 1})
        (row,) = await app.rows("invoices", expand="Items.Product,Customer.Info")
        assert row["Items"][0]["Product"]["Name"] == "Time"
        assert row["Customer"]["Info"]["Name"] == "Bøgh & Sønn AS"

    async def test_select_gives_what_was_asked_for_and_keeps_nesting(self, app: Softrig) -> None:
        made = await app.customer("A")
        told = await app.rows("customers", select="ID,info.name,IsPrivate")
        assert told == [{"ID": made["ID"], "Info": {"Name": "A"}, "IsPrivate": False}]

    async def test_links_come_only_when_asked_for_and_name_what_is_allowed_now(self, app: Softrig) -> None:
        made = await app.customer()
        invoice = await app.invoice(made["ID"])
        assert "_links" not in await app.get(f"invoices/{invoice['ID']}")
        told = await app.get(f"invoices/{invoice['ID']}", hateoas="true")
        assert list(told["_links"]["transitions"]) == ["invoice"]
        await app.act("POST", f"invoices/{invoice['ID']}", "invoice")
        told = await app.get(f"invoices/{invoice['ID']}", hateoas="true")
        assert list(told["_links"]["transitions"]) == ["credit", "pay"]

    async def test_a_createguid_is_not_told_unless_the_knob_says_so(self, app: Softrig) -> None:
        guid = "0f0e0d0c-0b0a-4908-8706-050403020100"
        await app.customer(_createguid=guid)
        assert (await app.rows("customers"))[0]["_createguid"] is None
        assert (await app.ask("customers", filter=f"_createguid eq '{guid}'")).status == 400
        await app.config(createguid_readable=True)
        assert (await app.rows("customers", f"_createguid eq '{guid}'"))[0]["_createguid"] == guid

    @pytest.mark.parametrize("path", ["colours", "customers/99", "customers/x", "customers/1/items", "", "addresses"])
    async def test_what_is_not_there_is_404(self, app: Softrig, path: str) -> None:
        assert (await app.ask(f"/api/biz/{path}")).status == 404

    @pytest.mark.parametrize(
        "query",
        [
            {"filter": "Colour eq 1"},
            {"filter": "CustomerNumber eq 'x'"},
            {"filter": "CustomerNumber eq"},
            {"filter": "OrgNumber like"},
            {"filter": "OrgNumber like 1"},
            {"filter": "(CustomerNumber eq 1"},
            {"filter": "OrgNumber eq 'x"},
            {"filter": "soundslike(OrgNumber,'x')"},
            {"filter": "Info eq 1"},
            {"filter": "CustomerInvoices.ID eq 1"},
            {"filter": "CreatedAt gt 'yesterday'"},
            {"filter": "IsPrivate eq 'maybe'"},
            {"select": "Colour"},
            {"select": "Info"},
            {"expand": "Colours"},
            {"expand": "Info.Colour"},
            {"orderby": "Colour"},
            {"orderby": "ID sideways"},
            {"top": "-1"},
            {"top": "x"},
            {"skip": "1.5"},
            {"hateoas": "perhaps"},
        ],
    )
    async def test_what_makes_no_sense_is_refused(self, app: Softrig, query: dict[str, str]) -> None:
        answer = await app.ask("customers", **query)
        assert (answer.status, list(answer.json)) == (400, ["Message"])

    async def test_parameters_with_a_dollar_are_not_known(self, app: Softrig) -> None:
        await app.customer()
        assert len(await app.rows("customers", **{"$filter": "CustomerNumber eq 1"})) == 1

    async def test_a_new_entity_comes_with_its_defaults(self, app: Softrig) -> None:
        told = await app.get("/api/metadata/customerinvoice/new")
        assert (told["ID"], told["InvoiceDate"], told["StatusCode"]) == (0, "2026-11-22", 10001)
        assert told["_createguid"] != (await app.get("/api/metadata/customerinvoice/new"))["_createguid"]
        assert (await app.ask("/api/metadata/colour/new")).status == 404


class TestFilters:
    """The language."""

    @pytest.mark.parametrize(
        ("text", "found"),
        [
            ("PartName eq '0009'", "0009"),
            ("PartName eq '9'", ""),
            ("partname eq 'b2'", "B2"),
            ("PartName ne '0009' and contains(Name,'vare')", "B2 B3"),
            ("PriceExVat eq 10.5", "0009"),
            ("PriceExVat gt 20 and contains(Name,'Vare')", "B3"),
            ("PriceExVat ge 20 and startsWith(Name,'Vare')", "B2 B3"),
            ("PriceExVat lt 20 and contains(Name,'Vare')", "0009"),
            ("PriceExVat le 20 and contains(Name,'Vare')", "0009 B2"),
            ("Name eq 'Vare Bravo''s'", "B2"),
            ("Name like 'vare%'", "0009 B2 B3"),
            ("Name like '%alfa'", "0009"),
            ("Name notlike '%alfa' and contains(Name,'Vare')", "B2 B3"),
            ("endsWith(Name,'Alfa')", "0009"),
            ("contains(Name,'Æble')", "B3"),
            ("PartName eq '0009' or PartName eq 'B3'", "0009 B3"),
            ("contains(Name,'Vare') and (PartName eq '0009' or PriceExVat gt 25)", "0009 B3"),
            ("CostPrice eq null and contains(Name,'Vare')", "0009 B3"),
            ("CostPrice ne null", "B2"),
            ("isnull(Description,'') eq '' and contains(Name,'Vare')", "0009 B2"),
            ("Product.PartName eq 'B2'", "B2"),
            ("VatType.VatCode eq '3' and contains(Name,'Vare')", "0009 B2 B3"),
            ("VatType.VatCode eq '6' and contains(Name,'Vare')", ""),
            ("Deleted eq true and contains(Name,'Vare')", ""),
            ("PartName eq '0009' and PartName eq 'B2'", ""),
        ],
    )
    async def test_filters_find_what_they_say(self, app: Softrig, text: str, found: str) -> None:
        await goods(app)
        assert " ".join(row["PartName"] for row in await app.rows("products", text)) == found

    async def test_names_are_found_through_relations(self, app: Softrig) -> None:
        first, second = await app.customer("Alfa AS"), await app.customer("Bravo AS")
        await app.invoice(first["ID"])
        later = await app.invoice(second["ID"], InvoiceDate="2026-11-21")
        rows = await app.rows("invoices", "Customer.Info.Name eq 'bravo as' and InvoiceDate ge '2026-11-21'")
        assert [row["ID"] for row in rows] == [later["ID"]]
        assert await app.rows("invoices", "Customer.Info.Name eq 'Bravo AS' and InvoiceDate lt '2026-11-21'") == []

    @pytest.mark.parametrize(("text", "count"), [("true", 1), ("'TRUE'", 1), ("false", 2), ("'false'", 2), ("null", 0)])
    async def test_a_flag_that_was_never_set_is_false(self, app: Softrig, text: str, count: int) -> None:
        for private in (True, False, None):
            await app.customer(IsPrivate=private)
        assert len(await app.rows("customers", f"IsPrivate eq {text}")) == count

    async def test_a_changed_value_is_found_and_the_old_one_is_not(self, app: Softrig) -> None:
        made = await app.customer("A", OrgNumber="111")
        await app.edited("customers", made["ID"], OrgNumber="222")
        assert await app.rows("customers", "OrgNumber eq '111'") == []
        assert len(await app.rows("customers", "OrgNumber eq '222'")) == 1


class TestPages:
    """Top, skip, order."""

    async def test_pages_hold_every_row_once(self, world: Softrig) -> None:
        found: list[int] = []
        while rows := await world.rows("customers", orderby="ID", top=30, skip=len(found), select="ID"):
            found += [row["ID"] for row in rows]
        assert (len(found), found) == (102, sorted(set(found)))

    async def test_pages_by_id_need_no_skip(self, world: Softrig) -> None:
        rows = await world.rows("customers", "ID gt 5 and ID le 9", top=3)
        assert [row["ID"] for row in rows] == [6, 7, 8]

    async def test_no_page_is_longer_than_the_knobs_say(self, world: Softrig) -> None:
        await world.config(default_top=10, max_top=20)
        assert len(await world.rows("customers")) == 10
        assert len(await world.rows("customers", top=500)) == 20

    async def test_rows_come_in_the_order_asked_for(self, world: Softrig) -> None:
        rows = await world.rows("invoices", orderby="CustomerID desc, TaxInclusiveAmount")
        keys = [(-row["CustomerID"], row["TaxInclusiveAmount"]) for row in rows]
        assert keys == sorted(keys)
        ids = [row["ID"] for row in await world.rows("invoices", orderby="ID desc", top=3)]
        assert ids == [54, 53, 52]

    async def test_without_an_order_a_change_may_move_a_row(self, world: Softrig) -> None:
        await world.config(default_order="changed")
        first = (await world.rows("customers", top=1))[0]["ID"]
        await world.edited("customers", first, OrgNumber="1")
        rows = await world.rows("customers")
        assert (rows[-1]["ID"], len(rows)) == (first, 102)
        assert (await world.rows("customers", orderby="ID", top=1))[0]["ID"] == 1


class TestChanges:
    """What can be known of what has changed."""

    async def test_changes_are_found_by_either_stamp(self, app: Softrig) -> None:
        old, other = await app.customer("Gammel AS"), await app.customer("Annen AS")
        app.clock.advance(60)
        since = "2026-11-22T21:30:30Z"
        text = f"(CreatedAt gt '{since}' or UpdatedAt gt '{since}')"
        assert await app.rows("customers", text) == []
        await app.edited("customers", old["ID"], OrgNumber="1")
        new = await app.customer("Ny AS")
        rows = await app.rows("customers", text, orderby="ID")
        assert [row["ID"] for row in rows] == [old["ID"], new["ID"]]
        assert [row["UpdatedAt"] for row in rows] == ["2026-11-22T21:31:00.000Z", None]
        assert [row["ID"] for row in await app.rows("customers", f"UpdatedAt gt '{since}'")] == [old["ID"]]
        assert other["ID"] not in {row["ID"] for row in rows}

    @pytest.mark.parametrize(("since", "count"), [("2026-11-22T21:30:00Z", 0), ("2026-11-22T22:29:59+01:00", 1)])
    async def test_an_instant_itself_is_not_after_it_and_zones_count(
        self, app: Softrig, since: str, count: int
    ) -> None:
        await app.customer()
        assert len(await app.rows("customers", f"CreatedAt gt '{since}'")) == count

    @pytest.mark.parametrize(("knob", "stamp"), [("own", None), ("touched", "2026-11-22T21:31:00.000Z")])
    async def test_a_change_of_what_is_nested_may_leave_the_customers_stamp(
        self, app: Softrig, knob: str, stamp: str | None
    ) -> None:
        await app.config(parent_stamp=knob)
        made = await app.customer("A")
        app.clock.advance(60)
        await app.edited("customers", made["ID"], **{"Info.Name": "B"})
        row = await app.get(f"customers/{made['ID']}", expand="Info")
        assert (row["Info"]["Name"], row["UpdatedAt"]) == ("B", stamp)
        assert row["Info"]["UpdatedAt"] == "2026-11-22T21:31:00.000Z"

    async def test_a_write_that_changes_nothing_moves_nothing(self, app: Softrig) -> None:
        made = await app.make("departments", Name="Helse Nord", DepartmentNumber="77")
        app.clock.advance(60)
        again = good(await app.put("departments", made["ID"], {**made, "Name": "Helse Nord"}))
        assert again["UpdatedAt"] is None

    async def test_deleted_rows_are_hidden_but_not_from_reports(self, app: Softrig) -> None:
        made = await app.make("departments", Name="Bort", DepartmentNumber="77")
        assert (await app.do("DELETE", f"/api/biz/departments/{made['ID']}")).status == 204
        assert await app.rows("departments", "Name eq 'Bort'") == []
        assert (await app.ask(f"departments/{made['ID']}")).status == 404
        query = {"model": "Department", "select": "Name as Name,Deleted as Gone", "filter": "DepartmentNumber eq '77'"}
        assert (await app.get("/api/statistics", **query))["Data"] == [{"Name": "Bort", "Gone": True}]
        hidden = {**query, "filter": f"{query['filter']} and isnull(Department.Deleted,'false') eq 'false'"}
        assert (await app.get("/api/statistics", **hidden))["Data"] == []


class TestReports:
    """/api/statistics."""

    async def report(self, app: Softrig, model: str, select: str, **more: Any) -> list[dict[str, Any]]:
        told = await app.get("/api/statistics", model=model, select=select, **more)
        assert list(told) == ["Data"]
        return list(told["Data"])

    async def test_columns_are_plain_and_named(self, app: Softrig) -> None:
        await app.customer("A", OrgNumber="1")
        rows = await self.report(app, "Customer", "ID as Key,Info.Name,CustomerNumber", expand="Info")
        assert rows == [{"Key": 1, "InfoName": "A", "CustomerNumber": 100_000}]

    async def test_sums_are_over_all_and_by_the_columns_beside_them(self, app: Softrig) -> None:
        await goods(app)
        mine = "contains(Name,'Vare')"
        assert await self.report(app, "Product", "sum(PriceExVat) as S,count(ID) as N", filter=mine) == [
            {"S": Decimal("60.5"), "N": 3}
        ]
        rows = await self.report(app, "Product", "Type as T,max(PriceExVat) as M,min(PartName) as P", filter=mine)
        assert rows == [{"T": 1, "M": Decimal("10.5"), "P": "0009"}, {"T": 3, "M": 30, "P": "B2"}]
        assert await self.report(app, "Product", "count(ID) as N", filter="ID lt 0") == [{"N": 0}]

    async def test_functions_take_their_commas_escaped(self, app: Softrig) -> None:
        await goods(app)
        select = "sum(casewhen(PriceExVat gt 15\\,1\\,0)) as Dear,sum(isnull(CostPrice\\,100)) as Cost"
        rows = await self.report(app, "Product", select, filter="contains(Name,'Vare')")
        assert rows == [{"Dear": 2, "Cost": 207}]
        rows = await self.report(app, "Product", "getdate() as Now,isnull(Description\\,'a\\,b') as D", top=1)
        assert rows == [{"Now": "2026-11-22T21:30:00Z", "D": "a,b"}]

    @pytest.mark.parametrize(
        "query",
        [
            {"model": "Colour", "select": "ID"},
            {"model": "Customer"},
            {"model": "Customer", "select": "Colour"},
            {"model": "Customer", "select": "Info.Name"},
            {"model": "Customer", "select": "sum(OrgNumber)"},
            {"model": "Customer", "select": "isnull(OrgNumber,0) as X"},
            {"model": "Customer", "select": "isnull(OrgNumber\\,0)"},
            {"model": "Customer", "select": "rank(ID) as X"},
            {"model": "Customer", "select": "rank(ID\\,1\\,2) as X"},
            {"model": "Customer", "select": "casewhen(ID eq 1\\,1) as X"},
            {"model": "Customer", "select": "sum(ID)", "orderby": "ID"},
            {"model": "Customer", "select": "ID", "colour": "red"},
        ],
    )
    async def test_what_cannot_be_reported_is_refused(self, app: Softrig, query: dict[str, str]) -> None:
        await app.customer(OrgNumber="x")
        assert (await app.ask("/api/statistics", **query)).status == 400


class TestTheWorld:
    """What is seeded."""

    async def test_without_records_there_is_master_data_and_nothing_else(self, app: Softrig) -> None:
        assert [await app.get(each) for each in ("customers", "invoices", "projects")] == [[], [], []]
        codes = {row["VatCode"]: (row["VatPercent"], row["OutputVat"]) for row in await app.get("vattypes")}
        assert (codes["3"], codes["31"], codes["33"], codes["6"]) == ((25, True), (15, True), (12, True), (0, True))
        assert {row["Code"] for row in await app.get("currencycodes")} == {"NOK", "EUR", "SEK", "DKK"}
        assert {1500, 1920, 2700, 3000} <= {row["AccountNumber"] for row in await app.get("accounts")}
        assert [row["CreditDays"] for row in await app.get("terms")] == [14, 30, 10]
        assert len(await app.get("products")) > 10

    async def test_the_other_company_has_a_few_customers_and_invoices(self, world: Softrig) -> None:
        found = {name: len(await world.dump(name)) for name in ("customers", "other-customers", "other-invoices")}
        assert found == {"customers": 102, "other-customers": 3, "other-invoices": 5}

    async def test_hours_are_products_of_their_own_kind(self, world: Softrig) -> None:
        kinds = {(row["Unit"] == "t", row["Type"]) for row in await world.rows("products")}
        assert kinds == {(True, 2), (False, 3)}

    async def test_invoices_are_of_every_kind(self, world: Softrig) -> None:
        seen = Counter(row["StatusCode"] for row in await world.rows("invoices"))
        assert set(seen) == {42001, 42002, 42003, 42004, 42006}
        assert {row["InvoiceType"] for row in await world.rows("invoices")} == {0, 1}

    async def test_every_entry_of_the_ledger_sums_to_nothing(self, world: Softrig) -> None:
        query = {"model": "JournalEntryLine", "select": "JournalEntryID as Entry,sum(Amount) as Sum"}
        sums = (await world.get("/api/statistics", **query))["Data"]
        assert len(sums) == len(await world.get("journalentries")) > 40
        assert {row["Sum"] for row in sums} == {0}

    async def test_what_is_owed_is_what_the_ledger_says(self, world: Softrig) -> None:
        query = {"model": "JournalEntryLine", "select": "sum(Amount) as Sum", "filter": "Account.AccountNumber eq 1500"}
        (ledger,) = (await world.get("/api/statistics", **query))["Data"]
        open_ones = await world.rows("invoices", "StatusCode gt 42001")
        assert ledger["Sum"] == sum((row["RestAmount"] for row in open_ones), Decimal(0))

    def test_equal_seeds_make_equal_worlds_and_other_seeds_other_ones(self) -> None:
        def made(seed: int) -> tuple[Any, Any]:
            found = build("unimicro", clock=Clock(lambda: START), seed=seed, records=40)
            known = {name: text for name, text in found.credentials().items() if name != "certificate"}
            return known, {entity: found.dump(entity) for entity in found.entities()}

        assert made(1) == made(1)
        assert made(1)[0]["client_secret"] != made(2)[0]["client_secret"]
        assert made(1)[1]["customers"] != made(2)[1]["customers"]

    async def test_a_reset_makes_it_anew_and_keeps_the_knobs(self, app: Softrig) -> None:
        await app.config(put="merge")
        await app.customer()
        told = await app.control("POST", "/reset", {"records": 0})
        assert told["credentials"]["company_key"] == app.known["company_key"]
        assert (await app.ask("customers")).status == 401
        await app.sign_in()
        assert await app.get("customers") == []
        assert (await app.control("GET", "/config"))["put"] == "merge"

    async def test_an_unknown_knob_is_refused(self, app: Softrig) -> None:
        told = await app.control("POST", "/config", {"colour": "red"})
        assert (app.control_status, "colour" in told["error"]) == (400, True)

    async def test_reading_is_all_that_can_be_done_with_master_data_of_the_platform(self, app: Softrig) -> None:
        answer = await app.post("vattypes", {"_createguid": "0" * 32, "Name": "x"})
        assert (answer.status, message(answer)) == (405, "VatType cannot be changed here")
