"""What people do in the vendors' own screens, in the worlds of a shop and of a trader."""

from __future__ import annotations

from typing import Any

from tests.story.dynamics import Dynamics
from tests.story.world import World


def invoice(world: World, subject: str, price: str, status: str = "Approved", quantity: str = "1") -> dict[str, Any]:
    """An invoice of one line in the CRM."""
    (account,) = world.control(world.crm, "GET", "dump/Accounts")
    (product,) = world.control(world.crm, "GET", "dump/Products")
    line = {"productid": product["id"], "quantity": quantity, "listprice": price, "tax1": "25.000"}
    told = {"subject": subject, "account_id": account["id"], "invoicestatus": status, "LineItems": [line]}
    more = {"invoicedate": "2026-11-02", "duedate": "2026-11-16", "bill_street": "Vej 1", "ship_street": "Vej 1"}
    found: dict[str, Any] = world.control(world.crm, "POST", "records/Invoice", told | more)
    return found


def theirs(world: World, kind: str = "invoices") -> dict[str, dict[str, Any]]:
    return {each["Description"]: each for each in world.control(world.dinero, "GET", f"dump/{kind}")}


def kinds(world: Any, pair: str) -> list[str]:
    return [each["kind"] for each in world.kobling("issues", pair, "--json", expect=None)]


def coupled(world: Dynamics) -> list[tuple[dict[str, Any], dict[str, Any]]]:
    """Customers of both systems with one number."""
    free = [each for each in world.dump(world.central, "customers") if each["blocked"] in ("", " ", "_x0020_")]
    there = {each["number"]: each for each in free}
    mine = [each for each in world.dump(world.sales, "accounts") if each.get("customertypecode") == 3]
    return [(each, there[each["accountnumber"]]) for each in mine if each.get("accountnumber") in there]


def goods(world: Dynamics) -> tuple[dict[str, Any], dict[str, Any]]:
    """A product and its item."""
    items = {each["number"]: each for each in world.dump(world.central, "items")}
    products = [each for each in world.dump(world.sales, "products") if each["statecode"] == 0]
    return next((each, items[each["productnumber"]]) for each in products if each["productnumber"] in items)


def order(world: Dynamics, account: str, price: int, **header: Any) -> dict[str, Any]:
    """A submitted order of one line."""

    def made(table: str, body: dict[str, Any]) -> dict[str, Any]:
        found: dict[str, Any] = world.control(world.sales, "POST", f"records/{table}", body)
        return found

    product, _ = goods(world)
    found = made("salesorders", {"name": "Ordre", "customerid_account@odata.bind": f"/accounts({account})", **header})
    line = {"quantity": 1, "priceperunit": price, "ispriceoverridden": True}
    line |= {"salesorderid@odata.bind": f"/salesorders({found['salesorderid']})"}
    line |= {"productid@odata.bind": f"/products({product['productid']})"}
    made("salesorderdetails", line | {"uomid@odata.bind": f"/uoms({product['_defaultuomid_value']})"})
    submitted = {"statecode": 1, "statuscode": 3}
    world.control(world.sales, "PATCH", f"records/salesorders/{found['salesorderid']}", submitted)
    return found


def arrived(world: Dynamics, number: str) -> list[dict[str, Any]]:
    return [each for each in world.dump(world.central, "salesOrders") if each["externalDocumentNumber"] == number]


def lacks(world: Any, pair: str, title: str) -> list[str]:
    """The fields without which a record went."""
    told = world.kobling("issues", pair, "--kind", "without_field", "--json", expect=None)
    return [field for each in told if each["title"] == title for field in each["details"]["fields"]]
