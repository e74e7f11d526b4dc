"""Writing to a simulated Unimicro: graphs, _createguid, master data, custom fields, what people do by hand."""

from __future__ import annotations

from collections.abc import AsyncIterator
from decimal import Decimal
from typing import Any
from uuid import uuid4

import aiohttp
import pytest

from tests.simulators.softrig import Softrig, findings, good, message, new, softrig

GUID = "0f0e0d0c-0b0a-4908-8706-050403020100"


@pytest.fixture
async def app() -> AsyncIterator[Softrig]:
    async with softrig() as client:
        yield client


async def whole(app: Softrig, key: int) -> Any:
    """A customer as a client reads it before it puts it back."""
    return await app.get(f"customers/{key}", expand="Info,Info.InvoiceAddress,Info.DefaultEmail")


class TestCreateguids:
    """What makes a second insert impossible."""

    async def test_every_new_part_needs_its_own(self, app: Softrig) -> None:
        for graph in ({"Info": new(Name="A")}, {**new(), "Info": {"Name": "A"}}, {"_createguid": "x"}):
            answer = await app.post("customers", graph)
            assert (answer.status, "needs a _createguid" in message(answer)) == (400, True)
        assert await app.get("customers") == []

    async def test_the_same_one_again_is_refused_and_named(self, app: Softrig) -> None:
        await app.customer(_createguid=GUID)
        for again in (GUID, GUID.upper()):
            answer = await app.post("customers", {"_createguid": again, "Info": new(Name="B")})
            assert (answer.status, GUID in message(answer)) == (400, True)
        assert len(await app.get("customers")) == 1

    async def test_that_of_a_part_counts_too_wherever_it_was_used(self, app: Softrig) -> None:
        await app.make("departments", Name="A", _createguid=GUID)
        answer = await app.post("customers", {**new(), "Info": {"_createguid": GUID, "Name": "A"}})
        assert answer.status == 400
        guid = str(uuid4())
        answer = await app.post("customers", {"_createguid": guid, "Info": {"_createguid": guid, "Name": "A"}})
        assert answer.status == 400
        assert await app.get("customers") == []

    async def test_one_that_was_refused_can_be_used_again(self, app: Softrig) -> None:
        assert (await app.post("customers", {"_createguid": GUID, "Info": new(Name="")})).status == 400
        assert (await app.post("customers", {"_createguid": GUID, "Info": new(Name="A")})).status == 200

    async def test_one_of_a_deleted_row_stays_used(self, app: Softrig) -> None:
        made = await app.make("departments", Name="A", _createguid=GUID)
        await app.do("DELETE", f"/api/biz/departments/{made['ID']}")
        assert (await app.post("departments", {"Name": "A", "_createguid": GUID})).status == 400

    async def test_an_answer_that_got_lost_leaves_exactly_one_row(self, app: Softrig) -> None:
        fault = {"kind": "applied_then_dropped", "match": {"operation": "POST customers"}}
        await app.control("POST", "/faults", fault)
        graph = {"_createguid": GUID, "Info": new(Name="A")}
        with pytest.raises(aiohttp.ServerDisconnectedError):
            await app.post("customers", graph)
        assert (await app.post("customers", graph)).status == 400
        assert len(await app.get("customers")) == 1


class TestGraphs:
    """A row and what belongs to it, in one write."""

    async def test_a_customer_is_made_with_all_its_parts(self, app: Softrig) -> None:
        place = {"AddressLine1": "Storgata 1", "PostalCode": "0155", "City": "Oslo", "CountryCode": "NO"}
        info: dict[str, Any] = {"Name": "Å", "InvoiceAddress": place, "DefaultEmail": {"EmailAddress": "a@b.example"}}
        info["Contacts"] = [{"Role": "Sjef", "Info": {"Name": "Kari"}}]
        made = await app.customer(Info=info, OrgNumber="999888777")
        assert made["Info"]["InvoiceAddress"]["City"] == "Oslo"
        row = await app.get(f"customers/{made['ID']}", expand="Info.DefaultEmail,Info.Contacts.Info")
        assert row["Info"]["DefaultEmail"]["EmailAddress"] == "a@b.example"
        assert [each["Info"]["Name"] for each in row["Info"]["Contacts"]] == ["Kari"]

    async def test_a_put_of_what_was_read_changes_what_was_changed(self, app: Softrig) -> None:
        made = await app.customer("A", OrgNumber="1", CreditDays=30)
        graph = await whole(app, made["ID"])
        graph["Info"]["Name"] = "B"
        graph["Info"]["InvoiceAddress"] = new(City="Oslo")
        good(await app.put("customers", made["ID"], graph))
        row = await whole(app, made["ID"])
        assert (row["Info"]["Name"], row["Info"]["InvoiceAddress"]["City"]) == ("B", "Oslo")
        assert (row["OrgNumber"], row["CreditDays"], row["CustomerNumber"]) == ("1", 30, 100_000)

    @pytest.mark.parametrize(("knob", "left"), [("replace", None), ("merge", 30)])
    async def test_a_put_clears_what_it_leaves_out_unless_the_knob_says_otherwise(
        self, app: Softrig, knob: str, left: int | None
    ) -> None:
        await app.config(put=knob)
        made = await app.customer(OrgNumber="1", CreditDays=30)
        good(await app.put("customers", made["ID"], {"ID": made["ID"], "OrgNumber": "2"}))
        row = await whole(app, made["ID"])
        assert (row["OrgNumber"], row["CreditDays"]) == ("2", left)
        assert (row["CustomerNumber"], row["Info"]["Name"]) == (100_000, "Bøgh & Sønn AS")

    async def test_a_part_is_deleted_by_its_flag(self, app: Softrig) -> None:
        made = await app.customer(Info={"Name": "A", "DefaultEmail": {"EmailAddress": "a@b.example"}})
        graph = await whole(app, made["ID"])
        graph["Info"]["DefaultEmail"]["Deleted"] = True
        good(await app.put("customers", made["ID"], graph))
        assert (await whole(app, made["ID"]))["Info"]["DefaultEmail"] is None

    async def test_a_reference_is_an_id_or_an_object_and_not_both(self, app: Softrig) -> None:
        first, second = await app.customer("A"), await app.customer("B")
        both = {"CustomerID": first["ID"], "Customer": {"ID": second["ID"]}, "StatusCode": 10001}
        answer = await app.post("invoices", new(**both))
        assert (answer.status, "not both" in message(answer)) == (400, True)
        assert (await app.post("invoices", new(**{**both, "Customer": {"ID": first["ID"]}}))).status == 200

    async def test_what_a_row_does_not_own_cannot_be_made_within_it(self, app: Softrig) -> None:
        answer = await app.post("customers", new(Info={"Name": "A"}, PaymentTerms={"Name": "Straks"}))
        assert (answer.status, message(answer)) == (400, "Terms cannot be made here")

    async def test_a_part_of_another_row_cannot_be_taken(self, app: Softrig) -> None:
        first, second = await app.customer("A"), await app.customer("B")
        graph = await whole(app, second["ID"])
        graph["Info"]["ID"] = first["BusinessRelationID"]
        assert (await app.put("customers", second["ID"], graph)).status == 400
        assert (await whole(app, first["ID"]))["Info"]["Name"] == "A"

    async def test_a_wrong_part_refuses_the_whole_and_is_marked_where_it_stands(self, app: Softrig) -> None:
        info = {"Name": "", "DefaultPhone": {"Number": "1", "Type": 7}}
        answer = await app.post("customers", new(Info=info, CreditDays="x"))
        assert answer.status == 400
        told = answer.json
        assert list(told["_validationResults"]) == ["CreditDays"]
        assert list(told["Info"]["_validationResults"]) == ["Name"]
        assert findings(told["Info"]["DefaultPhone"]) == ["Phone.Type is no kind of phone"]
        assert told["Info"]["DefaultPhone"]["Number"] == "1"
        assert (await app.get("customers"), await app.get("business-relations")) == ([], [])

    @pytest.mark.parametrize(
        ("field", "value", "words"),
        [
            ("OrgNumber", 1, "must be a text"),
            ("OrgNumber", "x" * 256, "is longer than 255"),
            ("CreditDays", 1.5, "must be whole"),
            ("CreditDays", 10**13, "is too large"),
            ("IsPrivate", "yes", "must be true or false"),
            ("PaymentTermsID", 99, "there is no Terms with ID 99"),
            ("CustomerNumber", -1, "must be positive"),
            ("CreditDays", -1, "is no number of days"),
            ("CreditDays", 10_000, "is no number of days"),
        ],
    )
    async def test_a_value_that_does_not_fit_is_refused(self, app: Softrig, field: str, value: Any, words: str) -> None:
        answer = await app.post("customers", new(Info={"Name": "A"}, **{field: value}))
        assert answer.status == 400
        assert message(answer).startswith(f"Customer.{field} {words}")

    @pytest.mark.parametrize("day", ["2026-02-30", "20261120", "20.11.2026", "2026-11-20T00:00:00Z", "", 20261120])
    async def test_a_date_is_a_date_that_there_is(self, app: Softrig, day: Any) -> None:
        assert (await app.post("projects", new(Name="A", StartDate=day))).status == 400
        assert (await app.make("projects", Name="A", StartDate="2024-02-29"))["StartDate"] == "2024-02-29"

    async def test_unknown_properties_are_refused_or_ignored(self, app: Softrig) -> None:
        assert (await app.post("customers", new(Info={"Name": "A"}, Colour="red"))).status == 400
        await app.config(unknown_properties="ignore")
        assert "Colour" not in good(await app.post("customers", new(Info={"Name": "A"}, Colour="red")))

    async def test_a_graph_has_a_limit_of_its_depth(self, app: Softrig) -> None:
        info: dict[str, Any] = {"Name": "A"}
        for _ in range(5):
            info = {"Name": "A", "Contacts": [{"Info": info}]}
        assert (await app.post("business-relations", new(**info))).status == 200
        for _ in range(2):
            info = {"Name": "A", "Contacts": [{"Info": info}]}
        answer = await app.post("business-relations", new(**info))
        assert (answer.status, message(answer)) == (400, "The graph is too large")

    async def test_what_is_read_only_is_ignored(self, app: Softrig) -> None:
        made = await app.customer(StatusCode=50001, CreatedAt="2020-01-01T00:00:00Z", CreatedBy="me")
        assert (made["StatusCode"], made["CreatedAt"]) == (30001, "2026-11-22T21:30:00.000Z")

    @pytest.mark.parametrize(
        ("method", "where"), [("POST", "customers/1"), ("PUT", "customers"), ("PATCH", "customers/1")]
    )
    async def test_a_verb_in_the_wrong_place_is_405(self, app: Softrig, method: str, where: str) -> None:
        await app.customer()
        assert (await app.do(method, f"/api/biz/{where}", new(Info={"Name": "A"}))).status == 405


class TestMasterData:
    """Customers, products, projects, departments, dimensions."""

    async def test_customer_numbers_come_from_a_series_that_passes_over_taken_ones(self, app: Softrig) -> None:
        await app.customer(CustomerNumber=100_001)
        assert [(await app.customer())["CustomerNumber"] for _ in range(2)] == [100_000, 100_002]
        series = {row["Name"]: row["NextNumber"] for row in await app.get("number-series")}
        assert series["Customer number"] == 100_003

    @pytest.mark.parametrize(
        ("route", "graph", "field"),
        [
            ("customers", {"CustomerNumber": 7}, "CustomerNumber"),
            ("products", {"PartName": "ny"}, "PartName"),
            ("projects", {"ProjectNumber": "P1"}, "ProjectNumber"),
            ("departments", {"DepartmentNumber": "9"}, "DepartmentNumber"),
        ],
    )
    async def test_a_number_that_is_taken_is_refused(
        self, app: Softrig, route: str, graph: dict[str, Any], field: str
    ) -> None:
        more = {"Info": {"Name": "A"}} if route == "customers" else {"Name": "A"}
        await app.make(route, **graph, **more)
        answer = await app.post(route, new(**graph, **more))
        assert (answer.status, answer.json["Messages"][0]["PropertyName"]) == (400, field)
        other = await app.make(route, **more)
        assert (await app.put(route, other["ID"], {**graph, "ID": other["ID"], **more})).status == 400

    async def test_a_customer_is_blocked_and_not_deleted(self, app: Softrig) -> None:
        made = await app.customer()
        assert (await app.do("DELETE", f"/api/biz/customers/{made['ID']}")).status == 400
        for action, status in (("block", 70001), ("deactivate", 50001), ("activate", 30001)):
            told = good(await app.act("PUT", f"customers?ID={made['ID']}", action))
            assert told["StatusCode"] == status
        assert (await app.act("POST", f"customers/{made['ID']}", "block")).status == 400

    async def test_prices_with_and_without_vat_follow_each_other(self, app: Softrig) -> None:
        net = await app.make("products", Name="A", PriceExVat=Decimal("99.99"))
        gross = await app.make("products", Name="B", PriceIncVat=100)
        assert (net["PriceIncVat"], gross["PriceExVat"]) == (Decimal("124.99"), 80)
        assert [net["PartName"], gross["PartName"]] == ["5000", "5001"]

    async def test_a_product_is_discarded_taken_back_and_deleted(self, app: Softrig) -> None:
        made = await app.make("products", Name="A", PriceExVat=1)
        where = f"products/{made['ID']}"
        assert (await app.act("POST", where, "Reactivate")).status == 400
        assert good(await app.act("POST", where, "Discard"))["StatusCode"] == 35002
        customer = await app.customer()
        line = {"ProductID": made["ID"], "NumberOfItems": 1}
        assert (
            await app.post("invoices", new(CustomerID=customer["ID"], StatusCode=10001, Items=[line]))
        ).status == 400
        assert good(await app.act("POST", where, "Reactivate"))["StatusCode"] == 35001
        assert good(await app.act("POST", where, "Delete"))["Deleted"] is True
        assert (await app.ask(where)).status == 404

    async def test_a_project_keeps_the_number_it_is_given(self, app: Softrig) -> None:
        customer = await app.customer()
        made = await app.make("projects", Name="A", ProjectNumber="0042", ProjectCustomerID=customer["ID"])
        assert (made["ProjectNumber"], made["ProjectNumberNumeric"]) == ("0042", 42)
        assert (await app.make("projects", Name="B"))["ProjectNumber"] == "1"

    async def test_what_is_in_use_cannot_be_deleted(self, app: Softrig) -> None:
        project = await app.make("projects", Name="A")
        dimensions = await app.make("dimensions", ProjectID=project["ID"])
        answer = await app.do("DELETE", f"/api/biz/projects/{project['ID']}")
        assert (answer.status, "in use" in message(answer)) == (400, True)
        assert (await app.do("DELETE", f"/api/biz/dimensions/{dimensions['ID']}")).status == 204
        assert (await app.do("DELETE", f"/api/biz/projects/{project['ID']}")).status == 204

    @pytest.mark.parametrize(("route", "field"), [("products", "Product"), ("projects", "Project"), ("terms", "Terms")])
    async def test_a_name_is_needed(self, app: Softrig, route: str, field: str) -> None:
        answer = await app.post(route, new(Description="x"))
        assert (answer.status, message(answer)) == (400, f"{field}.Name is required")


class TestCustomFields:
    """Fields of the customer's own."""

    async def field(self, app: Softrig, name: str = "RecManNr") -> Any:
        (model,) = await app.rows("models", "name eq 'customer'")
        (kinds,) = await app.rows("valuelists", "code eq 'customfieldsqltypes'", expand="Items")
        kind = next(each["Code"] for each in kinds["Items"] if each["Name"] == "nvarchar(255)")
        return await app.make("custom-fields", Name=name, ModelID=model["ID"], DataType=kind, Nullable=True)

    async def test_a_field_is_made_activated_written_and_found(self, app: Softrig) -> None:
        made = await self.field(app)
        graph = new(Info={"Name": "A"}, CustomFields={"RecManNr": "17"})
        assert (await app.post("customers", graph)).status == 400
        assert good(await app.act("POST", f"custom-fields/{made['ID']}", "activate"))["StatusCode"] == 110101
        assert good(await app.post("customers", graph))["CustomFields"] == {"RecManNr": "17"}
        (row,) = await app.rows("customers", "CustomFields.RecManNr eq '17'")
        assert row["CustomFields"] == {"RecManNr": "17"}
        selected = await app.rows("customers", select="CustomFields.RecManNr")
        assert selected == await app.rows("customers", select="CustomFields") == [{"CustomFields": {"RecManNr": "17"}}]
        assert await app.rows("customers", "CustomFields.RecManNr eq '18'") == []
        assert (await app.act("POST", f"custom-fields/{made['ID']}", "activate")).status == 400

    async def test_a_field_needs_a_model_and_a_known_type_and_is_there_once(self, app: Softrig) -> None:
        made = await self.field(app)
        twin = {name: made[name] for name in ("Name", "ModelID", "DataType")}
        assert (await app.post("custom-fields", new(**twin))).status == 400
        assert (await app.post("custom-fields", new(**{**twin, "Name": "Ny", "DataType": GUID}))).status == 400
        assert (await app.post("custom-fields", new(**{**twin, "Name": "Ny", "ModelID": 999}))).status == 400
        assert (await app.post("custom-fields", new(**{**twin, "Name": "to ord"}))).status == 400
        assert (await app.post("custom-fields", new(**{**twin, "Name": "Ny"}))).status == 200


class TestByHand:
    """Somebody works in Unimicro's own screens."""

    async def test_a_person_makes_changes_and_deletes_without_guids(self, app: Softrig) -> None:
        made = await app.person("customers", **{"Info.Name": "Håndskrevet AS", "Info.InvoiceAddress.City": "Bodø"})
        await app.edited("customers", made["ID"], OrgNumber="1", **{"Info.Name": "Retta AS"})
        row = await whole(app, made["ID"])
        assert (row["Info"]["Name"], row["Info"]["InvoiceAddress"]["City"], row["OrgNumber"]) == (
            "Retta AS",
            "Bodø",
            "1",
        )
        await app.control("DELETE", f"/records/customers/{made['ID']}")
        assert app.control_status == 200
        assert await app.get("customers") == []

    async def test_a_person_works_in_the_other_company_too(self, app: Softrig) -> None:
        made = await app.person("other-customers", **{"Info.Name": "A"})
        await app.edited("other-customers", made["ID"], OrgNumber="1")
        (row,) = await app.dump("other-customers")
        assert (row["OrgNumber"], await app.get("customers")) == ("1", [])
        await app.control("DELETE", f"/records/other-customers/{made['ID']}")
        assert (await app.dump("other-customers"))[0]["deleted"] is True

    async def test_a_person_cannot_do_what_the_books_forbid(self, app: Softrig) -> None:
        told = await app.control("POST", "/records/products", {"PriceExVat": 1})
        assert (app.control_status, "Name" in told["error"]) == (409, True)
        await app.control("PATCH", "/records/customers/99", {"OrgNumber": "1"})
        assert app.control_status == 404
        await app.control("POST", "/records/colours", {})
        assert app.control_status == 404

    async def test_a_person_locks_the_accounts(self, app: Softrig) -> None:
        customer = await app.customer()
        draft = await app.invoice(customer["ID"])
        await app.edited("companysettings", 1, AccountingLockedDate="2026-11-20")
        answer = await app.act("POST", f"invoices/{draft['ID']}", "invoice")
        assert (answer.status, "locked until 2026-11-20" in message(answer)) == (400, True)

    async def test_a_person_issues_an_invoice(self, app: Softrig) -> None:
        customer = await app.customer()
        line = {"ItemText": "Vikar", "NumberOfItems": 1, "PriceExVat": 100, "VatPercent": 25}
        draft = await app.person("invoices", CustomerID=customer["ID"], Items=[line])
        assert draft["StatusCode"] == 42001
        assert (await app.edited("invoices", draft["ID"], action="invoice"))["StatusCode"] == 42002
        too_much = {"action": "payInvoice", "Amount": 999, "PaymentDate": "2026-11-22"}
        for body, words in (
            ({"action": "invoice"}, "not possible now"),
            (too_much, "what is left"),
            ({"action": "x"}, "'x'"),
        ):
            told = await app.control("PATCH", f"/records/invoices/{draft['ID']}", body)
            assert (app.control_status, words in told["error"]) == (409, True)
