"""Dynamics 365 Sales and Business Central in step: the real command, both vendors, what people do meanwhile."""

from __future__ import annotations

import shutil
from collections import Counter
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from kobling.cli.output import Exit
from tests.story import test_books as books
from tests.story.dynamics import PAIR, Dynamics

pytestmark = pytest.mark.story
SETTLE = ["issues", PAIR, "--kind", "maybe_same", "--all", "--choose", "couple"]


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Dynamics, Path, Path]]:
    """A world, a data folder in which the pair is set up, and one in which it is in step, with the vendors' state."""
    folder = tmp_path_factory.mktemp("dynamics")
    with Dynamics(folder / "data", records=12) as world:
        world.set_up("orders=both")
        shutil.copytree(world.folder, folder / "template")
        yield world, folder / "template", folder


@pytest.fixture
def fresh(stage: tuple[Dynamics, Path, Path]) -> Dynamics:
    """The world before the first sync."""
    stage[0].reset(stage[1])
    return stage[0]


@pytest.fixture
def world(fresh: Dynamics) -> Dynamics:
    """The world in step: synchronised, look-alikes coupled, synchronised again."""
    fresh.script((["sync", PAIR], None), (SETTLE, 0), (["sync", PAIR], None), (["sync", PAIR], None))
    return fresh


def coupled(world: Dynamics) -> tuple[dict[str, Any], dict[str, Any]]:
    """An account and its customer, coupled: the customer's number tells."""
    accounts = {
        each.get("accountnumber"): each for each in world.dump(world.sales, "accounts") if each.get("accountnumber")
    }
    for customer in world.dump(world.central, "customers"):
        if customer["number"] in accounts:
            return accounts[customer["number"]], customer
    raise AssertionError("nothing is coupled")


def account(world: Dynamics, key: str) -> dict[str, Any]:
    return next(each for each in world.dump(world.sales, "accounts") if each["accountid"] == key)


def customer(world: Dynamics, key: str) -> dict[str, Any]:
    return next(each for each in world.dump(world.central, "customers") if each["id"] == key)


def sync(world: Dynamics) -> dict[str, Any]:
    return world.kobling("sync", PAIR, "--json", expect=None)


def counts(run: dict[str, Any]) -> dict[str, int]:
    """What a run did, over all tables."""
    total: Counter[str] = Counter()
    for job in run["jobs"].values():
        total.update({name: number for name, number in job.items() if isinstance(number, int)})
    return total


def names(world: Dynamics) -> dict[str, Counter[str]]:
    """What exists on both sides, by name: duplicates and losses show as other counts."""
    found = {
        "accounts": Counter(each["name"] for each in world.dump(world.sales, "accounts")),
        "contacts": Counter(str(each.get("fullname")) for each in world.dump(world.sales, "contacts")),
        "products": Counter(str(each.get("productnumber")) for each in world.dump(world.sales, "products")),
        "orders": Counter(str(each["ordernumber"])[:9] for each in world.dump(world.sales, "salesorders")),
    }
    for entity, name in (("customers", "displayName"), ("vendors", "displayName"), ("contacts", "displayName")):
        found[f"BC {entity}"] = Counter(each[name] for each in world.dump(world.central, entity))
    found["BC items"] = Counter(each["displayName"] for each in world.dump(world.central, "items"))
    return found


def test_a_synced_world_rests(world: Dynamics) -> None:
    before = names(world)
    for system in (world.sales, world.central):
        world.control(system, "DELETE", "counters")
    run = sync(world)
    done = counts(run)
    assert (done["inserted"], done["modified"], done["deleted"]) == (0, 0, 0)
    assert names(world) == before
    for system, resources in ((world.sales, 16), (world.central, 16)):
        asked = world.control(system, "GET", "counters")["by_operation"]
        assert not [name for name in asked if name.startswith(("POST $batch", "PATCH", "DELETE"))]
        assert sum(asked.values()) <= 2 * resources + 4, asked


def test_changes_flow_both_ways(world: Dynamics) -> None:
    left, right = coupled(world)
    world.control(world.sales, "PATCH", f"records/accounts/{left['accountid']}", {"telephone1": "+45 11 22 33 44"})
    world.control(world.central, "PATCH", f"records/customers/{right['id']}", {"city": "Ribe"})
    sync(world)
    assert customer(world, right["id"])["phoneNumber"] == "+45 11 22 33 44"
    assert account(world, left["accountid"])["address1_city"] == "Ribe"


def edit_both(world: Dynamics) -> tuple[str, str]:
    """A person on each side changes the same field."""
    left, right = coupled(world)
    world.control(world.sales, "PATCH", f"records/accounts/{left['accountid']}", {"address1_line1": "Salgsgade 1"})
    world.control(world.central, "POST", "clock", {"advance": 5})
    world.control(world.central, "PATCH", f"records/customers/{right['id']}", {"addressLine1": "Bogvej 2"})
    return left["accountid"], right["id"]


@pytest.mark.parametrize(
    ("policy", "wanted"), [("sales", "Salgsgade 1"), ("business_central", "Bogvej 2"), ("newest", "Bogvej 2")]
)
def test_a_conflict_obeys_its_policy(world: Dynamics, policy: str, wanted: str) -> None:
    world.kobling("pair", "set", PAIR, f"conflict={policy}")
    left, right = edit_both(world)
    sync(world)
    assert account(world, left)["address1_line1"] == wanted
    assert customer(world, right)["addressLine1"] == wanted


def test_a_conflict_asks_and_overwrites_nothing_until_it_is_settled(world: Dynamics) -> None:
    left, right = edit_both(world)
    sync(world)
    assert account(world, left)["address1_line1"] == "Salgsgade 1"
    assert customer(world, right)["addressLine1"] == "Bogvej 2"
    (issue,) = world.kobling("issues", PAIR, "--kind", "conflict", "--json", expect=None)
    world.kobling("issues", PAIR, "--settle", str(issue["issue"]), "--choose", "right", expect=None)
    sync(world)
    assert account(world, left)["address1_line1"] == "Bogvej 2"


def test_a_record_deleted_while_the_delta_link_expired_is_noticed(world: Dynamics) -> None:
    made = world.control(world.sales, "POST", "records/accounts", {"name": "Kortvarig ApS", "customertypecode": 3})
    sync(world)
    assert "Kortvarig ApS" in names(world)["BC customers"]
    world.control(world.sales, "DELETE", f"records/accounts/{made['accountid']}")
    world.control(world.sales, "POST", "clock", {"advance": 8 * 86400})
    sync(world)
    deleted = world.kobling("issues", PAIR, "--kind", "deleted", "--json", expect=None)
    assert [each["title"] for each in deleted] == ["Kortvarig ApS"]
    assert "Kortvarig ApS" in names(world)["BC customers"], "nothing is deleted by itself"


def submitted(world: Dynamics) -> dict[str, Any]:
    """A submitted order of Sales that is in Business Central."""
    made = books.order(world, books.coupled(world)[0][0]["accountid"], 1000)
    sync(world)
    return next(each for each in world.dump(world.sales, "salesorders") if each["salesorderid"] == made["salesorderid"])


def test_an_order_arrives_once_with_its_lines_and_its_total(world: Dynamics) -> None:
    order = submitted(world)
    there = [
        each
        for each in world.dump(world.central, "salesOrders")
        if each["externalDocumentNumber"] == order["ordernumber"]
    ]
    assert len(there) == 1
    assert Decimal(str(there[0]["totalAmountExcludingTax"])) == Decimal(str(order["totalamountlessfreight"]))


def test_the_first_run_leaves_nothing_for_the_next_one_to_do(fresh: Dynamics) -> None:
    sync(fresh)
    again = counts(sync(fresh))
    assert (again["inserted"], again["modified"], again["coupled"]) == (0, 0, 0)


@pytest.mark.parametrize("moment", ["journaled:2", "answered:2", "recorded:3", "planned:4"])
def test_a_kill_during_the_full_synchronisation_loses_and_doubles_nothing(fresh: Dynamics, moment: str) -> None:
    fresh.script((["sync", PAIR], None))
    undisturbed = names(fresh)
    fresh.reset(fresh.folder.parent / "template")
    fresh.kobling("sync", PAIR, expect=None, KOBLING_CRASH_AT=moment)
    fresh.kobling("sync", PAIR, expect=None)
    fresh.kobling("sync", PAIR, expect=None)
    assert names(fresh) == undisturbed


def test_what_is_in_stock_is_shown_with_its_time(world: Dynamics) -> None:
    assert "Name the web service" in world.kobling("stock", PAIR, "B-300", expect=Exit.SETTINGS)
    item = world.dump(world.central, "items")[0]
    world.control(world.central, "POST", "config", {"extensions": "odata"})
    world.kobling("setup", PAIR, "availability", "availability_service=ItemAvailability")
    (told,) = world.kobling("stock", PAIR, item["number"], "--json")
    assert Decimal(str(told["in_stock"])) == Decimal(str(item["inventory"]))
    assert told["at"]


def test_the_assisted_set_up_leads_from_nothing_to_a_pair(fresh: Dynamics) -> None:
    fresh.reset()
    states = {each["step"]: each["state"] for each in fresh.kobling("setup", PAIR, "--json")}
    assert states["prerequisites"] == "todo"
    assert set(states.values()) == {"todo", "waits"}
    early = fresh.kobling("setup", PAIR, "data", "conflict=ask", expect=Exit.SETTINGS)
    assert "first" in early
    fresh.kobling("setup", PAIR, "prerequisites")
    fresh.kobling("setup", PAIR, "sales", *[f"{k}={v}" for k, v in fresh.sales_settings().items()])
    fresh.kobling("setup", PAIR, "business_central", *[f"{k}={v}" for k, v in fresh.central_settings().items()])
    fresh.kobling("setup", PAIR, "data", "coupled_only=all", "first=business_central")
    fresh.kobling("setup", PAIR, "orders", "--skip")
    fresh.kobling("setup", PAIR, "availability", "--skip")
    admin = fresh.sales.credentials
    fresh.kobling(
        "setup", PAIR, "prepare", f"client_id={admin['client_id']}", f"client_secret={admin['client_secret']}"
    )
    states = {each["step"]: each["state"] for each in fresh.kobling("setup", PAIR, "--json")}
    assert states.pop("sync") == "todo"
    assert set(states.values()) == {"done", "skipped"}
    assert "Kobling" in {each["name"] for each in fresh.dump(fresh.sales, "pricelevels")}


def test_two_thousand_mixed_records_come_into_step_without_a_double(tmp_path: Path) -> None:
    with Dynamics(tmp_path / "data", records=2000) as world:
        world.set_up("orders=both")
        before = names(world)
        run = sync(world)
        refused = world.kobling("issues", PAIR, "--kind", "refused", "--json", expect=None)
        assert counts(run)["failed"] == len(refused)
        assert {each["details"]["code"] for each in refused} == {"no_product"}, "orders of the seed that name no item"
        sync(world)
        after = names(world)
        for entity, had in before.items():
            assert had - after[entity] == Counter(), f"{entity} lost something"
        added = after["BC customers"] - before["BC customers"]
        looks = {name.casefold() for name in before["BC customers"]}
        assert not [name for name in added if name.casefold() in looks], "a look-alike is asked about, never made"
        assert counts(sync(world))["inserted"] == 0
