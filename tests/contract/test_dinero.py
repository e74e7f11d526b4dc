"""What is Dinero's own: keys and plans, requests counted, booking, credit notes, payments, orders that are not told."""

from decimal import Decimal
from urllib.parse import parse_qs, urlsplit

import pytest

from kobling.connectors.dinero.connector import CONNECTOR
from kobling.records import NotThere, Refused, SettingsError, SignInExpired, StaleVersion, Temporary, Unsafe
from kobling.sdk.conformance_rig import ControlPort, reading, send
from kobling.sdk.context import ConnectorContext, MemoryGrants
from kobling.sdk.outcomes import Declined, NotSent, Unknown
from kobling.sdk.protocols import Operation, Write
from kobling_simulators import start

LINE = {
    "BaseAmountValue": Decimal("100.10"),
    "Quantity": Decimal("2"),
    "AccountNumber": 1000,
    "Unit": "hours",
    "Discount": 0,
    "LineType": "Product",
    "Description": "Rådgivning",
}


@pytest.fixture(params=[True, False], ids=["strict", "forgiving"])
async def dinero(request, session):
    """Dinero as it is documented, and as clients have found it: whoever keeps to the one is served by both."""
    running = await start("dinero", records=30)
    await ControlPort(session, running.control_url).ask("POST", "/config", {"strict_bodies": request.param})
    yield running
    await running.stop()


@pytest.fixture
def control(dinero, session):
    return ControlPort(session, dinero.control_url).ask


@pytest.fixture
def connect(dinero, opened):
    def connect(grants=None, **more):
        given = dinero.credentials
        names = ("client_id", "client_secret", "api_key", "organization_id")
        settings = {name: given[name] for name in names}
        settings |= {"base_url": dinero.url, "token_url": f"{dinero.url}/dineroapi/oauth/token", **more}
        return opened(CONNECTOR, settings, grants)

    return connect


@pytest.fixture
def draft(dinero):
    customer = dinero.simulator.dump("contacts")[0]["ContactGuid"]
    return {"ContactGuid": customer, "Date": "2026-11-20", "ProductLines": [LINE]}


def create(key, fields, clock=None):
    return Write(key, Operation.CREATE, fields, started_at=clock.now() if clock else None)


async def one(resource, write):
    (outcome,) = await send(resource, write)
    return outcome


async def requests(control):
    counted = (await control("GET", "/counters"))["by_operation"]
    await control("DELETE", "/counters")
    return counted


async def test_the_organization_is_named_and_a_wrong_one_refused_with_those_that_are_reached(connect):
    assert (await connect().check()).account_name == "Kobling Prøvefirma ApS"
    with pytest.raises(SettingsError, match="It opens: Kobling Prøvefirma ApS") as caught:
        await connect(organization_id="99").check()
    assert caught.value.field == "organization_id"


@pytest.mark.parametrize(
    ("wrong", "kind"),
    [
        ({"api_key": "wrong-api-key"}, SignInExpired),
        ({"client_secret": "wrong-secret"}, SettingsError),
    ],
)
async def test_a_wrong_key_is_for_a_person_to_fix_and_never_shown(connect, wrong, kind):
    with pytest.raises(kind) as caught:
        await connect(**wrong).check()
    assert type(caught.value) is kind
    assert not any(value in str(caught.value) for value in wrong.values())


async def test_a_plan_without_the_api_is_named(connect, control):
    await control("POST", "/config", {"pro": False})
    with pytest.raises(SettingsError, match="Pro or Total"):
        await connect().resources["contacts"].read(None)


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"organization_id": "abc"}, "organization_id"),
        ({"api_key": ""}, "api_key"),
        ({"client_id": ""}, "client_id"),
        ({"sign_in": "magic"}, "sign_in"),
        ({"token_url": "https://evil.example/token"}, "token_url"),
        ({"base_url": "https://evil.example"}, "base_url"),
    ],
)
def test_settings_that_cannot_work_are_refused_by_name(connect, given, field):
    with pytest.raises(SettingsError) as caught:
        connect(**given)
    assert caught.value.field == field


async def test_visma_connect_signs_in_by_code_and_lives_on_refresh_tokens(connect, dinero, session, transport, clock):
    given = dinero.credentials
    settings = {
        "sign_in": "visma_connect",
        "organization_id": given["organization_id"],
        "client_id": given["visma_client_id"],
        "client_secret": given["visma_client_secret"],
        "base_url": dinero.url,
        "token_url": f"{dinero.url}/connect/token",
        "authorize_url": f"{dinero.url}/connect/authorize",
    }
    sign_in = CONNECTOR.sign_in
    assert sign_in.needed(settings)
    assert not sign_in.needed({})
    back = "https://hub.example/back"
    begun = sign_in.start(settings, back)
    person = {"username": given["visma_username"], "password": given["visma_password"]}
    query = {name: values[0] for name, values in parse_qs(urlsplit(begun.url).query).items()}
    async with session.post(settings["authorize_url"], data={**query, **person}, allow_redirects=False) as answer:
        returned = parse_qs(urlsplit(answer.headers["Location"]).query)
    assert returned["state"] == [begun.state]
    context = ConnectorContext(transport, clock, allow_hosts=("127.0.0.1",))
    grant = await sign_in.finish(settings, context, returned["code"][0], begun.verifier, back)
    grants = MemoryGrants(grant)
    assert (await connect(grants, **settings).check()).account_name
    clock.turn(4000)
    assert (await connect(grants, **settings).check()).account_name
    assert grants.grant["access_token"] != grant["access_token"]
    with pytest.raises(SignInExpired):
        await connect(MemoryGrants(), **settings).check()


async def test_a_full_reading_costs_a_request_a_thousand_and_one_and_an_unchanged_one_two(connect, control):
    await control("POST", "/limits", {"enabled": False})
    await control("POST", "/reset", {"records": 2500})
    contacts = connect().resources["contacts"]
    await requests(control)
    records, _, mark = await reading(contacts, None)
    assert len({each.external_id for each in records}) == 2500
    assert (await requests(control))["GET contacts"] == 4
    records, _, _ = await reading(contacts, mark)
    assert len(records) <= 1
    assert (await requests(control))["GET contacts"] == 2


async def test_many_creates_are_read_back_by_one_list(connect, control):
    contacts = connect().resources["contacts"]
    await control("POST", "/limits", {"enabled": False})
    await contacts.read(None)
    await requests(control)
    outcomes = await send(contacts, *[create(f"k{n}", {"Name": f"Kunde {n}"}) for n in range(40)])
    assert all(each.record.fields["Name"] == f"Kunde {n}" for n, each in enumerate(outcomes))
    counted = await requests(control)
    assert counted["POST contacts"] == 40
    assert counted["GET contacts"] <= 2


async def test_a_person_and_a_company_differ_in_what_they_may_have(connect):
    contacts = connect().resources["contacts"]
    company = {"Name": "Bøgh ApS", "VatNumber": " 12345674 ", "AttPerson": "Åse"}
    made = await one(contacts, create("a", company))
    assert made.record.fields["VatNumber"] == "12345674"
    assert made.record.fields["UseCvr"] is False
    turned = await one(contacts, Write("b", Operation.UPDATE, {"IsPerson": True}, made.external_id))
    assert turned.error is None, repr(turned.error)
    assert turned.record.fields["VatNumber"] is None


async def test_a_product_is_found_by_our_key_or_by_what_was_mapped(connect, clock):
    products = connect().resources["products"]
    fields = {"Name": "Vare", "BaseAmountValue": Decimal("10.05"), "AccountNumber": 1000, "Unit": "parts"}
    ours = create("a", fields, clock)
    made = await one(products, ours)
    assert (await products.find_created(ours)).external_id == made.external_id
    assert made.record.fields["BaseAmountValue"] == Decimal("10.05")
    mapped = create("b", {**fields, "ExternalReference": "CRM-1"}, clock)
    assert await products.find_created(mapped) is None
    made = await one(products, mapped)
    assert made.record.fields["ExternalReference"] == "CRM-1"
    assert (await products.find_created(mapped)).external_id == made.external_id
    empty = create("c", {**fields, "Name": "O'Vare", "ExternalReference": ""}, clock)
    made = await one(products, empty)
    assert (await products.find_created(empty)).external_id == made.external_id
    await one(products, create("d", empty.fields, clock))
    with pytest.raises(Unsafe):
        await products.find_created(empty)


async def test_an_invoice_is_drafted_booked_and_then_closed_to_changes(connect, draft):
    invoices = connect().resources["invoices"]
    made = (await one(invoices, create("a", draft))).record
    assert (made.fields["Status"], made.fields["TotalExclVat"]) == ("Draft", Decimal("200.20"))
    booked = await one(invoices, Write("b", Operation.UPDATE, {"Status": "Booked"}, made.external_id, made.version))
    assert booked.error is None, repr(booked.error)
    assert booked.record.fields["Status"] == "Booked"
    assert booked.record.fields["RemainingAmount"] == booked.record.fields["TotalInclVat"]
    again = await one(invoices, Write("c", Operation.UPDATE, {"Status": "Booked"}, made.external_id))
    assert again.error is None
    for write in (
        Write("d", Operation.UPDATE, {"Comment": "Nej"}, made.external_id),
        Write("e", Operation.UPDATE, {"Status": "Draft"}, made.external_id),
        Write("f", Operation.DELETE, {}, made.external_id),
    ):
        outcome = await one(invoices, write)
        assert (type(outcome.error), outcome.error.code) == (Refused, "booked")


async def test_an_invoice_is_changed_and_booked_in_one_write(connect, draft):
    invoices = connect().resources["invoices"]
    made = (await one(invoices, create("a", draft))).record
    changes = {"Comment": "Tak", "Status": "Booked"}
    outcome = await one(invoices, Write("b", Operation.UPDATE, changes, made.external_id, made.version))
    assert outcome.error is None, repr(outcome.error)
    assert (outcome.record.fields["Status"], outcome.record.fields["Comment"]) == ("Booked", "Tak")
    assert len(outcome.record.fields["ProductLines"]) == 1


async def test_a_create_whose_booking_is_refused_leaves_nothing_behind(connect, draft, control):
    invoices = connect().resources["invoices"]
    before = await control("GET", "/dump/invoices")
    fields = {**draft, "Status": "Booked"}
    del fields["ContactGuid"]
    outcome = await one(invoices, create("a", fields))
    assert isinstance(outcome.error, Refused), repr(outcome.error)
    after = [each for each in await control("GET", "/dump/invoices") if not each.get("DeletedAt")]
    assert len(after) == len([each for each in before if not each.get("DeletedAt")])


async def test_a_lost_answer_to_a_booking_is_unknown_and_then_seen(connect, draft, control):
    invoices = connect().resources["invoices"]
    write = create("a", {**draft, "Status": "Booked"})
    await control("POST", "/faults", {"kind": "applied_then_dropped", "match": {"path_regex": "/book$"}})
    outcome = await one(invoices, write)
    assert isinstance(outcome, Unknown)
    found = await connect().resources["invoices"].find_created(write)
    assert found.fields["Status"] == "Booked"


@pytest.mark.parametrize(
    "fault", [{"kind": "rate_limited", "retry_after": 3600}, {"kind": "status", "status": 503}, {"kind": "drop_before"}]
)
async def test_a_create_that_stops_before_its_booking_is_unknown_and_its_draft_found(connect, draft, control, fault):
    write = create("a", {**draft, "Status": "Booked"})
    await control("POST", "/faults", {**fault, "match": {"path_regex": "/book$"}})
    outcome = await one(connect().resources["invoices"], write)
    assert isinstance(outcome, Unknown)
    found = await connect().resources["invoices"].find_created(write)
    assert found.fields["Status"] == "Draft"


async def test_a_read_back_that_fails_does_not_undo_a_confirmed_write(connect, draft, control):
    for resource, fields in (("contacts", {"Name": "Bøgh"}), ("invoices", draft)):
        fault = {"kind": "status", "match": {"method": "GET", "path_regex": resource}, "times": 8}
        await control("POST", "/faults", fault)
        outcome = await one(connect().resources[resource], create("a", fields))
        assert outcome.error is None
        assert outcome.external_id
        await control("DELETE", "/faults")


async def test_a_payment_is_made_once_and_shows_on_its_invoice(connect, draft, control):
    connector = connect()
    invoices, payments = connector.resources["invoices"], connector.resources["payments"]
    booked = (await one(invoices, create("a", {**draft, "Status": "Booked"}))).record
    _, _, mark = await reading(invoices, None)
    total = booked.fields["TotalInclVat"]
    fields = {"InvoiceGuid": booked.external_id, "DepositAccountNumber": 55000, "Amount": total}
    write = create("p", {**fields, "PaymentDate": "2026-11-21", "Description": "Betaling"})
    assert await payments.find_created(write) is None
    await control("POST", "/faults", {"kind": "applied_then_dropped", "match": {"operation": "POST invoices payments"}})
    await control("POST", "/faults", {"kind": "applied_then_dropped", "match": {"path_regex": "/v1/.*/payments$"}})
    outcome = await one(payments, write)
    assert isinstance(outcome, Unknown)
    await control("DELETE", "/faults")
    found = await payments.find_created(write)
    assert found.fields["Amount"] == total
    assert await payments.get(found.external_id) == found
    assert await payments.get_many([found.external_id, f"{booked.external_id}/x"]) == [found]
    records, _, _ = await reading(invoices, mark)
    (seen,) = [each for each in records if each.external_id == booked.external_id]
    assert (seen.fields["PaidAmount"], seen.fields["RemainingAmount"]) == (total, 0)
    assert len(seen.fields["Payments"]) == 1


async def test_payments_are_not_changed_and_need_their_invoice(connect):
    payments = connect().resources["payments"]
    for write in (Write("a", Operation.UPDATE, {}, "x/y"), create("b", {"Amount": 1})):
        assert isinstance((await one(payments, write)).error, Refused)
    assert (await payments.read(None)).records == []
    assert (await payments.read_ids(None)).ids == []
    assert "InvoiceGuid" in await payments.describe()


async def test_a_credit_note_is_made_from_its_invoice_and_booked(connect, draft, clock):
    connector = connect()
    invoices, notes = connector.resources["invoices"], connector.resources["creditnotes"]
    booked = (await one(invoices, create("a", {**draft, "Status": "Booked"}))).record
    write = create("n", {"CreditNoteFor": booked.external_id, "Status": "Booked"}, clock)
    assert await notes.find_created(write) is None
    outcome = await one(notes, write)
    assert outcome.error is None, repr(outcome.error)
    assert outcome.record.fields["Status"] == "Booked"
    assert (await notes.find_created(write)).external_id == outcome.external_id
    records, _, _ = await reading(notes, None)
    assert [each.external_id for each in records] == [outcome.external_id]
    free = create("m", {**draft, "Description": "Kreditnota"}, clock)
    outcome = await one(notes, free)
    assert outcome.error is None, repr(outcome.error)
    assert (await notes.find_created(free)).external_id == outcome.external_id


async def test_only_booked_vouchers_have_a_document(connect, draft):
    connector = connect()
    invoices = connector.resources["invoices"]
    open_, booked = [
        (await one(invoices, create(key, {**draft, "Status": status}))).external_id
        for key, status in (("a", "Draft"), ("b", "Booked"))
    ]
    assert (await connector.document("invoices", booked)).startswith(b"%PDF")
    for resource, external_id in (("invoices", open_), ("contacts", open_)):
        with pytest.raises((NotThere, Refused)):
            await connector.document(resource, external_id)


async def test_a_stale_timestamp_seen_by_the_vendor_is_stale_too(connect, draft, control):
    invoices = connect().resources["invoices"]
    made = (await one(invoices, create("a", draft))).record
    stale = '{"code":58,"message":"Timestamp is out of date"}'
    fault = {"kind": "status", "match": {"method": "PUT"}, "status": 400, "body": stale}
    await control("POST", "/faults", fault)
    outcome = await one(invoices, Write("b", Operation.UPDATE, {"Comment": "x"}, made.external_id, made.version))
    assert isinstance(outcome.error, StaleVersion)


async def test_a_retiring_endpoint_is_temporary(connect, control):
    await control("POST", "/faults", {"kind": "brownout", "match": {"method": "POST"}, "skip": 1, "times": 1})
    contacts = connect().resources["contacts"]
    (outcome,) = await send(contacts, create("a", {"Name": "X"}))
    assert isinstance(outcome, Declined | NotSent | Unknown) and isinstance(outcome.error, Temporary)


async def test_reference_lists_are_read_whole_and_not_written(connect):
    resources = connect().resources
    for name, known in (("accounts", "1000"), ("vatTypes", "U25"), ("deposit_accounts", "55000")):
        records, _, _ = await reading(resources[name], None)
        assert known in {each.external_id for each in records}
        assert (await resources[name].get(known)).external_id == known
        assert known in (await resources[name].read_ids(None)).ids
        with pytest.raises(NotThere):
            await resources[name].get("nothing")
        with pytest.raises(Refused):
            await resources[name].write([create("a", {})], lambda outcome: None)
        assert await resources[name].find_created(create("a", {})) is None
        assert await resources[name].describe()


async def test_a_probe_answers_every_question_and_shows_no_key(connect, control, dinero):
    findings = [each async for each in connect().probe()]
    topics = {each.topic for each in findings}
    assert {"clock", "plan", "contacts: order", "contacts: paging", "webhooks: events"} <= topics
    assert dinero.credentials["api_key"] not in repr(findings)


async def test_a_reading_some_time_after_our_writes_is_not_repeated_by_the_next_one(connect, control, clock):
    contacts = connect().resources["contacts"]
    _, _, bookmark = await reading(contacts, None)
    for number in range(20):
        await one(contacts, create(f"n{number}", {"Name": f"Ny {number}"}))
    await control("POST", "/clock", {"advance": 10})
    clock.turn(10)
    told, _, bookmark = await reading(contacts, bookmark)
    assert len(told) >= 20 and await requests(control)
    nothing, _, bookmark = await reading(contacts, bookmark)
    assert (nothing, await requests(control)) == ([], {"GET contacts": 2})
    moved = told[-1].external_id
    await control("PATCH", f"/records/contacts/{moved}", {"Phone": "70 10 20 30"})
    assert [each.external_id for each in (await reading(contacts, bookmark))[0]] == [moved]
