"""What is Simply CRM's own: sessions, its query language, its clock, lines, and how it damages text."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from kobling.connectors.simply_crm.connector import CONNECTOR
from kobling.connectors.simply_crm.vtql import any_of, literal, moved, select
from kobling.records import AlreadyThere, NotThere, Refused, SettingsError, SignInExpired, Unsafe
from kobling.sdk.conformance_rig import ControlPort, reading, send
from kobling.sdk.context import ConnectorContext
from kobling.sdk.protocols import Operation, Write
from kobling_simulators import start


@pytest.fixture
async def crm():
    running = await start("simply_crm", records=30)
    yield running
    await running.stop()


@pytest.fixture
def control(crm, session):
    return ControlPort(session, crm.control_url).ask


@pytest.fixture
def connect(crm, transport, clock):
    def connect(**more):
        settings = {
            "base_url": crm.url,
            "username": crm.credentials["username"],
            "access_key": crm.credentials["access_key"],
            **more,
        }
        return CONNECTOR.open(settings, ConnectorContext(transport, clock, allow_hosts=("127.0.0.1",)))

    return connect


def create(key, clock=None, **fields):
    return Write(key, Operation.CREATE, fields, started_at=clock.now() if clock else None)


async def one(resource, write):
    (outcome,) = await send(resource, write)
    return outcome


def test_literals_are_quoted_by_doubling_and_what_cannot_be_written_is_refused():
    assert literal("O'Brien") == "'O''Brien'"
    assert any_of("id", ["1x2", "1x3"]) == "id in ('1x2','1x3')"
    assert select("id", "M", "a = 'b'", order="id") == "select id from M where a = 'b' order by id limit 100;"
    for unwritable in ("", "back\\slash", "line\nbreak"):
        with pytest.raises(Refused):
            literal(unwritable)


def test_time_stamps_move_without_any_zone():
    assert moved("2026-10-25 02:00:01", timedelta(seconds=-2)) == "2026-10-25 01:59:59"


async def test_the_company_is_named_and_the_version(connect):
    health = await connect().check()
    assert health.account_name == "Kobling Prøvefirma ApS"
    assert health.version.startswith("vTiger 8")


@pytest.mark.parametrize("wrong", [{"access_key": "wrong-key-123"}, {"username": "nobody"}])
async def test_a_wrong_key_is_a_sign_in_to_renew_and_never_shown(connect, wrong):
    with pytest.raises(SignInExpired) as caught:
        await connect(**wrong).check()
    assert "wrong-key-123" not in str(caught.value)


async def test_the_address_may_be_pasted_with_the_page_behind_it_and_must_be_allowed(connect, crm):
    assert await connect(base_url=f"{crm.url}/webservice.php").check()
    with pytest.raises(SettingsError, match="KOBLING_ALLOW_HOSTS"):
        connect(base_url="https://crm.firma.example")
    with pytest.raises(SettingsError) as caught:
        connect(access_key=" ")
    assert caught.value.field == "access_key"


async def test_many_calls_at_once_make_one_login(connect, control):
    connector = connect()
    await asyncio.gather(*[connector.resources["Accounts"].read_ids(None) for _ in range(10)])
    counted = (await control("GET", "/counters"))["by_operation"]
    assert counted["getchallenge"] == counted["login"] == 1


async def test_connectors_of_the_same_user_do_not_kill_each_others_login(connect):
    checks = await asyncio.gather(*[connect().check() for _ in range(5)])
    assert len({each.account_name for each in checks}) == 1


async def test_a_login_raced_by_another_worker_is_tried_again(connect, control):
    raced = '{"success":false,"error":{"message":"Invalid username or password","code":"INVALID_USER_CREDENTIALS"}}'
    fault = {"kind": "status", "match": {"operation": "login"}, "status": 200, "body": raced, "times": 2}
    await control("POST", "/faults", fault)
    assert await connect().check()


async def test_a_taken_name_is_already_there(connect):
    accounts = connect().resources["Accounts"]
    assert (await one(accounts, create("a", accountname="Bøgh ApS"))).error is None
    outcome = await one(accounts, create("b", accountname="Bøgh ApS"))
    assert isinstance(outcome.error, AlreadyThere)
    assert outcome.error.code == "0"


async def test_a_reference_to_nothing_is_refused_with_its_field(connect):
    contacts = connect().resources["Contacts"]
    outcome = await one(contacts, create("a", lastname="X", account_id="12x3"))
    assert (type(outcome.error), outcome.error.field) == (Refused, "account_id")


async def test_cut_text_and_lost_emoji_show_in_the_outcome(connect):
    contacts = connect().resources["Contacts"]
    outcome = await one(contacts, create("a", lastname="L" * 300, firstname="Åse 🙂"))
    assert outcome.record.fields["lastname"] == "L" * 80
    assert outcome.record.fields["firstname"] == "Åse ????"


async def test_damaged_records_are_found_again_and_several_are_unsafe(connect, clock):
    contacts = connect().resources["Contacts"]
    write = create("a", clock, lastname="L" * 300, firstname="Åse 🙂")
    assert (await one(contacts, write)).error is None
    assert (await connect().resources["Contacts"].find_created(write)) is not None
    assert (await one(contacts, create("b", clock, **write.fields))).error is None
    with pytest.raises(Unsafe):
        await contacts.find_created(write)


async def test_an_older_record_with_the_same_name_is_not_taken_for_ours(connect, clock, control):
    contacts = connect().resources["Contacts"]
    await one(contacts, create("old", lastname="Bøgh"))
    await control("POST", "/clock", {"advance": 3600})
    clock.turn(3600)
    assert await contacts.find_created(create("new", clock, lastname="Bøgh")) is None


@pytest.mark.parametrize("zone", ["Europe/Copenhagen", "America/New_York", "Asia/Kolkata"])
async def test_the_servers_zone_is_learned_from_our_first_write(connect, control, zone):
    await control("POST", "/config", {"time_zone": zone})
    accounts = connect().resources["Accounts"]
    outcome = await one(accounts, create("a", accountname="Zone ApS"))
    told = (await control("GET", "/clock"))["now"]
    made = await accounts.get(outcome.external_id)
    assert abs(made.modified_at.timestamp() - told) < 60


async def test_a_create_is_found_in_any_zone_before_the_zone_is_known(connect, control, clock):
    await control("POST", "/config", {"time_zone": "America/New_York"})
    write = create("a", clock, accountname="Tabt ApS", phone="12")
    await control("POST", "/faults", {"kind": "applied_then_dropped", "match": {"operation": "create Accounts"}})
    outcome = await one(connect().resources["Accounts"], write)
    assert outcome.error is not None
    assert await connect().resources["Accounts"].find_created(write) is not None


async def test_a_server_clock_set_back_between_two_runs_loses_nothing(connect, control):
    await control("POST", "/clock", {"offset": 600})
    accounts = connect().resources["Accounts"]
    await control("POST", "/records/Accounts", {"accountname": "Før ApS"})
    _, _, mark = await reading(accounts, None)
    _, _, mark = await reading(accounts, mark)
    await control("POST", "/clock", {"offset": 0})
    made = await control("POST", "/records/Accounts", {"accountname": "Efter ApS"})
    records, _, _ = await reading(connect().resources["Accounts"], mark)
    assert made["id"] in {each.external_id for each in records}


async def test_the_autumn_hour_loses_nothing(connect, control, clock):
    """At 01:30 UTC on 25 October the clocks in Copenhagen show 02:30 for the second time."""
    await control("POST", "/config", {"time_zone": "Europe/Copenhagen"})
    await control("POST", "/clock", {"freeze": "2026-10-25T00:50:00Z"})
    clock.turn((datetime(2026, 10, 25, 0, 50, tzinfo=UTC) - clock.now()).total_seconds())
    await control("POST", "/records/Accounts", {"accountname": "Sommertid ApS"})
    _, _, mark = await reading(connect().resources["Accounts"], None)
    await control("POST", "/clock", {"freeze": "2026-10-25T01:30:00Z"})
    clock.turn(40 * 60)
    made = await control("POST", "/records/Accounts", {"accountname": "Vintertid ApS"})
    records, _, _ = await reading(connect().resources["Accounts"], mark)
    assert made["id"] in {each.external_id for each in records}


async def test_an_installation_without_revise_is_updated_whole(connect, control):
    await control("POST", "/config", {"list_revise": False})
    fault = {"kind": "status", "match": {"operation": "revise"}, "status": 500, "body": "", "times": None}
    await control("POST", "/faults", fault)
    accounts = connect().resources["Accounts"]
    made = (await one(accounts, create("a", accountname="Uden ApS", phone="12"))).record
    outcome = await one(accounts, Write("b", Operation.UPDATE, {"phone": ""}, made.external_id, made.version))
    assert outcome.error is None, repr(outcome.error)
    now = await accounts.get(made.external_id)
    assert (now.fields["accountname"], now.fields["phone"]) == ("Uden ApS", "")
    counted = (await control("GET", "/counters"))["by_operation"]
    assert sum(count for name, count in counted.items() if name.startswith("revise")) == 1


async def test_versions_are_compared_by_one_query_for_many_writes(connect, control):
    accounts = connect().resources["Accounts"]
    records, _, _ = await reading(accounts, None)
    await accounts.get(records[0].external_id)
    await control("DELETE", "/counters")
    writes = [
        Write(each.external_id, Operation.UPDATE, {"fax": "1"}, each.external_id, each.version) for each in records
    ]
    outcomes = await send(accounts, *writes)
    assert all(each.error is None for each in outcomes)
    counted = (await control("GET", "/counters"))["by_operation"]
    assert counted["query Accounts"] == 1


async def test_no_users_access_key_is_ever_read(connect):
    records, _, _ = await reading(connect().resources["Users"], None)
    assert records
    assert not any("accesskey" in each.fields or "user_password" in each.fields for each in records)


async def test_reference_data_is_read_and_not_written(connect):
    currency = connect().resources["Currency"]
    records, _, mark = await reading(currency, None)
    assert "DKK" in {each.fields["currency_code"] for each in records}
    assert len((await reading(currency, mark))[0]) == len(records)
    assert (await currency.get(records[0].external_id)) == records[0]
    with pytest.raises(NotThere):
        await currency.get("21x999")
    with pytest.raises(Refused):
        await currency.write([create("a")], lambda outcome: None)
    assert (await currency.read_ids(None)).ids == [each.external_id for each in records]
    assert await currency.find_created(create("a")) is None
    assert (await currency.describe())["currency_code"].read_only


def line(item, **more):
    return {"productid": item, "quantity": "1", "listprice": "100", **more}


@pytest.fixture
def draft(crm):
    customer, item = (crm.simulator.dump(entity)[0]["id"] for entity in ("Accounts", "Products"))
    header = {"account_id": customer, "bill_street": "N 1", "ship_street": "N 1"}
    return {"subject": "Faktura", **header, "LineItems": [line(item)]}


async def test_more_lines_than_a_page_are_all_read_in_order(connect, draft):
    invoices = connect().resources["Invoice"]
    item = draft["LineItems"][0]["productid"]
    lines = [line(item, comment=f"Linje {n}") for n in range(130)]
    made = await one(invoices, create("a", **{**draft, "LineItems": lines}))
    records, _, _ = await reading(invoices, None)
    (found,) = [each for each in records if each.external_id == made.external_id]
    assert [each["comment"] for each in found.fields["LineItems"]] == [each["comment"] for each in lines]
    assert not any("id" in each or "parent_id" in each for each in found.fields["LineItems"])


async def test_a_header_discount_is_read_alike_by_list_and_alone(connect, draft):
    invoices = connect().resources["Invoice"]
    made = await one(invoices, create("a", **draft, hdnDiscountPercent="10"))
    records, _, _ = await reading(invoices, None)
    (found,) = [each for each in records if each.external_id == made.external_id]
    alone = await invoices.get(made.external_id)
    assert found.fields == alone.fields


async def test_lines_stay_when_a_write_does_not_name_them_and_are_replaced_when_it_does(connect, draft):
    invoices = connect().resources["Invoice"]
    made = (await one(invoices, create("a", **draft))).record
    kept = await one(invoices, Write("b", Operation.UPDATE, {"subject": "Ny"}, made.external_id))
    assert kept.record.fields["LineItems"] == made.fields["LineItems"]
    item = draft["LineItems"][0]["productid"]
    lines = [line(item, quantity="3"), line(item, listprice="7.25")]
    replaced = await one(invoices, Write("c", Operation.UPDATE, {"LineItems": lines}, made.external_id))
    fields = replaced.record.fields
    assert [(each["quantity"], each["listprice"]) for each in fields["LineItems"]] == [
        ("3.000", "100.00000000"),
        ("1.000", "7.25000000"),
    ]
    assert fields["hdnSubTotal"] == "307.25000000"


async def test_a_read_back_that_fails_does_not_undo_a_confirmed_write(connect, draft, control):
    fault = {"kind": "status", "match": {"operation": "retrieve Invoice"}, "times": 8}
    await control("POST", "/faults", fault)
    outcome = await one(connect().resources["Invoice"], create("a", **draft))
    assert outcome.error is None
    assert outcome.external_id
    assert outcome.record is None


async def test_every_invoice_is_alike_by_list_and_alone(connect):
    invoices = connect().resources["Invoice"]
    records, _, _ = await reading(invoices, None)
    assert len(records) > 5
    for each in records:
        assert (await invoices.get(each.external_id)).fields == each.fields


async def test_there_are_no_documents(connect):
    with pytest.raises(NotThere):
        await connect().document("Invoice", "7x1")


async def test_a_probe_answers_every_question_and_changes_nothing(connect, control, crm):
    before = await control("GET", "/dump")
    findings = [each async for each in connect().probe()]
    assert {"version", "modules", "paging", "sync", "revise", "time zone"} <= {each.topic for each in findings}
    (accounts,) = [each for each in findings if each.topic == "Accounts: fields"]
    assert "cf_851 (CVR)" in accounts.observed
    assert crm.credentials["access_key"] not in repr(findings)
    assert await control("GET", "/dump") == before
