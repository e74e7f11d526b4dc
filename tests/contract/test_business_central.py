"""What is Business Central's own: hosting, customised systems, batches, documents, extra tables, stock, webhooks."""

import asyncio
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from aiohttp import web

from kobling.connectors.business_central.connector import CONNECTOR
from kobling.connectors.business_central.subscriptions import Subscriptions, handshake, read_notifications
from kobling.records import Misunderstood, NotOffered, NotThere, Refused, SettingsError, StaleVersion, Unsafe
from kobling.sdk.conformance_rig import ControlPort, reading, send
from kobling.sdk.outcomes import Unknown
from kobling.sdk.protocols import Operation, Write
from kobling_simulators import start


@pytest.fixture
async def central():
    running = await start("business_central", records=20)
    yield running
    await running.stop()


@pytest.fixture
async def control(central, session):
    ask = ControlPort(session, central.control_url).ask
    await ask("POST", "/limits", {"enabled": False})
    return ask


@pytest.fixture
def connect(central, opened):
    def connect(**more):
        given = central.credentials
        names = ("tenant", "client_id", "client_secret", "authority", "environment", "company", "company_id")
        settings = {name: given[name] for name in names} | {"sign_in": "app", "base_url": central.url}
        settings |= {"company_name": given["company"], **more}
        return opened(CONNECTOR, settings)

    return connect


def create(key, fields, clock=None):
    return Write(key, Operation.CREATE, fields, started_at=clock.now() if clock else None)


def update(key, record, fields, **more):
    return Write(key, Operation.UPDATE, fields, record.external_id, **more)


async def one(resource, write):
    (outcome,) = await send(resource, write)
    return outcome


async def made(resource, key, fields):
    outcome = await one(resource, create(key, fields))
    assert outcome.error is None, repr(outcome.error)
    return outcome.record or await resource.get(outcome.external_id)


async def test_the_company_is_found_by_its_name_and_its_id_is_kept(connect, central):
    health = await connect(company_id="").check()
    assert health.account_name == central.credentials["company"]
    assert health.settings["company_id"] == central.credentials["company_id"]
    assert health.notes == ()


async def test_a_wrong_company_or_environment_is_answered_with_those_there_are(connect, central):
    with pytest.raises(SettingsError, match=central.credentials["company"]) as caught:
        await connect(company="Findes Ikke A/S").check()
    assert caught.value.code == "no_company"
    with pytest.raises(SettingsError) as caught:
        await connect(environment="Sandkasse").check()
    assert caught.value.code == "no_environment"


async def test_a_customised_business_central_is_diagnosed_by_name_and_read_all_the_same(connect, control):
    await control("POST", "/config", {"missing": ["opportunities", "customers.taxLiable"]})
    connector = connect()
    notes = (await connector.check()).notes
    assert set(notes) == {"opportunities", "customers.taxLiable"}
    records, _, _ = await reading(connector.resources["customers"], None)
    assert records and "taxLiable" not in records[0].fields
    assert await connector.resources["opportunities"].describe() == {}
    with pytest.raises((NotOffered, NotThere)):
        await connector.resources["opportunities"].read(None)


@pytest.mark.parametrize("state", ["disabled", "missing"])
async def test_an_app_that_is_not_enabled_in_business_central_is_refused(connect, control, state):
    await control("POST", "/config", {"app_registration": state})
    with pytest.raises(SettingsError):
        await connect().check()


async def test_the_37th_part_of_a_batch_fails_and_no_other(connect):
    names = [f"Kunde {n}" if n != 37 else "x" * 300 for n in range(1, 101)]
    outcomes = await send(
        connect().resources["customers"], *[create(f"k{n}", {"displayName": x}) for n, x in enumerate(names, 1)]
    )
    assert [n for n, each in enumerate(outcomes, start=1) if each.error] == [37]
    assert outcomes[36].error.field == "displayName"


async def test_a_lost_answer_is_found_by_what_was_sent(connect, control, clock):
    customers = connect().resources["customers"]
    write = create("k", {"displayName": "Ny Kunde ApS", "city": "Ribe"}, clock)
    await control(
        "POST", "/faults", {"kind": "applied_then_dropped", "match": {"operation": "POST $batch"}, "times": 1}
    )
    outcome = await one(customers, write)
    assert isinstance(outcome, Unknown)
    found = await customers.find_created(write)
    assert found is not None and found.fields["city"] == "Ribe"
    other = create("o", {"displayName": "Ny Kunde ApS", "city": "Tønder"}, clock)
    with pytest.raises(Unsafe):
        await customers.find_created(other)
    assert await customers.find_created(replace(other, taken=frozenset({found.external_id}))) is None


async def test_a_customer_that_was_written_comes_back_with_its_company_contact(connect):
    customers = connect().resources["customers"]
    new = await one(customers, create("k", {"displayName": "Ny Kunde ApS"}))
    assert new.record.fields["companyContactNumber"]
    changed = await one(customers, update("u", new.record, {"city": "Ribe"}, expected=new.record.version))
    assert changed.record.fields["companyContactNumber"] == new.record.fields["companyContactNumber"]


async def test_a_customer_that_cannot_be_read_after_its_writing_is_confirmed_all_the_same(connect, control):
    customers = connect().resources["customers"]
    await control(
        "POST", "/faults", {"kind": "status", "status": 503, "match": {"operation": "GET customers"}, "times": 50}
    )
    outcome = await one(customers, create("k", {"displayName": "Ny Kunde ApS"}))
    assert (outcome.error, outcome.record, bool(outcome.external_id)) == (None, None, True)


async def test_a_stale_tag_is_refused_and_nothing_is_written(connect, control):
    customers = connect().resources["customers"]
    record = (await reading(customers, None))[0][0]
    await control("PATCH", f"/records/customers/{record.external_id}", {"city": "Ribe"})
    outcome = await one(customers, update("u", record, {"phoneNumber": "12345678"}, expected=record.version))
    assert isinstance(outcome.error, StaleVersion)
    assert (await customers.get(record.external_id)).fields["phoneNumber"] != "12345678"


async def test_a_429_without_retry_after_is_waited_out(connect, control, clock):
    await control("POST", "/faults", {"kind": "rate_limited", "match": {"operation": "POST $batch"}, "times": 2})
    before = clock.monotonic()
    assert (await one(connect().resources["customers"], create("k", {"displayName": "Alfa"}))).error is None
    assert clock.monotonic() > before


async def order(connector):
    customer = (await reading(connector.resources["customers"], None))[0]
    open_one = next(each for each in customer if not each.fields["blocked"])
    items = [each for each in (await reading(connector.resources["items"], None))[0] if not each.fields["blocked"]]
    item = next(each for each in items if each.fields["type"] == "Inventory")
    lines = [
        {"lineType": "Item", "itemId": item.external_id, "quantity": Decimal(2), "unitPrice": Decimal("50.25")},
        {
            "lineType": "Item",
            "itemId": item.external_id,
            "quantity": Decimal(1),
            "unitPrice": Decimal(9),
            "discountAmount": 1,
        },
    ]
    fields = {"customerId": open_one.external_id, "externalDocumentNumber": "SO-1", "lines": lines}
    return await made(connector.resources["salesOrders"], "o", fields), item


async def test_an_order_is_made_with_its_lines_and_found_by_its_external_number(connect):
    connector = connect()
    record, _ = await order(connector)
    assert [line["quantity"] for line in record.fields["lines"]] == [2, 1]
    assert record.fields["totalAmountExcludingTax"] == Decimal("108.5")
    found = await connector.resources["salesOrders"].find_created(create("o", {"externalDocumentNumber": "SO-1"}))
    assert found is not None and found.external_id == record.external_id


async def test_lines_change_together_with_the_header_or_not_at_all(connect):
    orders = connect().resources["salesOrders"]
    record, item = await order(connect())
    keep = {"lineType": "Item", "itemId": item.external_id, "quantity": Decimal(3), "unitPrice": Decimal(10)}
    outcome = await one(orders, update("u", record, {"lines": [keep], "requestedDeliveryDate": "2026-12-24"}))
    assert outcome.error is None, repr(outcome.error)
    assert [line["quantity"] for line in outcome.record.fields["lines"]] == [3]
    assert outcome.record.fields["requestedDeliveryDate"] == "2026-12-24"
    wrong = {**keep, "itemId": "11111111-1111-1111-1111-111111111111"}
    refused = await one(orders, update("v", record, {"lines": [keep, wrong], "requestedDeliveryDate": "2026-12-31"}))
    assert isinstance(refused.error, Refused)
    now = await orders.get(record.external_id)
    assert len(now.fields["lines"]) == 1 and now.fields["requestedDeliveryDate"] == "2026-12-24"


async def test_an_order_is_shipped_and_invoiced_by_its_action(connect):
    connector = connect()
    record, _ = await order(connector)
    await connector.resources["salesOrders"].act(record.external_id, "shipAndInvoice")
    with pytest.raises(NotThere):
        await connector.resources["salesOrders"].get(record.external_id)
    invoices = (await reading(connector.resources["salesInvoices"], None))[0]
    assert [each.fields["status"] for each in invoices if each.fields["externalDocumentNumber"] == "SO-1"] == ["Open"]


async def test_a_file_is_attached_to_an_order(connect, control):
    connector = connect()
    record, _ = await order(connector)
    made = await connector.resources["salesOrders"].attach(record.external_id, "aftale.pdf", b"%PDF-1.4 aftale")
    (kept,) = [each for each in await control("GET", "/dump/attachments") if each["id"] == made]
    assert (kept["fileName"], kept["parentId"]) == ("aftale.pdf", record.external_id)
    answer = await connector.company.api.request(
        "GET", f"{connector.company.root}/attachments({made})/attachmentContent", headers={"Accept": "*/*"}
    )
    assert answer.body == b"%PDF-1.4 aftale"


@pytest.mark.parametrize("way", ["api", "services"])
async def test_resources_and_prices_come_where_a_partner_published_them(connect, control, way):
    assert "resources" not in connect().resources
    await control("POST", "/config", {"extensions": "api" if way == "api" else "odata"})
    connector = connect(extra_tables=way, extra_api="kobling/masterdata/v1.0")
    found = {
        name: (await reading(connector.resources[name], None))[0]
        for name in ("resources", "customerPriceGroups", "salesPrices")
    }
    assert found["resources"][0].fields["number"]
    assert found["customerPriceGroups"][0].fields["code"]
    assert found["salesPrices"][0].fields["itemNumber"]
    with pytest.raises(Refused):
        await connector.resources["resources"].write([create("k", {"number": "X"})], print)


async def test_half_a_declaration_of_extra_tables_is_refused(connect):
    with pytest.raises(SettingsError) as caught:
        connect(extra_tables="api", extra_api="kobling/masterdata")
    assert caught.value.field == "extra_api"


async def test_stock_is_read_by_a_user_and_key_of_its_own(connect, control, central):
    await control("POST", "/config", {"extensions": "odata", "basic_auth": True})
    given = central.credentials
    own = {"availability_service": "ItemAvailability", "availability_user": given["availability_user"]}
    connector = connect(**own, availability_key=given["availability_key"])
    item = (await control("GET", "/dump/items"))[0]
    found = await connector.in_stock([item["number"], "FINDES-IKKE"])
    assert set(found) == {item["number"]}
    assert found[item["number"]].amount == Decimal(str(item["inventory"]))
    with pytest.raises(SettingsError):
        await connect(**own, availability_key="wrong").in_stock([item["number"]])


class Listener:
    """Somebody who is told."""

    def __init__(self):
        self.heard = asyncio.Queue()

    async def handle(self, request):
        if token := handshake(request.query):
            return web.Response(text=token)
        await self.heard.put(await request.read())
        return web.Response(status=200)


async def test_notifications_are_asked_for_renewed_and_read(connect, control, serve, clock):
    listener = Listener()
    url = await serve(listener.handle)
    connector = connect()
    hooks = Subscriptions(connector.environment, connector.company, "hemmelig")
    now = datetime.now(UTC)
    (first,) = await hooks.keep(["customers", "contacts"], url, now)
    assert timedelta(days=2) < first.ends_at - now <= timedelta(days=3, minutes=1)
    customer = (await control("GET", "/dump/customers"))[0]
    await control("PATCH", f"/records/customers/{customer['id']}", {"city": "Ribe"})
    await control("POST", "/config", {"webhook_flush": True})
    told = await asyncio.wait_for(listener.heard.get(), 5)
    (news,) = read_notifications(told, "hemmelig")
    assert (news.entity_set, news.external_id, news.change) == ("customers", customer["id"], "updated")
    assert read_notifications(told, "another secret") == []
    await control("POST", "/clock", {"advance": 216000})
    (renewed,) = await hooks.keep(["customers"], url, now + timedelta(days=2.5))
    assert renewed.id == first.id and renewed.ends_at > first.ends_at
    assert await hooks.keep([], url, now) == []
    assert await hooks.listed() == []


def test_what_is_no_notification_is_refused():
    for body in (b"<html>", b"{}", b'{"value":[{"clientState":"s"}]}'):
        with pytest.raises(Misunderstood):
            read_notifications(body, "s")


async def test_probe_finds_what_the_contract_says(connect):
    findings = [each async for each in connect().probe()]
    assert not [each for each in findings if each.ok is False]
    assert len(findings) >= 6
