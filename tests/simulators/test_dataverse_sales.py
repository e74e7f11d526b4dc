"""What a simulated Dynamics 365 Sales does with units, products, prices, orders, invoices and opportunities."""

from __future__ import annotations

from collections.abc import AsyncIterator
from decimal import Decimal
from typing import Any

import pytest

from tests.simulators.dynamics import Dynamics, Goods, dynamics

RULE = (400, "0x80040265")
MISSING = (400, "0x80040203")
DOUBLE = (412, "0x80040237")


@pytest.fixture
async def crm() -> AsyncIterator[Dynamics]:
    async with dynamics() as client:
        yield client


@pytest.fixture
async def shop(crm: Dynamics) -> Goods:
    return await Goods(crm).make()


class TestUnits:
    """Unit groups and their units."""

    async def test_a_group_comes_with_its_base_unit(self, crm: Dynamics) -> None:
        group = await crm.make("uomschedules", name="G", baseuomname="stk")
        unit = (await crm.rows(f"uoms?$filter=_uomscheduleid_value eq {group}"))[0]
        assert (unit["name"], unit["quantity"], unit["isschedulebaseuom"]) == ("stk", 1, True)
        assert (await crm.change("uomschedules", group, baseuomname="kg")).status == 400
        assert (await crm.do("POST", "uomschedules", {"name": "G"})).refused == MISSING

    async def test_a_unit_counts_in_base_units(self, shop: Goods) -> None:
        crm = shop.crm
        body = {
            "name": "kasse",
            "quantity": 12,
            "uomscheduleid@odata.bind": f"/uomschedules({shop.group})",
            "baseuom@odata.bind": f"/uoms({shop.unit})",
        }
        box = await crm.make("uoms", **body)
        row = await crm.get(f"uoms({box})")
        assert (row["quantity"], row["_baseuom_value"]) == (Decimal(12), shop.unit)
        assert (await crm.do("POST", "uoms", {**body, "name": "KASSE"})).refused == DOUBLE
        assert (await crm.do("POST", "uoms", {**body, "name": "nul", "quantity": 0})).refused == RULE
        for missing in ("quantity", "baseuom@odata.bind", "uomscheduleid@odata.bind"):
            left = {name: value for name, value in body.items() if name != missing}
            assert (await crm.do("POST", "uoms", {**left, "name": "x"})).refused == MISSING

    async def test_the_base_unit_stays(self, shop: Goods) -> None:
        assert (await shop.crm.change("uoms", shop.unit, quantity=2)).refused == RULE
        assert (await shop.crm.change("uoms", shop.unit, name="styk")).status == 204
        assert (await shop.crm.do("DELETE", f"uoms({shop.unit})")).status == 405
        alone = await shop.crm.make("uomschedules", name="G", baseuomname="kg")
        unit = (await shop.crm.rows(f"uoms?$filter=_uomscheduleid_value eq {alone}"))[0]["uomid"]
        assert (await shop.crm.do("DELETE", f"uoms({unit})")).refused == RULE

    async def test_a_group_goes_with_its_units_unless_in_use(self, shop: Goods) -> None:
        alone = await shop.crm.make("uomschedules", name="G", baseuomname="kg")
        assert (await shop.crm.do("DELETE", f"uomschedules({alone})")).status == 204
        assert [row["name"] for row in await shop.crm.rows("uoms")] == ["stk"]
        assert (await shop.crm.do("DELETE", f"uomschedules({shop.group})")).status == 405


class TestProducts:
    """Products and price lists."""

    async def test_a_product_is_made_as_a_draft(self, shop: Goods) -> None:
        key = await shop.draft("V-2")
        row = await shop.crm.get(f"products({key})")
        assert (row["statecode"], row["statuscode"]) == (2, 0)

    async def test_it_becomes_active_only_with_a_price(self, shop: Goods) -> None:
        key = await shop.draft("V-2")
        assert (await shop.crm.change("products", key, statecode=0)).refused == RULE
        await shop.price(key)
        assert (await shop.crm.change("products", key, statecode=0)).status == 204
        other = await shop.draft("V-3")
        await shop.crm.config(activation_needs_price=False)
        publish = f"products({other})/Microsoft.Dynamics.CRM.PublishProductHierarchy"
        assert (await shop.crm.do("POST", publish, {})).status == 204
        assert (await shop.crm.get(f"products({other})"))["statecode"] == 0

    @pytest.mark.parametrize(
        ("path", "allowed"), [((0, 1), True), ((0, 3, 0), True), ((0, 2), False), ((1,), False), ((0, 1, 2), False)]
    )
    async def test_its_states_follow_each_other(self, shop: Goods, path: tuple[int, ...], allowed: bool) -> None:
        key = await shop.draft("V-2")
        await shop.price(key)
        answers = [await shop.crm.change("products", key, statecode=state) for state in path]
        assert answers[-1].status == (204 if allowed else 400)

    async def test_a_retired_product_takes_no_edits(self, shop: Goods) -> None:
        await shop.crm.change("products", shop.product, statecode=1)
        assert (await shop.crm.change("products", shop.product, name="x")).refused == RULE
        assert (await shop.crm.change("products", shop.product, statecode=0, name="x")).status == 204

    async def test_its_number_is_unique_and_its_unit_of_its_group(self, shop: Goods) -> None:
        crm = shop.crm
        other = await crm.make("uomschedules", name="G", baseuomname="kg")
        unit = (await crm.rows(f"uoms?$filter=_uomscheduleid_value eq {other}"))[0]["uomid"]
        body = {
            "name": "Vare",
            "productnumber": "V-2",
            "defaultuomscheduleid@odata.bind": f"/uomschedules({shop.group})",
            "defaultuomid@odata.bind": f"/uoms({shop.unit})",
        }
        assert (await crm.do("POST", "products", {**body, "productnumber": "v-1"})).refused == DOUBLE
        wrong = {**body, "defaultuomid@odata.bind": f"/uoms({unit})"}
        assert (await crm.do("POST", "products", wrong)).refused == RULE
        for missing in ("name", "productnumber", "defaultuomid@odata.bind", "defaultuomscheduleid@odata.bind"):
            left = {name: value for name, value in body.items() if name != missing}
            assert (await crm.do("POST", "products", left)).refused == MISSING
        moved = {"defaultuomscheduleid@odata.bind": f"/uomschedules({other})"}
        assert (await crm.change("products", shop.product, **moved)).refused == RULE

    async def test_an_organization_may_make_products_active(self, shop: Goods) -> None:
        crm = shop.crm
        mine = (await crm.get("WhoAmI"))["OrganizationId"]
        setting = {"createproductswithoutparentinactivestate": True}
        assert (await crm.change("organizations", mine, **setting)).status == 204
        assert (await crm.get(f"products({await shop.draft('V-2')})"))["statecode"] == 0

    async def test_a_price_list_item_takes_currency_group_and_number_from_its_parents(self, shop: Goods) -> None:
        row = await shop.crm.get(f"productpricelevels({shop.item})")
        assert row["_uomscheduleid_value"] == shop.group
        assert row["_transactioncurrencyid_value"] == await shop.crm.currency("DKK")
        assert (row["productnumber"], row["amount"], row["pricingmethodcode"]) == ("V-1", Decimal("100.00"), 1)

    async def test_a_price_list_item_is_unique_and_complete(self, shop: Goods) -> None:
        crm = shop.crm
        body = shop.item_body(shop.product)
        assert (await crm.do("POST", "productpricelevels", body)).refused == DOUBLE
        for missing in body:
            left = {name: value for name, value in body.items() if name != missing}
            assert (await crm.do("POST", "productpricelevels", left)).refused == MISSING
        assert (await crm.change("productpricelevels", shop.item, amount=5)).status == 204
        moved = {"pricelevelid@odata.bind": f"/pricelevels({shop.prices})"}
        assert (await crm.change("productpricelevels", shop.item, **moved)).status == 400

    async def test_a_price_list_keeps_its_currency_and_takes_its_items_along(self, shop: Goods) -> None:
        crm = shop.crm
        euro = {"transactioncurrencyid@odata.bind": f"/transactioncurrencies({await crm.currency('EUR')})"}
        assert (await crm.change("pricelevels", shop.prices, **euro)).status == 400
        assert (await crm.do("DELETE", f"pricelevels({shop.prices})")).status == 204
        assert await crm.rows("productpricelevels") == []


class TestCurrencies:
    """Currencies of the organization."""

    BODY = {
        "isocurrencycode": "USD",
        "currencyname": "Dollar",
        "currencysymbol": "$",
        "exchangerate": Decimal("0.15"),
        "currencyprecision": 2,
    }

    async def test_a_currency_is_made_once(self, crm: Dynamics) -> None:
        key = await crm.make("transactioncurrencies", **self.BODY)
        assert (await crm.do("POST", "transactioncurrencies", self.BODY)).refused == DOUBLE
        assert (await crm.change("transactioncurrencies", key, isocurrencycode="CAD")).status == 400
        assert (await crm.change("transactioncurrencies", key, exchangerate=Decimal("0.2"))).status == 204
        assert (await crm.change("transactioncurrencies", key, exchangerate=0)).status == 400

    @pytest.mark.parametrize("missing", list(BODY))
    async def test_all_of_it_is_needed(self, crm: Dynamics, missing: str) -> None:
        left = {name: value for name, value in self.BODY.items() if name != missing}
        assert (await crm.do("POST", "transactioncurrencies", left)).refused == MISSING

    async def test_the_base_currency_stays(self, crm: Dynamics) -> None:
        base = await crm.currency("DKK")
        assert (await crm.change("transactioncurrencies", base, exchangerate=2)).refused == RULE
        assert (await crm.do("DELETE", f"transactioncurrencies({base})")).status in (400, 405)

    async def test_an_organization_may_work_in_one_currency(self, crm: Dynamics) -> None:
        await crm.config(multi_currency=False)
        assert (await crm.do("POST", "transactioncurrencies", self.BODY)).status == 403
        await crm.control("POST", "/reset", {"records": 0})
        assert len(await crm.rows("transactioncurrencies")) == 1


class TestOrders:
    """Orders and their lines."""

    async def order(self, shop: Goods, key: str) -> dict[str, Any]:
        row: dict[str, Any] = await shop.crm.get(f"salesorders({key})?$expand=order_details")
        return row

    async def test_the_server_prices_lines_and_adds_up(self, shop: Goods) -> None:
        key = await shop.order(discountpercentage=10, discountamount=5, freightamount=49)
        await shop.line(key, manualdiscountamount=20, tax=45)
        await shop.line(key, quantity=Decimal("1.5"), ispriceoverridden=True, priceperunit=10, tax=Decimal("3.75"))
        row = await self.order(shop, key)
        first, second = row["order_details"]
        assert (first["priceperunit"], first["baseamount"], first["extendedamount"]) == (100, 200, 225)
        assert (second["baseamount"], second["extendedamount"]) == (15, Decimal("18.75"))
        assert row["totallineitemamount"] == 195
        assert row["totallineitemdiscountamount"] == 20
        assert row["totaldiscountamount"] == Decimal("24.50")
        assert row["totalamountlessfreight"] == Decimal("170.50")
        assert row["totaltax"] == Decimal("48.75")
        assert row["totalamount"] == Decimal("268.25")

    async def test_totals_follow_changes_and_deletions_of_lines(self, shop: Goods) -> None:
        key = await shop.order()
        line = await shop.line(key)
        await shop.crm.change("salesorderdetails", line, quantity=3)
        assert (await self.order(shop, key))["totalamount"] == 300
        await shop.crm.change("salesorders", key, freightamount=10)
        assert (await self.order(shop, key))["totalamount"] == 310
        await shop.crm.do("DELETE", f"salesorderdetails({line})")
        assert (await self.order(shop, key))["totalamount"] == 10

    async def test_totals_sent_by_a_client_are_computed_over(self, shop: Goods) -> None:
        key = await shop.order()
        await shop.line(key)
        assert (await shop.crm.change("salesorders", key, totalamount=1)).status == 204
        assert (await self.order(shop, key))["totalamount"] == 200

    async def test_without_system_pricing_the_client_writes_the_totals(self, shop: Goods) -> None:
        crm = shop.crm
        mine = (await crm.get("WhoAmI"))["OrganizationId"]
        await crm.change("organizations", mine, oobpricecalculationenabled=False)
        key = await shop.order()
        await shop.line(key, priceperunit=7)
        assert (await crm.change("salesorders", key, totalamount=Decimal("1.23"))).status == 204
        row = await self.order(shop, key)
        assert (row["totalamount"], row["order_details"][0]["priceperunit"]) == (Decimal("1.23"), 7)

    async def test_a_product_without_price_shows_an_error_code(self, shop: Goods) -> None:
        await shop.crm.config(activation_needs_price=False)
        other = await shop.draft("V-2")
        await shop.crm.change("products", other, statecode=0)
        key = await shop.order()
        await shop.line(key, **{"productid@odata.bind": f"/products({other})"})
        line = (await self.order(shop, key))["order_details"][0]
        assert (line["pricingerrorcode"], line["priceperunit"], line["extendedamount"]) == (11, None, 0)

    @pytest.mark.parametrize(
        ("method", "percentage", "price"), [(2, 50, 40), (3, 10, 55), (4, 50, 100), (5, 10, 66), (6, 25, 80)]
    )
    async def test_prices_may_follow_list_price_or_cost(
        self, shop: Goods, method: int, percentage: int, price: int
    ) -> None:
        await shop.crm.change("products", shop.product, price=80, currentcost=50, standardcost=60)
        await shop.crm.change("productpricelevels", shop.item, pricingmethodcode=method, percentage=percentage)
        key = await shop.order()
        await shop.line(key)
        assert (await self.order(shop, key))["order_details"][0]["priceperunit"] == price

    async def test_a_write_in_line_has_a_text_and_no_product(self, shop: Goods) -> None:
        key = await shop.order()
        link = {"salesorderid@odata.bind": f"/salesorders({key})", "quantity": 1, "isproductoverridden": True}
        body = {**link, "productdescription": "Særligt", "priceperunit": 5}
        line = await shop.crm.make("salesorderdetails", **body)
        row = await shop.crm.get(f"salesorderdetails({line})")
        assert (row["productname"], row["extendedamount"]) == ("Særligt", 5)
        assert (await shop.crm.do("POST", "salesorderdetails", link)).status == 400
        bound = {"productid@odata.bind": f"/products({shop.product})"}
        assert (await shop.crm.do("POST", "salesorderdetails", {**body, **bound})).status == 400

    async def test_a_line_needs_its_parts(self, shop: Goods) -> None:
        body = shop.line_body(await shop.order())
        for missing in body:
            left = {name: value for name, value in body.items() if name != missing}
            assert (await shop.crm.do("POST", "salesorderdetails", left)).refused == MISSING
        assert (await shop.crm.do("POST", "salesorderdetails", {**body, "quantity": "2"})).status == 400

    async def test_only_active_products_are_sold_in_units_of_their_group(self, shop: Goods) -> None:
        crm = shop.crm
        body = shop.line_body(await shop.order())
        other = await crm.make("uomschedules", name="G", baseuomname="kg")
        unit = (await crm.rows(f"uoms?$filter=_uomscheduleid_value eq {other}"))[0]["uomid"]
        wrong = {**body, "uomid@odata.bind": f"/uoms({unit})"}
        assert (await crm.do("POST", "salesorderdetails", wrong)).refused == RULE
        draft = {**body, "productid@odata.bind": f"/products({await shop.draft('V-2')})"}
        assert (await crm.do("POST", "salesorderdetails", draft)).refused == RULE

    async def test_an_order_needs_a_customer_and_one_currency(self, shop: Goods) -> None:
        crm = shop.crm
        assert (await crm.do("POST", "salesorders", {"name": "O"})).refused == MISSING
        body = {
            "customerid_account@odata.bind": f"/accounts({shop.account})",
            "pricelevelid@odata.bind": f"/pricelevels({shop.prices})",
            "transactioncurrencyid@odata.bind": f"/transactioncurrencies({await crm.currency('EUR')})",
        }
        assert (await crm.do("POST", "salesorders", body)).refused == RULE

    async def test_an_order_gets_a_number_and_tells_who_the_customer_is(self, shop: Goods) -> None:
        crm = shop.crm
        row = await self.order(shop, await shop.order())
        assert row["ordernumber"].startswith("ORD-")
        assert (row["_accountid_value"], row["_contactid_value"]) == (shop.account, None)
        contact = await crm.make("contacts", lastname="Bo")
        key = await crm.make("salesorders", **{"customerid_contact@odata.bind": f"/contacts({contact})"})
        assert (await self.order(shop, key))["_contactid_value"] == contact

    async def test_a_submitted_order_takes_no_edits_until_it_is_active_again(self, shop: Goods) -> None:
        key = await shop.order()
        line = await shop.line(key)
        assert (await shop.crm.change("salesorders", key, statecode=1, statuscode=3)).status == 204
        assert (await self.order(shop, key))["order_details"][0]["salesorderstatecode"] == 1
        assert (await shop.crm.change("salesorders", key, name="x")).refused == RULE
        assert (await shop.crm.change("salesorders", key, lastbackofficesubmit="2026-11-22T00:00:00Z")).status == 204
        assert (await shop.crm.change("salesorderdetails", line, quantity=3)).refused == RULE
        assert (await shop.crm.do("POST", "salesorderdetails", shop.line_body(key))).refused == RULE
        assert (await shop.crm.do("DELETE", f"salesorderdetails({line})")).refused == RULE
        assert (await shop.crm.change("salesorders", key, statecode=0, statuscode=1, name="x")).status == 204
        assert (await shop.crm.change("salesorderdetails", line, quantity=3)).refused == RULE
        assert (await shop.crm.do("POST", "UnlockSalesOrderPricing", {"SalesOrderId": key})).status == 204
        assert (await shop.crm.change("salesorderdetails", line, quantity=3)).status == 204

    async def test_locked_prices_can_be_locked_by_an_action(self, shop: Goods) -> None:
        key = await shop.order()
        line = await shop.line(key)
        assert (await shop.crm.do("POST", "LockSalesOrderPricing", {"SalesOrderId": key})).status == 204
        assert (await shop.crm.change("salesorderdetails", line, quantity=3)).refused == RULE
        assert (await shop.crm.change("salesorderdetails", line, description="x")).status == 204
        assert (await shop.crm.change("salesorders", key, discountamount=3)).refused == RULE
        assert (await shop.crm.do("POST", "LockSalesOrderPricing", {})).status == 400

    async def test_orders_are_fulfilled_and_cancelled_by_actions_only(self, shop: Goods) -> None:
        key, other = await shop.order(), await shop.order()
        assert (await shop.crm.change("salesorders", key, statecode=3)).refused == RULE
        body = {"Status": 100001, "OrderClose": {"salesorderid@odata.bind": f"/salesorders({key})"}}
        assert (await shop.crm.do("POST", "FulfillSalesOrder", body)).status == 204
        assert (await self.order(shop, key))["statecode"] == 3
        assert (await shop.crm.do("POST", "FulfillSalesOrder", body)).refused == RULE
        cancel = {"Status": 4, "OrderClose": {"salesorderid": {"salesorderid": other}}}
        assert (await shop.crm.do("POST", "CancelSalesOrder", cancel)).status == 204
        for wrong in ({}, {"OrderClose": {}}, {"OrderClose": {"salesorderid@odata.bind": f"/accounts({key})"}}):
            assert (await shop.crm.do("POST", "CancelSalesOrder", wrong)).status == 400

    async def test_lines_go_with_their_order_and_do_not_move(self, shop: Goods) -> None:
        key, other = await shop.order(), await shop.order()
        line = await shop.line(key)
        moved = {"salesorderid@odata.bind": f"/salesorders({other})"}
        assert (await shop.crm.change("salesorderdetails", line, **moved)).refused == RULE
        assert (await shop.crm.do("DELETE", f"salesorders({key})")).status == 204
        assert await shop.crm.rows("salesorderdetails") == []

    async def test_an_order_and_its_lines_are_made_at_once(self, shop: Goods) -> None:
        lines = [{k: v for k, v in shop.line_body("").items() if not k.startswith("salesorderid")}] * 2
        key = await shop.order(order_details=lines)
        assert (await self.order(shop, key))["totalamount"] == 400

    async def test_an_order_becomes_an_invoice(self, shop: Goods) -> None:
        key = await shop.order(freightamount=49)
        await shop.line(key)
        answer = await shop.crm.do("POST", "ConvertSalesOrderToInvoice", {"SalesOrderId": key})
        assert answer.status == 200
        assert (answer.json["totalamount"], answer.json["_salesorderid_value"]) == (249, key)
        assert answer.json["ispricelocked"] is True
        assert len(await shop.crm.rows("invoicedetails")) == 1
        assert (await shop.crm.do("POST", "ConvertSalesOrderToInvoice", {})).status == 400


class TestInvoicesAndOpportunities:
    """Invoices written from the books, opportunities closed by salespeople."""

    async def test_a_paid_invoice_is_active_again_before_it_is_edited(self, shop: Goods) -> None:
        crm = shop.crm
        bound = {"customerid_account@odata.bind": f"/accounts({shop.account})"}
        key = await crm.make("invoices", name="F", invoicenumber="1001", duedate="2026-12-01", **bound)
        assert (await crm.change("invoices", key, statecode=2, statuscode=100001)).status == 204
        assert (await crm.change("invoices", key, name="G")).refused == RULE
        assert (await crm.change("invoices", key, statecode=2, statuscode=4)).status == 400
        assert (await crm.change("invoices", key, statecode=0, statuscode=4)).status == 204
        assert (await crm.change("invoices", key, name="G")).status == 204
        assert (await crm.change("invoices", key, statecode=3)).status == 204

    async def test_an_opportunity_is_won_or_lost_by_an_action(self, shop: Goods) -> None:
        crm = shop.crm
        bound = {"parentaccountid@odata.bind": f"/accounts({shop.account})"}
        key = await crm.make("opportunities", name="M", estimatedvalue=100, **bound)
        assert (await crm.get(f"opportunities({key})"))["_customerid_value"] == shop.account
        assert (await crm.change("opportunities", key, statecode=1)).refused == RULE
        body = {"Status": 3, "OpportunityClose": {"opportunityid@odata.bind": f"/opportunities({key})"}}
        assert (await crm.do("POST", "WinOpportunity", body)).status == 204
        row = await crm.get(f"opportunities({key})")
        assert (row["statecode"], row["actualvalue"], row["actualclosedate"]) == (1, 100, "2026-11-22")
        assert (await crm.change("opportunities", key, name="x")).refused == RULE
        assert (await crm.change("opportunities", key, statecode=0)).status == 204
        assert (await crm.do("POST", "LoseOpportunity", {**body, "Status": -1})).status == 204
