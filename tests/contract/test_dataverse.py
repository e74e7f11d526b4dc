"""What is Dataverse's own: delta links, lookups, choices, change sets, states, limits."""

from decimal import Decimal

import pytest

from kobling.connectors.dataverse.connector import CONNECTOR
from kobling.records import NotOffered, NotThere, Refused, SettingsError, SignInExpired
from kobling.sdk.conformance_rig import ControlPort, reading, send
from kobling.sdk.outcomes import Unknown
from kobling.sdk.protocols import Deletions, Operation, Write
from kobling_simulators import start

DAY = 86400


@pytest.fixture
async def dataverse():
    running = await start("dataverse", records=20)
    yield running
    await running.stop()


@pytest.fixture
async def control(dataverse, session):
    ask = ControlPort(session, dataverse.control_url).ask
    await ask("POST", "/limits", {"enabled": False})
    return ask


@pytest.fixture
def connect(dataverse, opened):
    def connect(**more):
        given = dataverse.credentials
        names = ("tenant", "client_id", "client_secret", "authority")
        settings = {name: given[name] for name in names} | {"sign_in": "app", "base_url": dataverse.url, **more}
        return opened(CONNECTOR, settings)

    return connect


def create(key, fields):
    return Write(key, Operation.CREATE, fields)


def update(key, record, fields, **more):
    return Write(key, Operation.UPDATE, fields, record.external_id, **more)


async def one(resource, write):
    (outcome,) = await send(resource, write)
    return outcome


async def made(resource, key, fields):
    outcome = await one(resource, create(key, fields))
    assert outcome.error is None, repr(outcome.error)
    return outcome.record or await resource.get(outcome.external_id)


async def test_the_organisation_is_named(connect):
    assert (await connect().check()).account_name


@pytest.mark.parametrize(
    ("wrong", "kind", "field"),
    [
        ({"client_secret": "wrong"}, SettingsError, None),
        ({"client_id": "00000000-0000-0000-0000-000000000001"}, SettingsError, None),
        ({"base_url": "https://firma.example.com"}, SettingsError, "base_url"),
        ({"tenant": ""}, SettingsError, "tenant"),
    ],
)
async def test_a_wrong_sign_in_is_refused_by_name(connect, wrong, kind, field):
    with pytest.raises(kind) as caught:
        await connect(**wrong).check()
    assert not isinstance(caught.value, SignInExpired)
    assert caught.value.field == field


async def test_a_delta_link_that_is_too_old_begins_anew_and_asks_for_a_sweep(connect, control, dataverse):
    accounts = connect().resources["accounts"]
    victim = (await made(accounts, "v", {"name": "Væk ApS"})).external_id
    everything, _, mark = await reading(accounts, None)
    assert mark["phase"] == "delta"
    await control("DELETE", f"/records/accounts/{victim}")
    await control("POST", "/clock", {"advance": 8 * DAY})
    page = await accounts.read(mark)
    assert page.unswept
    assert {each.external_id for each in page.records} == {each.external_id for each in everything} - {victim}
    assert accounts.capabilities.deletions is Deletions.FEED


async def test_a_deletion_comes_by_the_delta_link(connect, control):
    accounts = connect().resources["accounts"]
    victim = (await made(accounts, "v", {"name": "Væk ApS"})).external_id
    _, _, mark = await reading(accounts, None)
    await control("DELETE", f"/records/accounts/{victim}")
    records, gone, _ = await reading(accounts, mark)
    assert [each.external_id for each in gone] == [victim]
    assert records == []


async def test_a_table_without_change_tracking_is_read_by_time_of_change_and_swept(connect, control):
    await control("POST", "/config", {"change_tracking": []})
    accounts = connect().resources["accounts"]
    everything, _, mark = await reading(accounts, None)
    assert mark["phase"] == "changes"
    assert accounts.capabilities.deletions is Deletions.SWEEP
    await control("POST", "/clock", {"advance": 3600})
    await control("PATCH", f"/records/accounts/{everything[3].external_id}", {"address1_city": "Ribe"})
    again = connect().resources["accounts"]
    records, _, _ = await reading(again, mark)
    assert everything[3].external_id in {each.external_id for each in records}
    assert len(records) < len(everything)
    assert again.capabilities.deletions is Deletions.SWEEP


async def test_lookups_are_read_and_written_by_their_columns_name(connect):
    resources = connect().resources
    currency = (await reading(resources["transactioncurrencies"], None))[0][0]
    account = await made(resources["accounts"], "a", {"name": "Alfa", "transactioncurrencyid": currency.external_id})
    assert account.fields["transactioncurrencyid"] == currency.external_id
    contact = await made(resources["contacts"], "c", {"lastname": "Å", "parentcustomerid_account": account.external_id})
    assert contact.fields["parentcustomerid_account"] == account.external_id
    assert contact.fields["parentcustomerid_contact"] is None
    outcome = await one(resources["contacts"], update("u", contact, {"parentcustomerid_account": None}))
    assert outcome.record.fields["parentcustomerid_account"] is None


async def test_a_create_chooses_its_id_so_that_a_lost_answer_makes_no_second_one(connect, control):
    accounts = connect().resources["accounts"]
    write = create("k", {"name": "Alfa"})
    await control(
        "POST", "/faults", {"kind": "applied_then_dropped", "match": {"operation": "POST $batch"}, "times": 1}
    )
    outcome = await one(accounts, write)
    assert isinstance(outcome, Unknown)
    found = await connect().resources["accounts"].find_created(write)
    assert found is not None and found.fields["name"] == "Alfa"


async def test_the_37th_part_of_a_batch_fails_and_no_other(connect):
    accounts = connect().resources["accounts"]
    names = [f"Kunde {n}" if n != 37 else "x" * 500 for n in range(1, 101)]
    outcomes = await send(accounts, *[create(f"k{n}", {"name": name}) for n, name in enumerate(names, start=1)])
    assert [n for n, each in enumerate(outcomes, start=1) if each.error] == [37]
    assert isinstance(outcomes[36].error, Refused)
    assert outcomes[36].error.field == "name"


async def test_many_new_records_go_in_one_message_where_that_is_offered(connect, control):
    accounts = connect(bulk="upsert_multiple").resources["accounts"]
    outcomes = await send(accounts, *[create(f"k{n}", {"name": f"Ny {n}"}) for n in range(150)])
    assert all(each.error is None and each.record is not None for each in outcomes)
    asked = (await control("GET", "/counters"))["by_operation"]
    assert "POST $batch" not in asked
    assert sum(number for name, number in asked.items() if name.endswith("UpsertMultiple")) == 2
    again = await send(accounts, *[create(f"k{n}", {"name": f"Ny {n}"}) for n in range(150)])
    assert [each.external_id for each in again] == [each.external_id for each in outcomes], "ids are chosen"


async def test_one_wrong_record_in_a_message_refuses_itself_alone(connect):
    names = [f"Kunde {n}" if n != 37 else "x" * 500 for n in range(1, 51)]
    accounts = connect(bulk="upsert_multiple").resources["accounts"]
    outcomes = await send(accounts, *[create(f"k{n}", {"name": name}) for n, name in enumerate(names, start=1)])
    assert [n for n, each in enumerate(outcomes, start=1) if each.error] == [37]


async def test_a_table_that_does_not_offer_the_message_is_written_by_batches(connect, control):
    await control("POST", "/config", {"bulk_messages": []})
    accounts = connect(bulk="upsert_multiple").resources["accounts"]
    outcomes = await send(accounts, *[create(f"k{n}", {"name": f"Ny {n}"}) for n in range(30)])
    assert not [each for each in outcomes if each.error]
    assert "POST $batch" in (await control("GET", "/counters"))["by_operation"]


async def test_a_token_that_expires_between_batches_is_renewed_and_nothing_is_sent_twice(connect, control):
    accounts = connect().resources["accounts"]
    await control(
        "POST", "/faults", {"kind": "token_revoked", "match": {"operation": "POST $batch"}, "times": 1, "skip": 1}
    )
    outcomes = await send(accounts, *[create(f"k{n}", {"name": f"Ny {n}"}) for n in range(300)])
    assert not [each for each in outcomes if each.error]
    names = [row["name"] for row in await control("GET", "/dump/accounts")]
    assert len([name for name in names if name.startswith("Ny ")]) == 300


@pytest.mark.parametrize("limit", ["0x80072322", "0x80072321", "0x80072326"])
async def test_each_of_the_three_limits_is_waited_out(connect, control, clock, limit):
    body = f'{{"error":{{"code":"{limit}","message":"limit"}}}}'
    fault = {"kind": "status", "status": 429, "retry_after": 7, "body": body, "content_type": "application/json"}
    await control("POST", "/faults", {**fault, "match": {"operation": "POST $batch"}, "times": 1})
    before = clock.monotonic()
    outcome = await one(connect().resources["accounts"], create("k", {"name": "Alfa"}))
    assert outcome.error is None
    assert clock.monotonic() - before >= 7


async def test_a_privilege_that_is_missing_concerns_its_table_alone(connect, control):
    await control("POST", "/config", {"missing_privileges": {"account": ["read"]}})
    resources = connect().resources
    with pytest.raises(NotOffered):
        await resources["accounts"].read(None)
    assert (await resources["contacts"].read(None)).records


async def test_choices_are_read_like_records_and_made_by_those_who_may_customise(connect, dataverse, control):
    choices = connect().resources["account.paymenttermscode"]
    found = {each.external_id: each.fields["label"] for each in (await choices.read(None)).records}
    assert found["1"] == "Net 30"
    with pytest.raises(NotThere):
        await choices.get("99")
    assert isinstance((await one(choices, create("k", {"label": "x"}))).error, Refused)
    known = dataverse.credentials
    admin = connect(client_id=known["admin_client_id"], client_secret=known["admin_client_secret"])
    choices = admin.resources["account.paymenttermscode"]
    await control("POST", "/faults", {"kind": "applied_then_dropped", "match": {"operation": "POST InsertOptionValue"}})
    lost = await one(choices, create("k", {"label": "17 dage"}))
    assert lost.error is not None and not isinstance(lost.error, Refused)
    found = await choices.find_created(create("k", {"label": "17 dage"}))
    assert found is not None and found.fields["label"] == "17 dage"
    made_again = await one(choices, create("k", {"label": "17 dage"}))
    assert isinstance(made_again.error, Refused), "its value is ours, so it is made once"
    assert await choices.find_created(create("other", {"label": "x"})) is None


async def product(resources):
    schedule = await made(resources["uomschedules"], "s", {"name": "NAV STK", "baseuomname": "STK"})
    units = (await reading(resources["uoms"], None))[0]
    unit = next(each for each in units if each.fields["uomscheduleid"] == schedule.external_id)
    fields = {"name": "Vare", "productnumber": "V-1", "price": Decimal("100.50"), "quantitydecimal": 2}
    fields |= {"defaultuomscheduleid": schedule.external_id, "defaultuomid": unit.external_id}
    fields |= {"producttypecode": 1, "productstructure": 1}
    return await made(resources["products"], "p", fields), unit


async def test_a_product_is_activated_by_way_of_a_price_list_and_its_price_follows(connect, control):
    resources = connect().resources
    draft, _ = await product(resources)
    assert draft.fields["statecode"] == 2
    outcome = await one(resources["products"], update("u", draft, {"statecode": 0, "statuscode": 1}))
    assert outcome.error is None, repr(outcome.error)
    assert outcome.record.fields["statecode"] == 0
    await one(resources["products"], update("v", draft, {"price": Decimal("120")}))
    (price,) = [
        row for row in await control("GET", "/dump/productpricelevels") if draft.external_id in map(str, row.values())
    ]
    assert Decimal(str(price["amount"])) == 120


async def order(resources, **more):
    item, unit = await product(resources)
    await one(resources["products"], update("a", item, {"statecode": 0, "statuscode": 1}))
    account = await made(resources["accounts"], "c", {"name": "Alfa"})
    lines = [
        {"productid": item.external_id, "uomid": unit.external_id, "quantity": Decimal(2), "priceperunit": Decimal(50)},
        {
            "isproductoverridden": True,
            "productdescription": "Fragt",
            "quantity": Decimal(1),
            "priceperunit": Decimal(9),
        },
    ]
    for line in lines:
        line["ispriceoverridden"] = True
    header = {"name": "Ordre", "customerid_account": account.external_id, "lines": lines, **more}
    outcome = await one(resources["salesorders"], create("o", header))
    assert outcome.error is None, repr(outcome.error)
    return outcome.record, item, unit


async def test_an_order_comes_with_its_lines_and_totals(connect):
    record, item, _ = await order(connect().resources)
    assert [line.get("productid") for line in record.fields["lines"]] == [item.external_id, None]
    assert record.fields["totalamountlessfreight"] == 109
    listed = (await reading(connect().resources["salesorders"], None))[0]
    assert (
        next(each for each in listed if each.external_id == record.external_id).fields["lines"]
        == record.fields["lines"]
    )


async def test_an_order_with_a_wrong_line_is_not_made_at_all(connect, control):
    resources = connect().resources
    account = await made(resources["accounts"], "c", {"name": "Alfa"})
    bad = {"productid": "11111111-1111-1111-1111-111111111111", "quantity": Decimal(1)}
    before = len(await control("GET", "/dump/salesorders"))
    fields = {"name": "Ordre", "customerid_account": account.external_id, "lines": [bad]}
    outcome = await one(resources["salesorders"], create("o", fields))
    assert isinstance(outcome.error, Refused)
    assert len(await control("GET", "/dump/salesorders")) == before


async def test_a_closed_invoice_is_opened_changed_and_closed_again(connect):
    resources = connect().resources
    account = await made(resources["accounts"], "c", {"name": "Alfa"})
    line = {
        "isproductoverridden": True,
        "productdescription": "Timer",
        "quantity": Decimal(3),
        "priceperunit": Decimal(100),
    }
    fields = {"name": "F-1", "invoicenumber": "F-1", "customerid_account": account.external_id}
    invoice = await made(
        resources["invoices"],
        "i",
        {**fields, "lines": [{**line, "tax": Decimal(75)}], "statecode": 2, "statuscode": 100001},
    )
    assert (invoice.fields["statecode"], invoice.fields["totalamount"]) == (2, 375)
    outcome = await one(resources["invoices"], update("u", invoice, {"description": "Tak"}))
    assert outcome.error is None, repr(outcome.error)
    assert (outcome.record.fields["description"], outcome.record.fields["statecode"]) == ("Tak", 2)


async def test_probe_finds_what_the_contract_says(connect):
    findings = [each async for each in connect().probe()]
    assert not [each for each in findings if each.ok is False]
    assert len(findings) > 20
