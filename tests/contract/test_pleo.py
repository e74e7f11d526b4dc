"""What is Pleo's own: the export protocol, files with links that end, whole currencies, two ways of signing in."""

from datetime import UTC, datetime
from decimal import Decimal
from urllib.parse import parse_qs, urlsplit

import pytest

from kobling.connectors.pleo.connector import CONNECTOR, SCOPES
from kobling.records import NotThere, Refused, SettingsError, SignInExpired
from kobling.sdk.conformance_rig import ControlPort, reading, send
from kobling.sdk.context import ConnectorContext, MemoryGrants
from kobling.sdk.protocols import Operation, Told, Write
from kobling_simulators import start

NOW = datetime(2026, 11, 23, tzinfo=UTC)
HOUR = 3600


@pytest.fixture
async def pleo():
    running = await start("pleo", records=0)
    running.simulator.set_limits({"enabled": False})
    yield running
    await running.stop()


@pytest.fixture
async def control(pleo, session):
    return ControlPort(session, pleo.control_url).ask


@pytest.fixture
def connect(pleo, opened):
    def connect(grants=None, **more):
        given = pleo.credentials
        settings = {"api_key": given["api_key"], "company_id": given["company_id"], "base_url": pleo.url, **more}
        return opened(CONNECTOR, settings, grants)

    return connect


@pytest.fixture
def exported(control):
    async def exported(number=1, **wish):
        entries = [
            await control("POST", "/records/entries", {"category": "4010", "receipts": 1, **wish})
            for _ in range(number)
        ]
        return entries, await control("POST", "/records/export-jobs", {"entries": [each["id"] for each in entries]})

    return exported


def done(entry, **more):
    return Told(entry["id"], True, NOW, target_id="V-1", **more)


async def state(control, job):
    return next(each["status"] for each in await control("GET", "/dump/export-jobs") if each["id"] == job["id"])


async def test_the_company_is_named_and_found_by_its_key(connect):
    health = await connect(company_id="").check()
    assert health.account_name == "Kobling Prøvefirma ApS"
    assert health.settings["company_id"]


async def test_a_company_that_the_key_does_not_open_is_told_by_those_it_does(connect):
    with pytest.raises(SettingsError) as caught:
        await connect(company="Nabo & Søn A/S").check()
    assert caught.value.field == "company"
    assert "Kobling Prøvefirma ApS" in str(caught.value)


@pytest.mark.parametrize(("wrong", "kind"), [({"api_key": "no"}, SignInExpired), ({"api_key": ""}, SettingsError)])
async def test_a_wrong_key_is_refused(connect, wrong, kind):
    with pytest.raises(kind):
        await connect(**wrong).check()


@pytest.mark.parametrize("base_url", ["https://pleo.example.com", "http://169.254.169.254"])
async def test_only_pleo_itself_is_talked_to(connect, base_url):
    with pytest.raises(SettingsError) as caught:
        connect(base_url=base_url)
    assert caught.value.field == "base_url"


async def test_an_expense_carries_exact_amounts_and_names_its_files(connect, exported):
    await exported(amount=89696, tags={}, note="Frokost")
    (found,) = (await connect().resources["expenses"].read(None)).records
    fields = found.fields
    assert (fields["amount"], fields["currency"], fields["type"]) == (Decimal("896.96"), "DKK", "card_purchase")
    assert fields["lines"][0]["account"] == "4010"
    assert [each["name"] for each in fields["files"]] == [f"{fields['reference']}-1.pdf"]


async def test_an_expense_reads_the_same_though_its_links_change(connect, exported, control):
    await exported()
    first = (await connect().resources["expenses"].read(None)).records
    await control("POST", "/clock", {"advance": HOUR // 2})
    second = (await connect().resources["expenses"].read(None)).records
    assert [each.fields for each in first] == [each.fields for each in second]


@pytest.mark.parametrize(("told", "setting", "amount"), [("hundredths", "hundredths", 1500), ("whole", "whole", 1500)])
async def test_a_currency_without_hundredths_is_read_as_the_connection_says(
    connect, exported, control, told, setting, amount
):
    await control("POST", "/config", {"zero_decimal_value": told})
    await exported(amount=1500, currency="ISK", rate=Decimal("0.05"))
    (found,) = (await connect(zero_decimals=setting).resources["expenses"].read(None)).records
    assert (found.fields["billAmount"], found.fields["amount"]) == (Decimal(amount), Decimal(75))


async def test_a_category_that_nobody_knew_is_no_account(connect, exported):
    await exported(category="zero")
    (found,) = (await connect().resources["expenses"].read(None)).records
    assert found.fields["lines"][0]["account"] is None


async def test_a_receipt_is_fetched_by_a_new_link_when_the_old_one_ended(connect, exported, control, clock):
    (entry,), _ = await exported()
    await control("POST", "/config", {"job_life": 10**6})
    expenses = connect().resources["expenses"]
    (found,) = (await expenses.read(None)).records
    file = found.fields["files"][0]
    assert len(await expenses.file(entry["id"], file)) == file["size"]
    await control("POST", "/clock", {"advance": 25 * HOUR})
    clock.turn(25 * HOUR)
    assert (await expenses.file(entry["id"], file)).startswith(b"%PDF")


async def test_a_receipt_that_is_not_there_is_named(connect, exported, control):
    (entry,), _ = await exported()
    expenses = connect().resources["expenses"]
    (found,) = (await expenses.read(None)).records
    await control(
        "POST", "/faults", {"kind": "status", "status": 404, "times": None, "match": {"path_regex": "^/files/"}}
    )
    with pytest.raises(Refused) as caught:
        await expenses.file(entry["id"], found.fields["files"][0])
    assert caught.value.code == "receipt_download_failure"


async def test_results_go_in_batches_of_ten_and_end_the_job(connect, exported, control):
    entries, job = await exported(23)
    expenses = connect().resources["expenses"]
    await expenses.begin()
    assert await state(control, job) == "in_progress"
    assert sorted(await expenses.awaited()) == sorted(each["id"] for each in entries)
    await control("DELETE", "/counters")
    await expenses.tell([done(each) for each in entries])
    await expenses.end()
    asked = (await control("GET", "/counters"))["by_operation"]
    assert asked["PUT v3/export-jobs/items"] == 3
    assert await state(control, job) == "completed"
    await expenses.tell([done(each) for each in entries])
    await expenses.end()
    await expenses.begin()


async def test_a_job_with_a_failed_item_ends_with_errors_and_one_that_waits_stays_open(connect, exported, control):
    entries, job = await exported(2)
    expenses = connect().resources["expenses"]
    await expenses.begin()
    await expenses.tell([done(entries[0])])
    await expenses.end()
    assert await state(control, job) == "in_progress"
    await expenses.tell([Told(entries[1]["id"], False, NOW, reason="Kontoen er spærret", kind="account_unknown")])
    await expenses.end()
    assert await state(control, job) == "completed_with_errors"
    items = {each["accountingEntryId"]: each for each in await control("GET", "/dump/export-job-items")}
    assert items[entries[1]["id"]]["failureReason"] == "Kontoen er spærret"


async def test_a_job_that_a_person_took_back_needs_no_result(connect, exported, control):
    entries, job = await exported()
    expenses = connect().resources["expenses"]
    await expenses.begin()
    await control("PATCH", f"/records/export-jobs/{job['id']}", {"cancel": True})
    await expenses.tell([done(entries[0])])
    await expenses.end()
    assert (await expenses.read(None)).records == []
    with pytest.raises(NotThere):
        await expenses.get(entries[0]["id"])


async def test_an_expense_cannot_be_written(connect):
    with pytest.raises(Refused):
        await connect().resources["expenses"].write([Write("k", Operation.CREATE, {})], print)


@pytest.mark.parametrize("answered", ["empty", "row"])
async def test_a_vendor_of_the_books_is_active_at_once_and_archived_instead_of_deleted(connect, control, answered):
    await control("POST", "/config", {"vendor_actions": answered})
    vendors = connect().resources["vendors"]
    fields = {"name": "Grossisten", "defaultCurrency": "DKK", "externalId": "L-1", "code": "L-1"}
    (made,) = await send(vendors, Write("k", Operation.CREATE, fields))
    assert made.record.fields["state"] == "ACTIVE"
    await send(vendors, Write("d", Operation.DELETE, {}, made.external_id))
    assert [each["state"] for each in await control("GET", "/dump/vendors")] == ["ARCHIVED"]


async def test_a_vendor_whose_making_broke_off_is_activated_when_it_is_found(connect, control):
    await control("POST", "/records/vendors", {"name": "Grossisten", "externalId": "L-1"})
    write = Write("k", Operation.CREATE, {"name": "Grossisten", "externalId": "L-1"})
    found = await connect().resources["vendors"].find_created(write)
    assert found.fields["state"] == "ACTIVE"
    assert [each["state"] for each in await control("GET", "/dump/vendors")] == ["ACTIVE"]


async def test_an_account_in_use_is_archived_and_an_unused_one_deleted(connect, control):
    accounts = connect().resources["accounts"]
    await control("POST", "/records/entries", {"category": "4010"})
    ids = {each.fields["code"]: each.external_id for each in (await reading(accounts, None))[0]}
    await send(accounts, *[Write(code, Operation.DELETE, {}, ids[code]) for code in ("4010", "4020")])
    left = {each["code"]: each["archived"] for each in await control("GET", "/dump/accounts")}
    assert left["4010"] is True
    assert "4020" not in left


async def test_tags_are_read_and_made_in_their_groups(connect):
    resources = connect().resources
    (group,) = await send(resources["tagGroups"], Write("g", Operation.CREATE, {"code": "P", "name": "Projekt"}))
    tag = {"groupId": group.external_id, "code": "1", "name": "Ørestad"}
    (made,) = await send(resources["tags"], Write("t", Operation.CREATE, tag))
    records = (await reading(resources["tags"], None))[0]
    assert [(each.fields["groupId"], each.fields["code"]) for each in records] == [(group.external_id, "1")]
    assert (await resources["tags"].find_created(Write("t", Operation.CREATE, tag))).external_id == made.external_id


async def test_a_person_signs_in_and_the_grant_is_renewed(pleo, connect, opened, session, transport):
    given = pleo.credentials
    settings = {"sign_in": "person", "client_id": given["client_id"], "client_secret": given["client_secret"]}
    settings |= {"base_url": pleo.url, "auth_url": f"{pleo.url}/oauth"}
    begun = CONNECTOR.sign_in.start(settings, given["redirect_uri"])
    assert set(SCOPES.split()) == set(parse_qs(urlsplit(begun.url).query)["scope"][0].split())
    async with session.get(f"{begun.url}&auto=1", allow_redirects=False) as answer:
        back = parse_qs(urlsplit(answer.headers["Location"]).query)
    assert back["state"] == [begun.state]
    context = ConnectorContext(transport, transport.clock, allow_hosts=("127.0.0.1",))
    code = back["code"][0]
    grant = await CONNECTOR.sign_in.finish(settings, context, code, begun.verifier, given["redirect_uri"])
    grants = MemoryGrants(grant)
    assert (await opened(CONNECTOR, settings, grants).check()).account_name
    pleo.simulator.revoke_all()
    assert (await opened(CONNECTOR, settings, grants).check()).account_name
    assert grants.grant["refresh_token"] != grant["refresh_token"], "refresh tokens rotate"


async def test_probe_names_rights_that_are_missing(connect, control):
    await control("POST", "/config", {"missing_scopes": ["employees:read"]})
    found = {each.topic: each async for each in connect().probe()}
    assert "employees:read" in found["sign-in"].observed


def months(told):
    """The months that are told, in their order."""
    return sorted({name.partition(":")[2] for name in told if ":" in name})


async def test_figures_say_what_is_missing_what_waits_and_what_is_in_the_wallet(pleo, control, opened):
    given = pleo.credentials
    key = {"api_key": given["api_key"], "company_id": given["company_id"], "base_url": pleo.url}
    _, month, _ = months({each.name: each for each in await opened(CONNECTOR, key).figures()})
    for wish in (
        {"amount": 10_000, "receipts": 0},
        {"amount": 2_550, "receipts": 1},
        {"family": "OUT_OF_POCKET", "amount": 1_000, "receipts": 0},
        {"family": "MILEAGE", "amount": 500, "receipts": 0},
        {"amount": 9_900, "receipts": 0, "exportStatus": "EXPORTED"},
        {"amount": 9_900, "receipts": 0, "settled": False},
    ):
        await control("POST", "/records/entries", {"category": "4010", "date": f"{month}-15T09:00:00Z", **wish})
    told = {each.name: each for each in await opened(CONNECTOR, key).figures()}
    assert (told["missing_receipts"].number, told["missing_receipts"].amounts) == (2, {"DKK": Decimal("110.00")})
    assert (told["to_export"].number, told["to_export"].amounts) == (4, {"DKK": Decimal("140.50")})
    assert (told[f"submitted:{month}"].number, told[f"exported:{month}"].number) == (5, 1)
    assert len([name for name in told if name.startswith("exported:")]) == 3
    assert "wallet" not in told, "the old API has a token of its own"
    old = {"open_api_token": given["legacy_token"], "open_api_url": f"{pleo.url}/legacy/v1"}
    told = {each.name: each for each in await opened(CONNECTOR, {**key, **old}).figures()}
    assert told["wallet"].amounts == {"DKK": Decimal("25000")}
