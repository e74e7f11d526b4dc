"""Simply CRM ↔ Business Central: two connectors that were never made for each other, joined by mappings alone."""

from __future__ import annotations

import ast
from collections import Counter
from pathlib import Path

import pytest

import kobling
from tests.story.dynamics import entra_settings
from tests.story.stage import Stage, arguments_of

PAIR = "simply-crm-business-central"


@pytest.mark.story
def test_organisations_and_products_come_into_step_with_business_central(tmp_path: Path) -> None:
    with Stage(tmp_path / "data", ["simply_crm", "business_central"], records=15) as stage:
        crm, central = stage["simply_crm"], stage["business_central"]
        stage.control(central, "POST", "limits", {"enabled": False})
        given = crm.credentials
        left = {"base_url": crm.url, "username": given["username"], "access_key": given["access_key"]}
        right = {**entra_settings(central), "environment": central.credentials["environment"]}
        right |= {"company": central.credentials["company"], "base_url": central.url}
        before = Counter(each["displayName"] for each in stage.control(central, "GET", "dump/customers"))
        stage.script(
            (["connect", "simply_crm", *arguments_of(left)], 0),
            (["connect", "business_central", *arguments_of(right)], 0),
            (["pair", "create", PAIR], 0),
            (["sync", PAIR], None),
            (["issues", PAIR, "--kind", "maybe_same", "--all", "--choose", "couple"], None),
            (["sync", PAIR], None),
        )
        accounts = Counter(each["accountname"] for each in stage.control(crm, "GET", "dump/Accounts"))
        customers = Counter(each["displayName"] for each in stage.control(central, "GET", "dump/customers"))
        made = customers - before
        assert made and set(made) <= set(accounts), "each new customer is an organisation of the CRM"
        rest = stage.kobling("sync", PAIR, "--json", expect=None)
        assert sum(job["inserted"] for job in rest["jobs"].values()) == 0


def test_the_third_pair_is_mappings_only() -> None:
    folder = Path(kobling.__file__).parent / "pairs" / "simply_crm_business_central"
    imported = {
        name.split(".")[1]
        for path in folder.glob("*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.ImportFrom) and (name := node.module or "").startswith("kobling.")
    }
    assert imported <= {"mapping", "pairs", "records"}
