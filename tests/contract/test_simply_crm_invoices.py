"""Invoices of the CRM as a real vTiger keeps them: taxed, lost, half-made, adjusted; on PHP 7 and on stock PHP 8."""

from decimal import ROUND_HALF_UP, Decimal

import pytest

from kobling.connectors.simply_crm.connector import CONNECTOR
from kobling.sdk.conformance_rig import ControlPort, reading, send
from kobling.sdk.context import ConnectorContext
from kobling.sdk.outcomes import Confirmed, Unknown
from kobling.sdk.protocols import Operation, Write
from kobling_simulators import start


@pytest.fixture(params=[False, True], ids=["php7", "php8"])
async def crm(request):
    running = await start("simply_crm", records=0)
    running.php8 = request.param
    yield running
    await running.stop()


@pytest.fixture
async def control(crm, session):
    ask = ControlPort(session, crm.control_url).ask
    await ask("POST", "/config", {"php8": crm.php8})
    return ask


@pytest.fixture
def system(crm, control, transport, clock):
    given = crm.credentials
    settings = {"base_url": crm.url, "username": given["username"], "access_key": given["access_key"]}
    return CONNECTOR.open(settings, ConnectorContext(transport, clock, allow_hosts=("127.0.0.1",)))


@pytest.fixture
async def parts(control):
    """A customer and a product, by their ids."""
    account = await control("POST", "/records/Accounts", {"accountname": "Bøgh Byg ApS"})
    product = await control("POST", "/records/Products", {"productname": "Mursten", "unit_price": "10"})
    return account["id"], product["id"]


def invoice(parts, *rates, key="a", clock=None, **fields):
    """A create with a line of 33.35 for each rate, three of it."""
    account, product = parts
    lines = [
        {"productid": product, "quantity": "3", "listprice": "33.35", "comment": "", "tax1": str(rate)}
        for rate in rates
    ]
    told = {"subject": "Faktura", "account_id": account, "invoicedate": "2026-11-02", "bill_street": "Vej 1"}
    told |= {"ship_street": "Vej 1", "invoicestatus": "Created", "LineItems": lines, **fields}
    return Write(key, Operation.CREATE, told, started_at=clock.now() if clock else None)


async def made(resource, write):
    (outcome,) = await send(resource, write)
    assert isinstance(outcome, Confirmed), outcome
    return outcome


def total(record):
    return cents(record, "hdnGrandTotal")


def cents(record, name):
    return Decimal(record.fields[name]).quantize(Decimal("0.01"), ROUND_HALF_UP)


async def revise(resource, external_id, **fields):
    return await made(resource, Write("r", Operation.UPDATE, fields, external_id))


async def test_one_rate_goes_as_a_group(system, parts):
    done = await made(system.resources["Invoice"], invoice(parts, 25, 25))
    assert done.record.fields["hdnTaxType"] == "group"
    assert total(done.record) == Decimal("250.13")


async def test_several_rates_go_in_two_steps_and_their_totals_stay(system, parts):
    resource = system.resources["Invoice"]
    done = await made(resource, invoice(parts, 25, 0))
    assert done.record.fields["hdnTaxType"] == "individual"
    assert (total(done.record), len(done.record.fields["LineItems"])) == (Decimal("225.11"), 2)
    lines = [{**each, "quantity": "1"} for each in done.record.fields["LineItems"]]
    after = await revise(resource, done.external_id, LineItems=lines)
    assert (total(after.record), after.record.fields["hdnTaxType"]) == (Decimal("75.04"), "individual")
    assert cents(after.record, "balance") == Decimal("75.04")


async def test_a_revise_keeps_what_it_does_not_change(system, parts, control):
    resource = system.resources["Invoice"]
    euro = next(each["id"] for each in await control("GET", "/dump/Currency") if each["currency_code"] == "EUR")
    done = await made(resource, invoice(parts, 25, currency_id=euro, conversion_rate="0.134", txtAdjustment="0.02"))
    after = await revise(resource, done.external_id, invoicestatus="Approved")
    assert Decimal(after.record.fields["conversion_rate"]) == Decimal("0.134")
    lines = [{**each, "quantity": "1"} for each in done.record.fields["LineItems"]]
    after = await revise(resource, done.external_id, LineItems=lines)
    kept = [Decimal(after.record.fields[name]) for name in ("conversion_rate", "txtAdjustment")]
    assert kept == [Decimal("0.134"), Decimal("0.02")]
    assert total(after.record) == Decimal("41.71")


async def test_an_adjustment_moves_the_total_and_once_alone(system, parts):
    resource = system.resources["Invoice"]
    done = await made(resource, invoice(parts, 25))
    for _ in range(2):
        after = await revise(resource, done.external_id, txtAdjustment="-0.06")
        assert total(after.record) == Decimal("125.00")
        assert cents(after.record, "balance") == Decimal("125.00")
    after = await revise(resource, done.external_id, received="100")
    assert cents(after.record, "balance") == Decimal("25.00")


async def test_nothing_empty_stands_in_an_amount(system, parts):
    done = await made(system.resources["Invoice"], invoice(parts, 25, hdnDiscountAmount="", hdnS_H_Amount=""))
    assert total(done.record) == Decimal("125.06")


@pytest.mark.parametrize("rates", [(25, 25, 25), (25, 0)])
async def test_a_lost_answer_is_found_with_all_its_lines(system, parts, control, clock, rates):
    resource = system.resources["Invoice"]
    write = invoice(parts, *rates, clock=clock)
    lost = {"kind": "applied_then_dropped", "match": {"operation": "create"}, "times": 1}
    await control("POST", "/faults", lost)
    (outcome,) = await send(resource, write)
    assert isinstance(outcome, Unknown)
    found = await resource.find_created(write)
    assert found is not None and len(found.fields["LineItems"]) == len(rates)
    assert total(found) == (Decimal("375.19") if len(rates) == 3 else Decimal("225.11"))
    records, _, _ = await reading(resource, None)
    assert len(records) == 1


@pytest.mark.parametrize(("second", "wanted"), [(25, "250.13"), (0, "225.11")])
async def test_a_header_without_lines_is_mended_and_never_made_again(
    system, parts, crm, session, clock, second, wanted
):
    write = invoice(parts, 25, second, clock=clock)
    ask = ControlPort(session, crm.control_url).ask
    await ask("POST", "/records/Invoice", {**write.fields, "productid": parts[1], "LineItems": []})
    resource = system.resources["Invoice"]
    found = await resource.find_created(write)
    assert found is not None
    assert (total(found), len(found.fields["LineItems"])) == (Decimal(wanted), 2)
    records, _, _ = await reading(resource, None)
    assert len(records) == 1


async def test_many_invoices_of_many_lines_are_all_read(system, parts, control):
    resource = system.resources["Invoice"]
    for at in range(40):
        await send(resource, invoice(parts, 25, 25, 25, 25, key=str(at), subject=f"Faktura {at}"))
    records, _, _ = await reading(resource, None)
    assert len(records) == 40
    assert {len(each.fields["LineItems"]) for each in records} == {4}
    assert len(await resource.get_many([each.external_id for each in records])) == 40


async def test_a_change_of_a_product_keeps_its_taxes(system, control):
    resource = system.resources["Products"]
    (done,) = await send(resource, Write("p", Operation.CREATE, {"productname": "Sten", "tax1": "25"}))
    after = await revise(resource, done.external_id, productname="Sten 2")
    again = await resource.get(after.external_id)
    assert Decimal(again.fields["tax1"]) == 25


async def test_a_line_of_a_deleted_product_keeps_its_name(system, parts, control):
    resource = system.resources["Invoice"]
    done = await made(resource, invoice(parts, 25))
    await control("DELETE", f"/records/Products/{parts[1]}")
    (record,), _, _ = await reading(resource, None)
    (line,) = record.fields["LineItems"]
    assert (record.external_id, line["productid"], line["product_name"]) == (done.external_id, "", "Mursten")


async def php(system):
    return next(each for each in [found async for found in system.probe()] if each.topic == "PHP")


async def test_a_probe_names_the_invoices_that_a_stock_php_8_has_ruined(system, parts, crm, control):
    assert (await php(system)).ok
    told = {**invoice(parts, 25).fields, "productid": parts[1], "hdnTaxType": "individual", "LineItems": []}
    ruin = await control("POST", "/records/Invoice", told)
    found = await php(system)
    assert found.ok is not crm.php8
    assert (ruin["invoice_no"] in found.observed) is crm.php8
