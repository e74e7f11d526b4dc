"""RecMan: lists that are read whole, both generations, a key that reaches only so far, pages that shift."""

import pytest

from kobling.connectors.recman.connector import CONNECTOR
from kobling.records import Misunderstood, NotOffered, NotThere, Refused, SettingsError
from kobling.sdk.conformance_rig import ControlPort, reading
from kobling.sdk.protocols import Operation, Write
from kobling_simulators import start


@pytest.fixture
async def recman():
    running = await start("recman", records=200)
    yield running
    await running.stop()


@pytest.fixture
async def control(recman, session):
    return ControlPort(session, recman.control_url).ask


@pytest.fixture
def connect(recman, opened):
    def connect(key="key", **more):
        return opened(CONNECTOR, {"key": recman.credentials.get(key, key), "base_url": recman.url, **more})

    return connect


async def ids(resource):
    return [each.external_id for each in (await reading(resource, None))[0]]


@pytest.mark.parametrize("generation", ["v2", "v1"])
async def test_the_generation_is_found_out(connect, control, generation):
    await control("POST", "/config", {"generation": generation})
    connector = connect()
    health = await connector.check()
    assert health.version == generation
    companies = (await reading(connector.resources["company"], None))[0]
    assert len(companies) == len(await control("GET", "/dump/company"))
    assert companies[0].fields["name"]
    assert "invoiceAddress.city" in companies[0].fields


@pytest.mark.parametrize("size", [1, 7, 50, 1000])
@pytest.mark.parametrize("order", ["oldest_first", "newest_first"])
async def test_pages_hold_every_row_once(connect, control, size, order):
    await control("POST", "/config", {"page_size": size, "order": order})
    found = await ids(connect().resources["department"])
    assert len(found) == len(set(found)) == len(await control("GET", "/dump/department"))


async def test_a_row_that_comes_while_pages_are_turned_is_not_missed(connect, control):
    await control("POST", "/config", {"page_size": 50, "order": "newest_first"})
    companies = connect().resources["company"]
    first = await companies.read(None)
    await control("POST", "/records/company", {"name": "Nykommer AS"})
    names, page = {each.fields["name"] for each in first.records}, first
    while page.more:
        page = await companies.read(page.bookmark)
        names |= {each.fields["name"] for each in page.records}
    assert names == {row["name"] for row in await control("GET", "/dump/company")}


async def test_rows_that_never_stand_still_end_the_reading(connect, control):
    await control("POST", "/config", {"page_size": 50})
    companies = connect().resources["company"]
    page = await companies.read(None)
    with pytest.raises(Misunderstood):
        for number in range(20):
            await control("POST", "/records/company", {"name": f"Ny {number} AS"})
            page = await companies.read(page.bookmark)


async def test_an_empty_scope_is_empty_however_it_is_written(connect, control, recman):
    await control("POST", "/reset", {"records": 0})
    for written in ("list", "object"):
        await control("POST", "/config", {"empty_maps": written})
        assert await ids(connect().resources["invoice"]) == []


async def test_an_invoice_has_its_lines_in_order_and_empty_values_are_none(connect, control):
    invoices = (await reading(connect().resources["invoice"], None))[0]
    raw = {row["invoiceId"]: row for row in await control("GET", "/dump/invoice")}
    chosen = max(invoices, key=lambda each: len(each.fields["lines"]))
    wanted = [int(key) for key in raw[chosen.external_id]["lines"]]
    assert [int(line["lineId"]) for line in chosen.fields["lines"]] == sorted(wanted)
    assert not [name for each in invoices for name, value in each.fields.items() if value == ""]


async def test_a_key_of_one_department_sees_that_one_alone(connect):
    found = (await reading(connect("department_key").resources["project"], None))[0]
    assert {each.fields["departmentId"] for each in found} == {"2"}


async def test_scopes_that_the_key_does_not_reach_are_named(connect):
    connector = connect("project_key")
    health = await connector.check()
    assert "invoice" in health.notes
    assert "project" not in health.notes
    with pytest.raises(NotOffered):
        await connector.resources["invoice"].read(None)


@pytest.mark.parametrize("status", ["ok", "own"])
async def test_a_wrong_key_is_refused_and_told_nowhere(connect, control, status):
    await control("POST", "/config", {"error_status": status})
    with pytest.raises(SettingsError) as caught:
        await connect("0123456789secret").check()
    assert "0123456789secret" not in f"{caught.value} {caught.value.detail} {caught.value.vendor_text}"


async def test_a_record_is_found_by_id_and_one_that_is_not_there_is_named(connect):
    projects = connect().resources["project"]
    known = (await ids(projects))[5]
    assert (await projects.get(known)).external_id == known
    with pytest.raises(NotThere):
        await projects.get("999999")


async def test_a_deleted_row_is_missing_from_the_ids(connect, control):
    departments = connect().resources["project"]
    gone = (await ids(departments))[0]
    await control("DELETE", f"/records/project/{gone}")
    page = await departments.read_ids(None)
    assert gone not in page.ids


async def test_nothing_is_written(connect):
    with pytest.raises(Refused):
        await connect().resources["company"].write([Write("k", Operation.CREATE, {"name": "x"})], print)


@pytest.mark.parametrize("base_url", ["https://recman.example.com", "http://127.0.0.2:1"])
async def test_only_recman_itself_is_talked_to(connect, base_url):
    with pytest.raises(SettingsError):
        connect(base_url=base_url)


async def test_probe_says_which_fields_are_there(connect):
    found = {each.topic: each async for each in connect().probe()}
    assert found["project"].ok
    assert "refused none" in found["company"].observed
