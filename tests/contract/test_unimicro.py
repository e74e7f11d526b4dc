"""Unimicro: who signs in, which company, drafts that stay drafts, invoices that are made and issued once."""

from decimal import Decimal
from urllib.parse import parse_qs, urlsplit

import pytest

from kobling.connectors.unimicro.connector import CONNECTOR
from kobling.records import AlreadyThere, NotThere, Refused, SettingsError, SignInExpired, Unreachable
from kobling.sdk.conformance_rig import ControlPort, reading, send
from kobling.sdk.context import ConnectorContext, MemoryGrants
from kobling.sdk.outcomes import Unknown
from kobling.sdk.protocols import Operation, Write
from kobling_simulators import start


@pytest.fixture
async def unimicro():
    running = await start("unimicro", records=40)
    yield running
    await running.stop()


@pytest.fixture
async def control(unimicro, session):
    return ControlPort(session, unimicro.control_url).ask


@pytest.fixture
def settings(unimicro):
    given = unimicro.credentials
    urls = {"identity_url": unimicro.url, "base_url": unimicro.url}
    certificate = {name: given[name] for name in ("certificate", "certificate_password")}
    own = {"sign_in": "certificate", "client_id": given["server_client_id"], **certificate, **urls}
    person = {"sign_in": "person", "client_id": given["client_id"], "client_secret": given["client_secret"], **urls}
    return {"certificate": own, "person": person}


@pytest.fixture
def connect(settings, opened):
    def connect(way="certificate", grants=None, **more):
        return opened(CONNECTOR, {**settings[way], **more}, grants)

    return connect


@pytest.fixture
async def invoices(connect):
    connector = connect()
    await connector.check()
    return connector.resources["invoices"]


@pytest.fixture
async def sign_in(settings, session, unimicro, transport, clock):
    """A person signs in in a browser and picks a company; the grant as it is stored."""

    async def sign_in(company="company_key"):
        way = CONNECTOR.sign_in
        given = unimicro.credentials
        begun = way.start(settings["person"], given["redirect_uri"])
        query = {name: values[0] for name, values in parse_qs(urlsplit(begun.url).query).items()}
        form = {**query, "username": given["username"], "password": given["password"], "company": given[company]}
        url = begun.url.partition("?")[0]
        async with session.post(url, data={**form, "decision": "allow"}, allow_redirects=False) as answer:
            back = parse_qs(urlsplit(answer.headers["Location"]).query)
        assert back["state"] == [begun.state]
        context = _context(transport, clock)
        redirect = given["redirect_uri"]
        return await way.finish(settings["person"], context, back["code"][0], begun.verifier, redirect)

    return sign_in


def _context(transport, clock):
    return ConnectorContext(transport, clock, allow_hosts=("127.0.0.1",))


def draft(reference="70001", **more):
    line = {"ItemText": "Timer", "NumberOfItems": Decimal("7.5"), "PriceExVat": Decimal("450"), "VatTypeID": 3}
    fields = {"CustomerID": 1, "InvoiceDate": "2026-11-20", "PaymentDueDate": "2026-12-04", "InvoiceType": 0}
    fields |= {"CurrencyCodeID": 1, "ExternalReference": reference, "lines": [line, {**line, "ItemText": "Mer"}]}
    return Write(f"key-{reference}", Operation.CREATE, {**fields, **more})


async def test_a_person_signs_in_picks_a_company_and_stays_signed_in(connect, sign_in, clock):
    grants = MemoryGrants(await sign_in())
    connector = connect("person", grants)
    health = await connector.check()
    assert health.account_name == "Fjordbemanning AS"
    clock.turn(3_700)
    assert (await reading(connector.resources["customers"], None))[0]


async def test_the_company_that_was_picked_is_the_only_one_that_is_seen(connect, sign_in, unimicro):
    connector = connect("person", MemoryGrants(await sign_in("other_company_key")))
    assert (await connector.check()).account_name == "Fjordbemanning Eiendom AS"
    with pytest.raises(SettingsError, match="Eiendom"):
        await connect("person", MemoryGrants(await sign_in("other_company_key")), company="Fjordbemanning AS").check()


async def test_an_application_with_a_certificate_needs_nobody(connect, unimicro):
    health = await connect().check()
    assert health.settings == {"company_key": unimicro.credentials["company_key"]}


async def test_a_certificate_works_though_our_clock_is_wrong(connect, clock):
    clock.turn(1_800)
    assert (await connect().check()).account_name


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"certificate_password": "wrong"}, "certificate"),
        ({"certificate": "bm90IGEgY2VydGlmaWNhdGU="}, "certificate"),
        ({"client_id": "somebody-else"}, None),
    ],
)
async def test_a_certificate_that_does_not_fit_is_said_to(connect, changes, field):
    with pytest.raises(SettingsError) as refused:
        await connect(**changes).check()
    assert field is None or refused.value.field == field


async def test_without_a_lasting_sign_in_nothing_is_stored(sign_in, control):
    await control("POST", "/config", {"offline_access": "ignored"})
    with pytest.raises(SettingsError, match="offline_access"):
        await sign_in()


async def test_a_sign_in_that_is_over_asks_for_a_person(connect):
    with pytest.raises(SignInExpired):
        await connect("person").check()


@pytest.mark.parametrize("names", ["Key", "CompanyKey"])
async def test_companies_are_named_in_either_way(connect, control, names):
    await control("POST", "/config", {"company_names": names})
    assert (await connect().check()).account_name == "Fjordbemanning AS"


@pytest.mark.parametrize("at_once", [True, False])
async def test_an_invoice_is_a_draft_whatever_unimicro_does_without_a_status(invoices, control, at_once):
    await control("POST", "/config", {"issue_at_once": at_once})
    (outcome,) = await send(invoices, draft())
    assert outcome.record.fields["state"] == "draft"
    stored = next(each for each in await control("GET", "/dump/invoices") if each.get("ExternalReference") == "70001")
    assert stored["StatusCode"] == 42001 and "InvoiceNumber" not in stored
    assert outcome.record.fields["TaxExclusiveAmountCurrency"] == Decimal("6750.00")


async def test_an_invoice_is_made_once_ever(invoices, control):
    (first,) = await send(invoices, draft())
    again = Write("another-key", Operation.CREATE, draft().fields)
    (second,) = await send(invoices, again)
    assert isinstance(second.error, AlreadyThere)
    assert first.external_id in str(second.error.params["id"])
    references = [each.get("ExternalReference") for each in await control("GET", "/dump/invoices")]
    assert references.count("70001") == 1


async def test_a_lost_answer_is_found_again_by_the_reference(invoices, control):
    fault = {"kind": "applied_then_dropped", "match": {"operation": "POST invoices"}}
    await control("POST", "/faults", fault)
    (outcome,) = await send(invoices, draft())
    assert isinstance(outcome, Unknown)
    found = await invoices.find_created(draft())
    assert found.fields["state"] == "draft"
    assert await invoices.find_created(draft("70002")) is None


async def test_issuing_is_done_once_though_the_answer_is_lost(invoices, control):
    (made,) = await send(invoices, draft())
    fault = {"kind": "applied_then_dropped", "match": {"operation": "POST invoices invoice"}}
    await control("POST", "/faults", fault)
    issue = Write("issue", Operation.UPDATE, {"state": "issued"}, made.external_id)
    (lost,) = await send(invoices, issue)
    assert isinstance(lost.error, Unreachable)
    (done,) = await send(invoices, issue)
    assert done.record.fields["state"] == "issued"
    numbers = [each["JournalEntryID"] for each in await control("GET", "/dump/journalentrylines")]
    entry = next(each for each in await control("GET", "/dump/invoices") if str(each["ID"]) == made.external_id)
    assert numbers.count(entry["JournalEntryID"]) == 3, "customer, sales and VAT, posted once"


async def test_a_credit_note_goes_the_same_way(invoices):
    line = {**draft().fields["lines"][0], "NumberOfItems": Decimal("-7.5")}
    (made,) = await send(invoices, draft("70003", InvoiceType=1, lines=[line]))
    issue = Write("issue", Operation.UPDATE, {"state": "issued"}, made.external_id)
    (done,) = await send(invoices, issue)
    assert (done.record.fields["InvoiceType"], done.record.fields["state"]) == (1, "issued")
    assert done.record.fields["TaxInclusiveAmount"] == Decimal("-4218.75")


async def test_an_invoice_in_another_currency_keeps_its_own_prices(invoices):
    line = {"ItemText": "Timer", "NumberOfItems": Decimal("3"), "PriceExVatCurrency": Decimal("99.99"), "VatTypeID": 7}
    (made,) = await send(invoices, draft("70004", CurrencyCodeID=2, lines=[line]))
    assert made.record.fields["TaxExclusiveAmountCurrency"] == Decimal("299.97")
    assert made.record.fields["TaxExclusiveAmount"] > Decimal("3000")


async def test_nothing_of_an_invoice_is_changed_afterwards(invoices):
    (made,) = await send(invoices, draft())
    (refused,) = await send(invoices, Write("x", Operation.UPDATE, {"Comment": "ny"}, made.external_id))
    assert isinstance(refused.error, Refused)


async def test_what_is_wrong_in_a_line_is_said_with_its_field(invoices):
    line = {"ItemText": "Timer", "NumberOfItems": Decimal("1"), "PriceExVat": Decimal("1"), "VatTypeID": 999}
    (refused,) = await send(invoices, draft(lines=[line]))
    assert isinstance(refused.error, Refused)
    assert "VatTypeID" in f"{refused.error.field} {refused.error}"


async def test_a_closed_year_refuses_the_posting_and_the_draft_stays(invoices, control):
    (made,) = await send(invoices, draft())
    await control("POST", "/config", {"closed_years": [2026]})
    (refused,) = await send(invoices, Write("issue", Operation.UPDATE, {"state": "issued"}, made.external_id))
    assert isinstance(refused.error, Refused) and "2026" in str(refused.error)
    assert (await invoices.get(made.external_id)).fields["state"] == "draft"


async def test_a_missing_role_is_named(invoices, control):
    await control("POST", "/config", {"missing_role": ["CustomerInvoice"]})
    with pytest.raises((SettingsError, Refused)):
        await invoices.read(None)


async def test_a_record_that_is_not_there_is_not_there(invoices):
    with pytest.raises(NotThere):
        await invoices.get("999999")


@pytest.mark.parametrize("change", [{"Info.Name": "Nytt navn AS"}, {"Info.InvoiceAddress.City": "Bodø"}])
async def test_a_change_of_what_is_nested_is_seen_though_the_customer_does_not_move(connect, control, change):
    customers = connect()
    await customers.check()
    resource = customers.resources["customers"]
    _, _, mark = await reading(resource, None)
    await control("POST", "/clock", {"advance": 600})
    await control("PATCH", "/records/customers/2", change)
    changed, _, _ = await reading(resource, mark)
    path, value = next(iter(change.items()))
    assert [each.fields[path] for each in changed if each.external_id == "2"] == [value]


async def test_leading_zeros_tell_products_apart(connect):
    connector = connect()
    await connector.check()
    products = (await reading(connector.resources["products"], None))[0]
    assert {"003", "3"} <= {each.fields["PartName"] for each in products}
