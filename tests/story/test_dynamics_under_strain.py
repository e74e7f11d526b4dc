"""The second pair while vendors limit, forget sign-ins and refuse parts: whole runs of the real command."""

from __future__ import annotations

import shutil
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.story.dynamics import PAIR, Dynamics
from tests.story.stage import arguments_of

pytestmark = pytest.mark.story
MANY = 60


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Dynamics, Path]]:
    """Two empty systems and the pair set up."""
    folder = tmp_path_factory.mktemp("strain")
    with Dynamics(folder / "data", records=0) as world:
        world.set_up()
        shutil.copytree(world.folder, folder / "template")
        yield world, folder / "template"


@pytest.fixture
def world(stage: tuple[Dynamics, Path]) -> Dynamics:
    """Sixty customers in Sales, none in Business Central."""
    world, template = stage
    world.reset(template)
    for number in range(1, MANY + 1):
        values = {"name": f"Kunde {number:03d} ApS", "customertypecode": 3, "telephone1": f"+45 20 00 00 {number:02d}"}
        world.control(world.sales, "POST", "records/accounts", values)
    return world


def customers(world: Dynamics) -> dict[str, dict[str, Any]]:
    """Customers of Business Central by name; each name stands once."""
    found = world.dump(world.central, "customers")
    assert Counter(each["displayName"] for each in found).most_common(1)[0][1] == 1
    return {each["displayName"]: each for each in found}


def accounts(world: Dynamics) -> list[dict[str, Any]]:
    return sorted(world.dump(world.sales, "accounts"), key=lambda each: str(each["name"]))


def sync(world: Dynamics) -> None:
    """Salespeople that match nobody leave a run partly done."""
    world.kobling("sync", PAIR, expect=None)


def is_in_step(world: Dynamics) -> bool:
    """Every account is one customer and has its number."""
    there = customers(world)
    return len(there) == MANY and all(
        there[each["name"]]["number"] == each.get("accountnumber") for each in accounts(world)
    )


@pytest.mark.parametrize("system", ["sales", "central"])
def test_a_sign_in_that_ends_in_the_middle_of_the_batches_costs_nothing(world: Dynamics, system: str) -> None:
    vendor = getattr(world, system)
    world.fault(vendor, kind="token_revoked", match={"operation": "POST $batch"}, times=1)
    sync(world)
    assert is_in_step(world)
    assert world.control(vendor, "GET", "faults")["faults"] == [], "the sign-in did end"


def test_the_37th_part_of_a_batch_fails_and_no_other(world: Dynamics) -> None:
    sync(world)
    there = customers(world)
    for account in accounts(world):
        changed = {"address1_city": f"By {account['name'][6:9]}"}
        world.control(world.sales, "PATCH", f"records/accounts/{account['accountid']}", changed)
    world.fault(world.central, kind="hold_before", match={"operation": "POST $batch"})
    running = world.begin("sync", PAIR)
    world.until_held(world.central, running)
    meanwhile = there["Kunde 037 ApS"]
    world.control(world.central, "PATCH", f"records/customers/{meanwhile['id']}", {"email": "ny@kunde037.example"})
    world.control(world.central, "POST", "faults/release")
    running.wait(timeout=120)
    cities = {name: each["city"] for name, each in customers(world).items()}
    late = [name for name, city in cities.items() if city != f"By {name[6:9]}"]
    assert late in ([], ["Kunde 037 ApS"]), "it alone is read again, and retried in this run or the next"
    assert customers(world)["Kunde 037 ApS"]["email"] == "ny@kunde037.example", "nothing typed meanwhile is lost"
    sync(world)
    assert customers(world)["Kunde 037 ApS"]["city"] == "By 037"
    assert accounts(world)[36]["emailaddress1"] == "ny@kunde037.example", "the change of the other side is kept"


@pytest.mark.parametrize(
    ("limits", "code"),
    [
        ({"requests": 8, "window": 3}, "0x80072322"),
        ({"seconds": 1.5, "window": 3}, "0x80072321"),
        ({"concurrent": 1}, "0x80072326"),
    ],
)
def test_each_limit_of_dataverse_is_waited_out(world: Dynamics, limits: dict[str, Any], code: str) -> None:
    world.control(world.sales, "POST", "limits", {"enabled": True, **limits})
    sync(world)
    refused = world.control(world.sales, "GET", "counters")["refused_by_limit"]
    world.control(world.sales, "POST", "limits", {"enabled": False})
    assert refused > 0, f"{code} was never met"
    assert is_in_step(world)


def test_the_synchronisation_user_needs_no_role_before_the_set_up(stage: tuple[Dynamics, Path]) -> None:
    world, _ = stage
    world.reset()
    world.control(world.sales, "POST", "config", {"app_user_roles": "needed"})
    given, settings = world.sales.credentials, world.sales_settings()
    try:
        world.kobling("setup", PAIR, "prerequisites")
        refused = world.kobling("setup", PAIR, "sales", *arguments_of(settings), expect=None)
        assert "no security role" in refused
        admin = {name: settings[name] for name in ("base_url", "tenant", "authority")}
        admin |= {"client_id": given["admin_client_id"], "client_secret": given["admin_client_secret"]}
        nobody = {**admin, "synchronisation_user": "ingen@proevefirma.example"}
        assert "no user" in world.kobling("setup", PAIR, "prepare", *arguments_of(nobody), expect=None)
        user = {"synchronisation_user": given["client_id"]}
        world.kobling("setup", PAIR, "prepare", *arguments_of({**admin, **user}))
        world.kobling("setup", PAIR, "sales", *arguments_of(settings))
    finally:
        world.control(world.sales, "POST", "config", {"app_user_roles": "any"})
    stored = b"".join(each.read_bytes() for each in world.folder.rglob("*") if each.is_file())
    assert given["admin_client_id"].encode() not in stored
    assert given["admin_client_secret"].encode() not in stored


def test_payment_terms_are_made_as_choices_where_that_was_chosen(world: Dynamics) -> None:
    terms = {"code": "17D", "displayName": "17 dage", "dueDateCalculation": "17D"}
    world.control(world.central, "POST", "records/paymentTerms", terms)
    world.kobling("pair", "set", PAIR, "choices=make")
    sync(world)
    refused = world.kobling("issues", PAIR, "--table", "payment_terms", "--json", expect=None)
    assert "17 dage" in [each["title"] for each in refused if each["kind"] == "refused"], "it may not customise"
    assert is_in_step(world), "other records go on"
    given = world.sales.credentials
    admin = {"client_id": given["admin_client_id"], "client_secret": given["admin_client_secret"]}
    world.kobling("connect", "dataverse", *arguments_of({**world.sales_settings(), **admin}))
    world.kobling("issues", PAIR, "--all", "--choose", "retry", expect=None)
    sync(world)
    couplings = world.kobling("couplings", PAIR, "--table", "payment_terms", "--json", expect=None)
    ours = next(each["id"] for each in world.dump(world.central, "paymentTerms") if each["code"] == "17D")
    assert ours in {each["right_id"] for each in couplings}
