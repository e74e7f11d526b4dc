"""Single rows of a simulated Dataverse: rights on them, disabled owners, merging, families of products."""

from __future__ import annotations

import base64
from collections.abc import AsyncIterator
from typing import Any

import pytest

from tests.simulators.dynamics import Dynamics, Goods, dynamics

NO_RIGHT = (403, "0x80040220")
RULE = (400, "0x80040265")


@pytest.fixture
async def crm() -> AsyncIterator[Dynamics]:
    async with dynamics() as client:
        yield client


async def without(crm: Dynamics, row: str, *rights: str) -> None:
    await crm.control("POST", "/config", {"no_rights": {row: list(rights)}})


class TestRights:
    """Rights on one row: the others of its table are fine."""

    async def test_a_row_without_the_right_to_write_is_refused_and_others_are_not(self, crm: Dynamics) -> None:
        one, other = await crm.make("accounts", name="A"), await crm.make("accounts", name="B")
        await without(crm, one, "write")
        assert (await crm.change("accounts", one, name="C")).refused == NO_RIGHT
        assert (await crm.change("accounts", other, name="C")).status == 204
        assert (await crm.do("GET", f"accounts({one})")).status == 200

    async def test_a_row_that_may_not_be_deleted_stays(self, crm: Dynamics) -> None:
        one = await crm.make("accounts", name="A")
        await without(crm, one, "delete")
        assert (await crm.do("DELETE", f"accounts({one})")).refused == NO_RIGHT

    async def test_a_row_that_may_not_be_read_is_left_out_of_lists(self, crm: Dynamics) -> None:
        one = await crm.make("accounts", name="A")
        await crm.make("accounts", name="B")
        await without(crm, one, "read")
        assert [row["name"] for row in await crm.rows("accounts?$select=name")] == ["B"]
        assert (await crm.do("GET", "accounts/$count")).body == b"1"
        assert (await crm.do("GET", f"accounts({one})")).refused == NO_RIGHT

    async def test_people_are_not_kept_from_it(self, crm: Dynamics) -> None:
        one = await crm.make("accounts", name="A")
        await without(crm, one, "write")
        crm.token = (await crm.sign_in_as_person()).json["access_token"]
        assert (await crm.change("accounts", one, name="C")).status == 204


class TestOwners:
    """Users who are disabled own what they have and get nothing more."""

    async def test_a_row_cannot_be_given_to_a_disabled_user(self, crm: Dynamics) -> None:
        gone = (await crm.rows("systemusers?$filter=isdisabled eq true"))[0]["systemuserid"]
        owner = {"ownerid@odata.bind": f"/systemusers({gone})"}
        answer = await crm.do("POST", "accounts", {"name": "A", **owner})
        assert answer.refused == (403, "0x80040225")
        one = await crm.make("accounts", name="A")
        assert (await crm.change("accounts", one, **owner)).refused == (403, "0x80040225")

    async def test_a_row_of_a_disabled_user_can_be_changed_and_given_away(self, crm: Dynamics) -> None:
        person = (await crm.rows("systemusers?$filter=isdisabled eq false and accessmode eq 0"))[0]["systemuserid"]
        owner = {"ownerid@odata.bind": f"/systemusers({person})"}
        one = await crm.make("accounts", name="A", **owner)
        await crm.control("PATCH", f"/records/systemusers/{person}", {"isdisabled": True})
        assert (await crm.get(f"systemusers({person})"))["isdisabled"] is True
        assert (await crm.change("accounts", one, name="B", **owner)).status == 204
        other = (await crm.rows("systemusers?$filter=isdisabled eq false and accessmode eq 0"))[0]["systemuserid"]
        assert (await crm.change("accounts", one, **{"ownerid@odata.bind": f"/systemusers({other})"})).status == 204


def merge(table: str, target: str, subordinate: str, content: dict[str, Any] | None = None) -> dict[str, Any]:
    kind = {"@odata.type": f"Microsoft.Dynamics.CRM.{table}"}
    body: dict[str, Any] = {
        "Target": {**kind, f"{table}id": target},
        "Subordinate": {**kind, f"{table}id": subordinate},
        "PerformParentingChecks": False,
    }
    return body if content is None else {**body, "UpdateContent": {**kind, **content}}


class TestMerging:
    """Two rows become one."""

    async def test_the_subordinate_is_deactivated_and_points_at_the_target(self, crm: Dynamics) -> None:
        one = await crm.make("accounts", name="A", telephone1="1")
        two = await crm.make("accounts", name="B", telephone1="2", fax="3")
        answer = await crm.do("POST", "Merge", merge("account", one, two, {"accountnumber": "9"}))
        assert answer.status == 204
        kept, left = await crm.get(f"accounts({one})"), await crm.get(f"accounts({two})")
        assert (kept["name"], kept["telephone1"], kept["fax"], kept["accountnumber"]) == ("A", "1", "3", "9")
        assert (left["statecode"], left["merged"], left["_masterid_value"]) == (1, True, one)

    async def test_what_referred_to_the_subordinate_refers_to_the_target(self, crm: Dynamics) -> None:
        one, two = await crm.make("accounts", name="A"), await crm.make("accounts", name="B")
        bind = {"parentcustomerid_account@odata.bind": f"/accounts({two})"}
        person = await crm.make("contacts", lastname="Bo", **bind)
        before = (await crm.get(f"contacts({person})"))["@odata.etag"]
        await crm.do("POST", "Merge", merge("account", one, two))
        found = await crm.get(f"contacts({person})")
        assert found["_parentcustomerid_value"] == one
        assert found["@odata.etag"] != before

    async def test_contacts_are_merged_too_and_products_are_not(self, crm: Dynamics) -> None:
        one, two = await crm.make("contacts", lastname="A"), await crm.make("contacts", lastname="B")
        assert (await crm.do("POST", "Merge", merge("contact", one, two))).status == 204
        assert (await crm.do("POST", "Merge", merge("product", one, two))).status == 400

    async def test_a_row_is_not_merged_twice_nor_with_itself(self, crm: Dynamics) -> None:
        one, two = await crm.make("accounts", name="A"), await crm.make("accounts", name="B")
        assert (await crm.do("POST", "Merge", merge("account", one, one))).status == 400
        await crm.do("POST", "Merge", merge("account", one, two))
        assert (await crm.do("POST", "Merge", merge("account", one, two))).refused == RULE

    async def test_both_rows_need_the_right_to_write(self, crm: Dynamics) -> None:
        one, two = await crm.make("accounts", name="A"), await crm.make("accounts", name="B")
        await without(crm, two, "write")
        assert (await crm.do("POST", "Merge", merge("account", one, two))).refused == NO_RIGHT

    async def test_different_parents_are_refused_when_checked(self, crm: Dynamics) -> None:
        parent = await crm.make("accounts", name="P")
        one = await crm.make("accounts", name="A", **{"parentaccountid@odata.bind": f"/accounts({parent})"})
        two = await crm.make("accounts", name="B")
        body = {**merge("account", one, two), "PerformParentingChecks": True}
        assert (await crm.do("POST", "Merge", body)).refused == RULE


class TestFamilies:
    """Product families have neither units nor prices."""

    async def test_a_family_is_made_without_units_and_published_without_a_price(self, crm: Dynamics) -> None:
        family = await crm.make("products", name="F", productnumber="F1", productstructure=2)
        row = await crm.get(f"products({family})")
        assert (row["_defaultuomid_value"], row["_defaultuomscheduleid_value"]) == (None, None)
        assert (await crm.change("products", family, statecode=0, statuscode=1)).status == 204

    async def test_a_family_is_neither_priced_nor_given_a_unit(self, crm: Dynamics) -> None:
        shop = await Goods(crm).make()
        family = await crm.make("products", name="F", productnumber="F1", productstructure=2)
        item = {
            "pricelevelid@odata.bind": f"/pricelevels({shop.prices})",
            "productid@odata.bind": f"/products({family})",
            "uomid@odata.bind": f"/uoms({shop.unit})",
            "amount": 5,
        }
        assert (await crm.do("POST", "productpricelevels", item)).refused == RULE
        unit = {"defaultuomid@odata.bind": f"/uoms({shop.unit})"}
        assert (await crm.change("products", family, **unit)).refused == RULE

    async def test_only_a_family_has_children_and_they_are_published_with_it(self, crm: Dynamics) -> None:
        shop = await Goods(crm).make()
        family = await crm.make("products", name="F", productnumber="F1", productstructure=2)
        sub = {"productstructure": 2, "parentproductid@odata.bind": f"/products({family})"}
        child = await crm.make("products", name="F2", productnumber="F2", **sub)
        wrong = {"productstructure": 2, "parentproductid@odata.bind": f"/products({shop.product})"}
        assert (await crm.do("POST", "products", {"name": "X", "productnumber": "X", **wrong})).refused == RULE
        path = f"products({family})/Microsoft.Dynamics.CRM.PublishProductHierarchy"
        assert (await crm.do("POST", path, {})).status in (200, 204)
        assert (await crm.get(f"products({child})"))["statecode"] == 0

    async def test_a_bundle_is_sold_as_a_line_of_its_own_kind(self, crm: Dynamics) -> None:
        shop = await Goods(crm).make()
        units = {
            "defaultuomscheduleid@odata.bind": f"/uomschedules({shop.group})",
            "defaultuomid@odata.bind": f"/uoms({shop.unit})",
        }
        bundle = await crm.make("products", name="B", productnumber="B1", productstructure=3, **units)
        await crm.control("POST", "/config", {"activation_needs_price": False})
        assert (await crm.change("products", bundle, statecode=0, statuscode=1)).status == 204
        account = await crm.make("accounts", name="A")
        order = await crm.make("salesorders", name="O", **{"customerid_account@odata.bind": f"/accounts({account})"})
        line = await crm.make(
            "salesorderdetails",
            quantity=1,
            **{
                "salesorderid@odata.bind": f"/salesorders({order})",
                "productid@odata.bind": f"/products({bundle})",
                "uomid@odata.bind": f"/uoms({shop.unit})",
            },
        )
        assert (await crm.get(f"salesorderdetails({line})"))["producttypecode"] == 2


class TestNotes:
    """Files hang on rows as notes."""

    async def test_a_note_holds_a_file_and_tells_its_size(self, crm: Dynamics) -> None:
        account = await crm.make("accounts", name="A")
        content = base64.b64encode(b"x" * 1000).decode()
        bind = {"objectid_account@odata.bind": f"/accounts({account})"}
        note = await crm.make("annotations", subject="Bilag", filename="a.txt", documentbody=content, **bind)
        row = await crm.get(f"annotations({note})")
        assert (row["filesize"], row["isdocument"], row["documentbody"]) == (1000, True, content)
        rows = await crm.rows(f"accounts({account})/Account_Annotation?$select=filename")
        assert [row["filename"] for row in rows] == ["a.txt"]

    async def test_what_is_no_base64_is_refused(self, crm: Dynamics) -> None:
        assert (await crm.do("POST", "annotations", {"subject": "A", "documentbody": "æ"})).status == 400


class TestOtherTables:
    """Tables that clients in use ask for, beside those of the contract."""

    async def test_a_lead_is_named_and_can_be_disqualified(self, crm: Dynamics) -> None:
        lead = await crm.make("leads", subject="Messe", firstname="Bo", lastname="Ask", companyname="Ask ApS")
        assert (await crm.get(f"leads({lead})"))["fullname"] == "Bo Ask"
        assert (await crm.change("leads", lead, statecode=2)).status == 204

    async def test_tasks_hang_on_an_account(self, crm: Dynamics) -> None:
        account = await crm.make("accounts", name="A")
        bind = {"regardingobjectid_account_task@odata.bind": f"/accounts({account})"}
        await crm.make("tasks", subject="Ring", **bind)
        rows = await crm.rows(f"accounts({account})/Account_Tasks?$select=subject")
        assert [row["subject"] for row in rows] == ["Ring"]

    async def test_campaigns_are_proposed_first(self, crm: Dynamics) -> None:
        made = await crm.make("campaigns", name="Forår")
        assert (await crm.get(f"campaigns({made})"))["statuscode"] == 0
