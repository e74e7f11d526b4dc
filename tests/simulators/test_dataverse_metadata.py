"""What clients can ask a simulated Dataverse about its tables."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from tests.simulators.dynamics import Dynamics, dynamics


@pytest.fixture
async def crm() -> AsyncIterator[Dynamics]:
    async with dynamics() as client:
        yield client


async def test_the_service_lists_its_sets(crm: Dynamics) -> None:
    sets = [row["name"] for row in (await crm.get(""))["value"]]
    assert {"accounts", "contacts", "salesorderdetails", "transactioncurrencies"} <= set(sets)


async def test_a_table_tells_its_names_and_columns(crm: Dynamics) -> None:
    chosen = "$select=EntitySetName,ChangeTrackingEnabled,IsOptimisticConcurrencyEnabled"
    table = await crm.get(f"EntityDefinitions(LogicalName='account')?{chosen}&$expand=Keys,Attributes")
    assert (table["EntitySetName"], table["ChangeTrackingEnabled"]) == ("accounts", True)
    columns = {row["LogicalName"]: row for row in table["Attributes"]}
    assert (columns["name"]["MaxLength"], columns["name"]["RequiredLevel"]["Value"]) == (160, "ApplicationRequired")
    assert columns["parentaccountid"]["Targets"] == ["account"]
    assert columns["createdon"]["IsValidForCreate"] is False
    assert table["Keys"] == []


async def test_columns_and_relationships_can_be_asked_for_by_kind(crm: Dynamics) -> None:
    base = "EntityDefinitions(LogicalName='contact')"
    rows = (await crm.get(f"{base}/Attributes/Microsoft.Dynamics.CRM.PicklistAttributeMetadata"))["value"]
    assert {row["AttributeType"] for row in rows} == {"Picklist"}
    one = await crm.get(f"{base}/Attributes(LogicalName='birthdate')")
    assert one["Format"] == "DateOnly"
    path = f"{base}/ManyToOneRelationships?$select=ReferencingEntityNavigationPropertyName,ReferencedEntity"
    found = (await crm.get(f"{path}&$filter=ReferencingAttribute eq 'parentcustomerid'"))["value"]
    names = {row["ReferencingEntityNavigationPropertyName"] for row in found}
    assert names == {"parentcustomerid_account", "parentcustomerid_contact"}


async def test_tables_can_be_searched_by_logical_name(crm: Dynamics) -> None:
    path = "EntityDefinitions?$select=EntitySetName&$filter=LogicalName eq 'transactioncurrency'"
    assert [row["EntitySetName"] for row in (await crm.get(path))["value"]] == ["transactioncurrencies"]
    for wrong in (
        "(LogicalName='nothing')",
        "(LogicalName='account')/Nothing",
        "(LogicalName='account')/Attributes(LogicalName='x')",
    ):
        assert (await crm.do("GET", f"EntityDefinitions{wrong}")).status == 404
    assert (await crm.do("GET", "EntityDefinitions?$select=Nothing")).status == 400
    assert (await crm.do("GET", "EntityDefinitions?$filter=Nothing eq 1")).status == 400


async def test_the_metadata_document_names_what_reads_and_writes_name(crm: Dynamics) -> None:
    text = (await crm.do("GET", "$metadata")).body.decode()
    for name in ("_primarycontactid_value", "parentcustomerid_account", "contact_customer_accounts"):
        assert f'Name="{name}"' in text
    assert "ChangeTracking" not in text
    assert "ChangeTracking" in (await crm.do("GET", "$metadata?annotations=true")).body.decode()
