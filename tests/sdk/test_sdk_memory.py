"""The memory connector keeps the promises that everyone's tests build on."""

from datetime import timedelta

import pytest

from kobling.records import AlreadyThere, NotThere, Refused, StaleVersion, Unreachable, Unsafe
from kobling.sdk.clock import FakeClock
from kobling.sdk.memory import ALL, MemoryConnector, MemoryResource
from kobling.sdk.outcomes import Confirmed, NotSent, Unknown
from kobling.sdk.protocols import Capabilities, Connector, Deletions, Operation, Outcome, Resource, Write


async def everything(resource, bookmark=None):
    records, gone = [], []
    while True:
        page = await resource.read(bookmark)
        records += page.records
        gone += page.gone
        bookmark = page.bookmark
        if not page.more:
            return records, gone, bookmark


async def send(resource, *writes):
    outcomes: list[Outcome] = []
    await resource.write(writes, outcomes.append)
    return outcomes


def create(key, **fields):
    return Write(key, Operation.CREATE, fields)


async def test_it_is_a_connector_and_its_resources_are_resources():
    connector: Connector = MemoryConnector(MemoryResource("customers"))
    assert isinstance(connector.resources["customers"], Resource)
    assert (await connector.check()).account_name == "In memory"


async def test_a_full_read_gives_every_record_once_then_only_changes():
    customers = MemoryResource("customers", page_size=3)
    made = [customers.put({"name": f"K{n}"}) for n in range(8)]
    records, _, mark = await everything(customers)
    assert records == made
    assert (await everything(customers, mark))[:2] == ([], [])
    edited = customers.edit(made[2].external_id, {"name": "K2b"})
    customers.remove(made[0].external_id)
    records, gone, mark = await everything(customers, mark)
    assert records == [edited]
    assert [each.external_id for each in gone] == [made[0].external_id]


async def test_a_record_changed_while_being_read_is_seen_again():
    customers = MemoryResource("customers", page_size=2)
    made = [customers.put({"name": f"K{n}"}) for n in range(4)]
    first = await customers.read(None)
    customers.edit(made[0].external_id, {"name": "later"})
    _, _, mark = await everything(customers, first.bookmark)
    records, _, _ = await everything(customers, mark)
    assert [each.fields["name"] for each in records] == ["later"]


async def test_deletions_by_sweep_show_only_in_the_ids():
    customers = MemoryResource("customers", capabilities=Capabilities(changed_since=True, deletions=Deletions.SWEEP))
    made = [customers.put({"name": f"K{n}"}) for n in range(3)]
    _, _, mark = await everything(customers)
    customers.remove(made[1].external_id)
    assert (await everything(customers, mark))[1] == []
    assert (await customers.read_ids(None)).ids == [made[0].external_id, made[2].external_id]


async def test_a_repeated_create_with_the_same_key_makes_one_record():
    customers = MemoryResource("customers")
    first, again = await send(customers, create("k1", name="Bøgh"), create("k1", name="Bøgh"))
    assert first.external_id == again.external_id
    assert len(customers.all()) == 1


async def test_a_lost_answer_is_found_by_its_key():
    customers = MemoryResource("customers")
    customers.mischief.lost_answers = 1
    (outcome,) = await send(customers, create("k1", name="Bøgh"))
    assert isinstance(outcome, Unknown)
    found = await customers.find_created(create("k1", name="Bøgh"))
    assert found == customers.all()[0]


async def test_a_lost_request_is_found_to_have_made_nothing():
    customers = MemoryResource("customers")
    customers.mischief.lost_requests = 1
    await send(customers, create("k1", name="Bøgh"))
    assert await customers.find_created(create("k1", name="Bøgh")) is None


async def test_without_caller_chosen_ids_equal_records_are_unsafe_to_adopt():
    clock = FakeClock()
    customers = MemoryResource("customers", clock=clock, capabilities=Capabilities(create=True))
    customers.put({"name": "Bøgh"})
    clock.turn(60)
    write = Write("k1", Operation.CREATE, {"name": "Bøgh"}, started_at=clock.now())
    assert await customers.find_created(write) is None
    customers.put({"name": "Bøgh"})
    found = await customers.find_created(write)
    assert found is not None
    customers.put({"name": "Bøgh"})
    with pytest.raises(Unsafe):
        await customers.find_created(write)
    assert clock.now() - write.started_at == timedelta(0)


async def test_a_stale_version_is_refused_and_changes_nothing():
    customers = MemoryResource("customers")
    made = customers.put({"name": "Bøgh"})
    customers.edit(made.external_id, {"name": "Bøgh & Søn"})
    write = Write("k", Operation.UPDATE, {"name": "X"}, made.external_id, expected=made.version)
    (outcome,) = await send(customers, write)
    assert isinstance(outcome.error, StaleVersion)
    assert customers.all()[0].fields["name"] == "Bøgh & Søn"


async def test_required_and_unique_fields_are_refused_with_the_field_named():
    customers = MemoryResource("customers", required=["name"], unique=["cvr"])
    customers.put({"name": "A", "cvr": "1"})
    missing, taken = await send(customers, create("a", cvr="2"), create("b", name="B", cvr="1"))
    assert (type(missing.error), missing.error.field) == (Refused, "name")
    assert (type(taken.error), taken.error.field) == (AlreadyThere, "cvr")


async def test_an_outage_in_the_middle_leaves_the_rest_unsent():
    customers = MemoryResource("customers")

    def stop(write):
        if write.key == "b":
            customers.mischief.outage = Unreachable("down")

    customers.mischief.after_apply = stop
    outcomes: list[Outcome] = []
    with pytest.raises(Unreachable):
        await customers.write([create("a"), create("b"), create("c")], outcomes.append)
    assert [type(each) for each in outcomes] == [Confirmed, Confirmed, NotSent]


async def test_absent_empty_and_value_are_kept_apart():
    customers = MemoryResource("customers", capabilities=ALL)
    made = customers.put({"name": "A", "phone": "1", "mail": "m"})
    await send(customers, Write("k", Operation.UPDATE, {"phone": ""}, made.external_id))
    assert customers.all()[0].fields == {"name": "A", "phone": "", "mail": "m"}


async def test_a_missing_record_is_not_there():
    customers = MemoryResource("customers")
    with pytest.raises(NotThere):
        await customers.get("nobody")
    assert await customers.get_many(["nobody"]) == []


async def test_duplicates_repeat_the_last_record_of_a_page():
    customers = MemoryResource("customers", page_size=2)
    for n in range(4):
        customers.put({"name": f"K{n}"})
    customers.mischief.duplicates = True
    records, _, _ = await everything(customers)
    assert [each.fields["name"] for each in records] == ["K0", "K1", "K1", "K2", "K3"]
